package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/renameio/v2"

	"sitepost/cmd/sitepost/control"
	"sitepost/cmd/sitepost/papers"
	"sitepost/cmd/sitepost/words"
)

// An installed is the answer of enroll --install to programs.
type installed struct {
	Certificate string     `json:"certificate"` // its path
	Subject     string     `json:"subject,omitempty"`
	Issuer      string     `json:"issuer,omitempty"`
	Ends        *time.Time `json:"ends,omitempty"`
	Findings    []string   `json:"findings"`
	Installed   bool       `json:"installed"`
	Backup      string     `json:"backup,omitempty"`
}

// longestName bounds what is shown of a name that somebody else has signed.
const longestName = 300

// installCertificate takes what the city sent back, if it is what was asked for.
func (e *enrolment) installCertificate(ctx context.Context) error {
	if e.missing() != "" && !e.write {
		return e.addLines() // says what to add
	}
	raw, err := readPaper(e.install)
	if err != nil {
		return err
	}
	v, err := e.judge(raw)
	if err != nil {
		return err
	}
	a := installed{Certificate: e.certificate, Findings: []string{}}
	if v.own != nil {
		a.Subject, a.Issuer = words.Plain(v.own.Subject.String(), longestName), words.Plain(v.own.Issuer.String(), longestName)
		a.Ends = &v.own.NotAfter
	}
	if len(v.wrong) == 0 && !e.untried {
		if v.wrong = e.refused(ctx, v); ctx.Err() != nil {
			return fmt.Errorf("stopped: %s is not installed", e.install)
		}
	}
	for _, w := range v.wrong {
		a.Findings = append(a.Findings, e.install+": "+w.Error())
	}
	if len(v.wrong) > 0 {
		return errors.Join(errFindings, e.tellInstalled(a))
	}
	if err := needFolder(e.certificate); err != nil {
		return err
	}
	e.tellUnchained(v.chain)
	if a.Backup, err = e.putInPlace(v); err != nil {
		return err
	}
	if e.missing() != "" { // after the files: a site file that names what is not there loses the city
		if err := e.addLines(); err != nil {
			return err
		}
	}
	a.Installed = true
	if err := e.tellInstalled(a); err != nil || e.json {
		return err
	}
	if e.isUnknown(ctx) {
		return e.say("next: `sitepost reload`, for the sitepost that runs does not know yet where it lies\n")
	}
	return e.say("a running sitepost takes it by itself within a minute\n")
}

// isUnknown says whether a sitepost runs that has not read the lines of the certificate
// yet: they were written just now, or by an earlier run of enroll.
func (e *enrolment) isUnknown(ctx context.Context) bool {
	now, err := control.Client{Path: e.control}.Status(ctx)
	return err == nil && (e.missing() != "" || now.Config != e.site.Hash)
}

// readPaper reads a file of bounded size.
func readPaper(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, papers.MaxFile+1))
}

// A cityPaper is what became of what the city sent.
type cityPaper struct {
	own     *x509.Certificate // of this box; nil: there is none
	chain   papers.Certificates
	keyPath string // of the key that own belongs to
	wrong   []error
}

// judge finds the certificate of a key of this box in what the city sent, and everything
// that is wrong with it.
func (e *enrolment) judge(raw []byte) (v cityPaper, err error) {
	all, err := papers.ReadCertificates(raw)
	if err != nil {
		return cityPaper{wrong: []error{err}}, nil
	}
	var unread error // a key of no use keeps nobody from installing a new one
	for _, v.keyPath = range []string{e.keyPath, e.keyPath + newBeside} {
		if !exists(v.keyPath) {
			continue
		}
		signer, err := e.readKey(v.keyPath)
		if err != nil {
			unread = errors.Join(unread, err)
			continue
		}
		if v.own = all.Own(signer.Public()); v.own != nil {
			break
		}
	}
	if v.own == nil && unread != nil {
		return v, unread
	}
	if v.own == nil {
		v.wrong = []error{fmt.Errorf("it does not belong to the key %s: it is another box's, or was asked for with another key; ask the city to sign what `sitepost enroll` prints", e.keyPath)}
		return v, nil
	}
	left := 0
	if v.chain, left = all.Chain(v.own); left > 0 {
		e.aside("%d certificates in %s did not sign it, and are left out\n", left, e.install)
	}
	v.wrong = papers.Judge(v.own, e.site.Uplink.ClientID, time.Now())
	return v, nil
}

// putInPlace writes the certificate, and then brings the key it belongs to into its place.
// A daemon that looks between the two sees a pair that does not fit, and keeps its
// connection; after a power cut the same command finishes what was begun.
func (e *enrolment) putInPlace(v cityPaper) (backup string, err error) {
	fresh := v.keyPath != e.keyPath
	if fresh {
		if err := keepKey(e.keyPath); err != nil {
			return "", err
		}
	}
	if backup, err = e.writeCertificate(v.chain.PEM()); err != nil {
		return "", err
	}
	if fresh {
		return backup, errors.Join(os.Rename(v.keyPath, e.keyPath), syncFolder(filepath.Dir(e.keyPath)))
	}
	return backup, nil
}

// keepKey gives the old key a second name, which stays when the first is taken. Where
// there is none there is nothing to keep.
func keepKey(path string) error {
	if !exists(path) {
		return nil
	}
	old := path + ".old"
	for n := 1; exists(old); n++ {
		if there, err := os.Stat(old); err == nil {
			if now, err := os.Stat(path); err == nil && os.SameFile(there, now) {
				return nil // a run before this one came so far
			}
		}
		old = fmt.Sprintf("%s.old.%d", path, n)
	}
	return os.Link(path, old)
}

// writeCertificate writes it whole or not at all. Everybody may read it; the one that was
// there is kept beside it.
func (e *enrolment) writeCertificate(text []byte) (backup string, err error) {
	if exists(e.certificate) {
		file, err := openSite(e.certificate)
		if err != nil || bytes.Equal(file.text, text) {
			return "", err
		}
		return file.replace(text)
	}
	if err := renameio.WriteFile(e.certificate, text, 0o644, renameio.WithTempDir(filepath.Dir(e.certificate)), renameio.WithStaticPermissions(0o644)); err != nil {
		return "", fmt.Errorf("certificate %s: %w", e.certificate, err)
	}
	return "", syncFolder(filepath.Dir(e.certificate))
}

// inUse is the certificate that is installed, nil if there is none that can be read.
func (e *enrolment) inUse() *x509.Certificate {
	raw, err := readPaper(e.certificate)
	if err != nil {
		return nil
	}
	all, err := papers.ReadCertificates(raw)
	if err != nil {
		return nil
	}
	return all[0]
}

func (e *enrolment) tellInstalled(a installed) error {
	if e.json {
		return json.NewEncoder(e.stdout).Encode(a)
	}
	for _, f := range a.Findings {
		if _, err := fmt.Fprintln(e.stdout, e.words.Translate(f)); err != nil {
			return err
		}
	}
	if !a.Installed {
		return e.say("%s is not installed\n", e.install)
	}
	if a.Backup != "" {
		if err := e.say("the certificate before it: %s\n", a.Backup); err != nil {
			return err
		}
	}
	days := int(time.Until(*a.Ends).Hours() / 24)
	return e.say("wrote %s: %s, signed by %s, ends on %s, in %d days\n",
		a.Certificate, a.Subject, a.Issuer, a.Ends.Local().Format(time.DateOnly), days)
}
