package stream

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Sentinels for what a caller may have to act upon.
var (
	// ErrLogin occurs when the camera refuses the user or the password.
	ErrLogin = errors.New("login refused")
	// ErrBasic occurs when the camera wants the password in clear text.
	ErrBasic = errors.New("password wanted in clear text")
	// ErrRedirect occurs when the camera sends us elsewhere, or in circles.
	ErrRedirect = errors.New("redirect refused")
	// ErrCertificate occurs when the camera's certificate is not the pinned one.
	ErrCertificate = errors.New("certificate is not the pinned one")
	// ErrAgain occurs when a session has to be begun anew and nothing is wrong.
	ErrAgain = errors.New("a new session is needed")
)

// What makes a new session necessary.
var (
	errRestarted = fmt.Errorf("%w: the camera began a new stream within this one", ErrAgain)
	errStale     = fmt.Errorf("%w: the camera wants a new login", ErrAgain)
)

// A Layer is how far a visit came before it failed, from the outside in.
type Layer string

const (
	Address  Layer = "address"  // the URL itself
	Name     Layer = "name"     // the host's name has no address
	Route    Layer = "route"    // the address cannot be reached, or may not be
	Port     Layer = "port"     // somebody is there and nobody listens
	TLS      Layer = "tls"      // no encrypted connection
	Login    Layer = "login"    // 401 and 403
	Describe Layer = "describe" // OPTIONS and DESCRIBE
	Play     Layer = "play"     // SETUP and PLAY, and the session until its end
	NoData   Layer = "no data"  // the session plays and no picture comes
)

// A Failure says why a visit ended without a measurement: in which layer, what
// state the stream has because of it, and in plain words what is wrong and what
// to do. Its words are safe to show: no password, no control characters.
type Failure struct {
	Layer Layer
	State string
	Text  string
	Err   error // the cause or one of the sentinels; may be nil
}

func (f *Failure) Error() string { return string(f.Layer) + ": " + f.Text }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// asFailure finds the Failure in err; any other error is a broken session.
func asFailure(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return &Failure{Layer: Play, State: Offline, Text: plain(err.Error()), Err: err}
}

// maxWords bounds what a camera can put into our mouth.
const maxWords = 160

// plain makes foreign text fit to be shown: printable and short.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > maxWords {
		s = string(r[:maxWords]) + "…"
	}
	return s
}
