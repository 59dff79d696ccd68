package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/papers"
	"sitepost/config"
)

// An enrolment is one run of enroll.
type enrolment struct {
	*tool
	key, out, install  string
	organization, unit string
	newKey, write      bool
	untried            bool

	site        *config.Config
	keyPath     string // where the key lies, or will
	certificate string // where the certificate lies, or will
}

// enrollCommand makes the box known to the city.
func enrollCommand(t *tool) *cobra.Command {
	e := &enrolment{tool: t}
	c := &cobra.Command{
		Use:   "enroll",
		Short: "make the box's key, ask the city for its certificate, and install it",
		Long: `enroll makes the key of this box on this box, and prints a request (CSR) which the
city signs. The key never leaves: it is written once, readable by sitepost alone, and
never printed or overwritten. Where there is a key already it is used, so the same
command renews a certificate.

  1. sitepost enroll --out box.csr            send box.csr to the city
  2. sitepost enroll --install box.pem        what the city sent back

The certificate is for CN = client_id, by which brokers tell boxes apart. --install
looks whether it belongs to this box's key, is for clients, not at its end, and for the
name that was asked; it brings the chain into order, and puts the certificate where the
site file says. Brokers that can be reached are shown it first: what all of them refuse
is not installed, unless with --untried. A running sitepost takes it by itself within a
minute.

--new-key makes another key beside the old one (box.key.new) and asks for a certificate
of it; until that is installed the old pair stays in use. Installing it keeps the old
key as box.key.old.

Where [uplink] has no certificate and key, the lines to add are printed; --write adds
them, and shows them first. From then on the city's brokers are reached with the
certificate only, so a box that is connected without one gets them with --install.`,
		Example: `  sitepost enroll --out box.csr
  sitepost enroll --install box.pem`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return e.run(cmd.Context()) },
	}
	flags := c.Flags()
	flags.StringVar(&e.key, "key", "", "file of the key, where the site file names none")
	flags.StringVar(&e.out, "out", "", "file for the request instead of standard output; it must not exist")
	flags.StringVar(&e.organization, "organization", "", "organization (O) of the request instead of the site's name")
	flags.StringVar(&e.unit, "unit", "", "organizational unit (OU) of the request")
	flags.BoolVar(&e.newKey, "new-key", false, "make another key beside the one in use")
	flags.StringVar(&e.install, "install", "", "certificate from the city, to be checked and installed")
	flags.BoolVar(&e.untried, "untried", false, "install the certificate without showing it to the brokers first")
	flags.BoolVar(&e.write, "write", false, "add the missing lines to the site file")
	for _, asking := range []string{"out", "organization", "unit", "new-key"} {
		c.MarkFlagsMutuallyExclusive("install", asking)
	}
	return c
}

func (e *enrolment) run(ctx context.Context) error {
	for flag, value := range map[string]string{"--organization": e.organization, "--unit": e.unit} {
		if len([]rune(value)) > 64 || strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return fmt.Errorf("%s: at most 64 characters that can be seen", flag)
		}
	}
	var err error
	if e.site, err = e.load(); err != nil {
		return err
	}
	if err := e.places(); err != nil {
		return err
	}
	if e.install != "" {
		return e.installCertificate(ctx)
	}
	if e.missing() != "" && !e.write && e.key == "" {
		return e.addLines() // says what to add
	}
	if err := needFolder(e.keyPath); err != nil {
		return err
	}
	if e.out != "" && exists(e.out) { // before anything is made or changed
		return fmt.Errorf("%s exists already and stays as it is: choose another name", e.out)
	}
	if e.missing() != "" && e.write {
		if err := e.addLines(); err != nil {
			return err
		}
	}
	return e.request()
}

// places finds where key and certificate lie: where the site file says, else beside it.
func (e *enrolment) places() error {
	folder, err := filepath.Abs(filepath.Dir(e.config))
	if err != nil {
		return err
	}
	up := e.site.Uplink
	e.certificate = up.Certificate
	if up.Certificate == "" {
		e.certificate = filepath.Join(folder, "tls", "box.pem")
	}
	written, isFile := strings.CutPrefix(up.Key.String(), "file:")
	switch {
	case up.Key.IsZero() && e.key == "":
		e.keyPath = filepath.Join(folder, "secrets", "box.key")
	case up.Key.IsZero():
		e.keyPath, err = filepath.Abs(e.key)
	case !isFile:
		return fmt.Errorf("the site file has key = %q, which is no file: write key = \"file:/path\" there", up.Key)
	case e.key != "" && e.key != written:
		return fmt.Errorf("--key %s: the site file has key = %q: leave --key out, or correct it there", e.key, up.Key)
	default:
		e.keyPath = written
	}
	return err
}

