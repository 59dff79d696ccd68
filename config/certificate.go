package config

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// soon is how long before its end a certificate is spoken of.
const soon = 30 * 24 * time.Hour

// A certificateFile is the path of one or more certificates in PEM.
type certificateFile struct{ filePath }

// expiring is the note that a certificate ends soon, or has not begun yet: of a clock that
// nobody has set it is not the certificate's fault.
type expiring struct{ text string }

func (e *expiring) Error() string { return e.text }

func (p certificateFile) look(now time.Time) error {
	path := string(p.filePath)
	i, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no certificate %s: copy it there as the city gave it", path)
	case err != nil:
		return fmt.Errorf("certificate %s: %w: let the user of sitepost read it", path, cause(err))
	case !i.Mode().IsRegular() || i.Size() > maxFile:
		return fmt.Errorf("%s is not a certificate: copy it there in PEM form", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("certificate %s: %w: let the user of sitepost read it", path, cause(err))
	}
	return certificates(path, text, now)
}

// certificates looks at every certificate of a file.
func certificates(path string, text []byte, now time.Time) error {
	if bytes.HasPrefix(text, []byte("\xEF\xBB\xBF")) || bytes.HasPrefix(text, []byte("\xFF\xFE")) {
		// its first certificate is seen by nobody who looks for -----BEGIN at the start of a line
		return fmt.Errorf("%s was saved by Windows Notepad, which put marks before its first line: copy it there once more, as the city sent it", path)
	}
	n := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return fmt.Errorf("there is a private key in %s, where others can read it: put it into a file of its own (chmod 0640), and only certificates here", path)
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if n++; err != nil {
			return fmt.Errorf("certificate %d of %s cannot be read: copy the file again", n, path)
		}
		end := c.NotAfter.Format(time.DateOnly)
		switch {
		case now.After(c.NotAfter):
			return fmt.Errorf("certificate %s ended on %s: ask the city for a new one", path, end)
		case now.Before(c.NotBefore):
			return &expiring{fmt.Sprintf("certificate %s begins on %s, and this machine's clock says %s: set the clock, or wait", path, c.NotBefore.Format(time.DateOnly), now.Format(time.DateOnly))}
		case now.Add(soon).After(c.NotAfter):
			return &expiring{fmt.Sprintf("certificate %s ends on %s: ask the city for a new one", path, end)}
		}
	}
	if n == 0 {
		return fmt.Errorf("there is no certificate in %s: copy it there in PEM form (-----BEGIN CERTIFICATE-----)", path)
	}
	return nil
}
