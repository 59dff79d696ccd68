package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"sitepost/devices"
)

// maxSecret is the largest secret, in bytes: a private key with its chain.
const maxSecret = 64 << 10

// A Secret says where a secret is, and is none itself: "file:/path" or
// "env:NAME". The zero Secret is none at all.
type Secret struct{ where string }

// SecretAt makes a Secret of "file:/path" or "env:NAME".
func SecretAt(where string) (Secret, error) {
	var s Secret
	err := s.UnmarshalText([]byte(where))
	return s, err
}

// IsZero says that there is no secret.
func (s Secret) IsZero() bool { return s.where == "" }

// String returns "file:/path" or "env:NAME".
func (s Secret) String() string { return s.where }

func (Secret) described() string { return `a secret's place such as "file:/etc/sitepost/secrets/…"` }

// UnmarshalText takes a reference and refuses everything else without ever
// repeating it: it may be the secret itself.
func (s *Secret) UnmarshalText(b []byte) error {
	where := string(b)
	file, isFile := strings.CutPrefix(where, "file:")
	name, isEnv := strings.CutPrefix(where, "env:")
	switch {
	case isFile && path.IsAbs(file) && printable(file) == nil:
	case isFile:
		return wrong("behind \"file:\" stands a whole path: write \"file:/etc/sitepost/secrets/NAME\"")
	case isEnv && isVariable(name):
	case isEnv:
		return wrong("behind \"env:\" stands the name of a variable: write \"env:NAME\"")
	default:
		return wrong("a secret does not stand in this file: put it into a file of its own (chmod 0640) and write \"file:/etc/sitepost/secrets/NAME\", or \"env:NAME\"")
	}
	s.where = where
	return nil
}

func isVariable(name string) bool {
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// Read returns the secret as it is now, without one newline at its end. It is
// called at each use, so that a secret can be changed while sitepost runs.
// Errors name the place and the next step.
func (s Secret) Read() (devices.Secret, error) {
	if name, ok := strings.CutPrefix(s.where, "env:"); ok {
		v := os.Getenv(name)
		if v == "" {
			return "", fmt.Errorf("secret %s is not set: set the variable for sitepost, or give its place as \"file:/path\"", s.where)
		}
		return devices.Secret(v), nil
	}
	file, ok := strings.CutPrefix(s.where, "file:")
	if !ok {
		return "", errors.New("no secret is configured: write \"file:/path\" in the site file")
	}
	text, err := readSecret(file)
	if err != nil {
		return "", fmt.Errorf("secret %s: %w", s.where, err)
	}
	return devices.Secret(text), nil
}

// readSecret reads a small ordinary file. O_NONBLOCK keeps a named pipe from
// holding us up before we know what it is.
func readSecret(file string) (string, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", errors.New("there is no such file: write the secret into it, chown root:sitepost, chmod 0640")
	case errors.Is(err, fs.ErrPermission):
		return "", errors.New("permission denied: chown root:sitepost, chmod 0640")
	case err != nil:
		return "", cause(err)
	}
	defer f.Close()
	if i, err := f.Stat(); err != nil || !i.Mode().IsRegular() {
		return "", errors.New("not an ordinary file: write the secret into one")
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	switch {
	case err != nil:
		return "", cause(err)
	case len(text) > maxSecret:
		return "", errors.New("larger than 64 KiB: this is not the secret")
	}
	text = []byte(strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"))
	if len(text) == 0 {
		return "", errors.New("the file is empty: write the secret into it")
	}
	return string(text), nil
}

// look says whether the secret can be read here, and only by whom it should.
func (s Secret) look(time.Time) error {
	if _, err := s.Read(); err != nil {
		return err
	}
	file, ok := strings.CutPrefix(s.where, "file:")
	if !ok {
		return nil
	}
	i, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("secret %s: %w", s.where, cause(err))
	}
	if mode := i.Mode().Perm(); mode&0o027 != 0 {
		return fmt.Errorf("secret %s can be read or changed by others (mode %04o): chmod 0640 %s", s.where, mode, file)
	}
	return nil
}

// A User is the user at a broker: a name, or where the name is.
type User struct {
	name  string
	place Secret
}

func (User) described() string {
	return `a user, or its place such as "file:/etc/sitepost/secrets/…"`
}

// UnmarshalText takes a name, or a reference as a [Secret] is one.
func (u *User) UnmarshalText(b []byte) error {
	if strings.HasPrefix(string(b), "file:") || strings.HasPrefix(string(b), "env:") {
		return u.place.UnmarshalText(b)
	}
	u.name = string(b)
	return printable(u.name)
}

// Read returns the user's name, "" if there is none.
func (u User) Read() (string, error) {
	if u.place.IsZero() {
		return u.name, nil
	}
	name, err := u.place.Read()
	return name.Reveal(), err
}

// IsZero says that there is no user.
func (u User) IsZero() bool { return u.name == "" && u.place.IsZero() }

func (u User) look(now time.Time) error {
	if u.place.IsZero() {
		return nil
	}
	return u.place.look(now)
}