// request makes the key if there is none, and the request.
func (e *enrolment) request() error {
	pair, err := e.ownKey()
	if err != nil {
		return err
	}
	o := e.organization
	if o == "" {
		o = e.site.Site.Name
	}
	subject := papers.Subject{CommonName: e.site.Uplink.ClientID, Organization: o, Unit: e.unit}
	csr, err := papers.Request(pair.signer, subject)
	if err != nil {
		return err
	}
	if e.out != "" {
		if err := writeNew(e.out, csr); err != nil {
			return err
		}
	}
	return e.tellRequest(pair, subject, csr)
}

// A requested is the answer of enroll to programs.
type requested struct {
	Key         string     `json:"key"`  // its path
	Made        bool       `json:"made"` // it is new
	Fingerprint string     `json:"fingerprint"`
	CommonName  string     `json:"common_name"`
	Request     string     `json:"request"` // PEM
	Out         string     `json:"out,omitempty"`
	Ends        *time.Time `json:"ends,omitempty"` // of the certificate in use
}

func (e *enrolment) tellRequest(pair *keyPair, s papers.Subject, csr []byte) error {
	fingerprint := papers.Fingerprint(pair.signer.Public())
	inUse := e.inUse()
	if e.json {
		a := requested{Key: pair.path, Made: pair.made, Fingerprint: fingerprint, CommonName: s.CommonName, Request: string(csr), Out: e.out}
		if inUse != nil {
			a.Ends = &inUse.NotAfter
		}
		return json.NewEncoder(e.stdout).Encode(a)
	}
	if pair.made {
		e.aside("made the key %s; it stays on this box\n", pair.path)
	} else {
		e.aside("used the key that is there: %s\n", pair.path)
	}
	if inUse != nil {
		e.aside("the certificate in use, %s, ends on %s\n", e.certificate, inUse.NotAfter.Local().Format(time.DateOnly))
	}
	e.aside("the request is for CN %q, O %q; fingerprint of the key, for the telephone:\n  %s\n", s.CommonName, s.Organization, fingerprint)
	if e.out != "" {
		e.aside("wrote %s\n", e.out)
	}
	e.aside("next: have the city sign it, then `sitepost enroll --install FILE`\n")
	if e.out == "" {
		_, err := e.stdout.Write(csr)
		return err
	}
	return nil
}

// aside says something beside what the command is for, so that its output can be kept.
func (e *enrolment) aside(format string, args ...any) {
	fmt.Fprint(e.stderr, e.words.Sprintf(format, args...))
}

// missing are the lines that [uplink] lacks for a certificate, "" if none.
func (e *enrolment) missing() string {
	up, folder := e.site.Uplink, filepath.Dir(e.certificate)
	if up.Certificate != "" {
		return ""
	}
	lines := fmt.Sprintf("certificate = %s\nkey = %s\n", quoted(e.certificate), quoted("file:"+e.keyPath))
	if up.CA == "" {
		lines = fmt.Sprintf("ca = %s\n", quoted(filepath.Join(folder, "city-ca.pem"))) + lines
	}
	return lines
}

// addLines adds the missing lines to the site file, or prints them for a person to do it.
func (e *enrolment) addLines() error {
	lines := e.missing()
	if !e.write {
		return errors.Join(errFindings, e.say("%s says nowhere where key and certificate lie: add these lines to [uplink], or say it again with --write:\n%s", e.config, lines))
	}
	file, err := openSite(e.config)
	if err != nil {
		return err
	}
	p := patch{text: file.text}
	if at := config.FindSpots(file.text).Uplink; at.Line > 0 {
		p.put(at.Behind, 0, lines)
	} else {
		p.put(len(file.text), 0, "\n[uplink]\n"+lines)
	}
	fmt.Fprint(e.stderr, e.difference(p.change(e.config)))
	backup, err := e.amend(file, p.applied())
	if err != nil {
		return err
	}
	e.aside("wrote %s; as it was before: %s\n", e.config, backup)
	if e.site.Uplink.CA == "" {
		e.aside("put the certificate of the city's authority there too, as ca says\n")
	}
	return nil
}

// exists says whether something is there.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
