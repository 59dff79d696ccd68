package config

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// soon is how long before its end a certificate is spoken of.
const soon = 30 * 24 * time.Hour

// A certificateFile is the path of one or more certificates in PEM.
type certificateFile struct{ filePath }

// expiring is the note that a certificate ends soon.
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
	n := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
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
		case now.Add(soon).After(c.NotAfter):
			return &expiring{fmt.Sprintf("certificate %s ends on %s: ask the city for a new one", path, end)}
		}
	}
	if n == 0 {
		return fmt.Errorf("there is no certificate in %s: copy it there in PEM form (-----BEGIN CERTIFICATE-----)", path)
	}
	return nil
}
