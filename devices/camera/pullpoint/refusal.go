package pullpoint

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"

	"sitepost/devices/camera/onvif"
)

var errNoAnswer = errors.New("the camera answers another question")

// NoRoom says that the camera makes no further pull point: those it has are taken.
// It needs a person, unless ours of an earlier run is among them and runs out.
type NoRoom struct{ Fault *onvif.Fault }

func (e *NoRoom) Error() string {
	return fmt.Sprintf("the camera has no pull point left (%v): %s", e.Fault, e.NextStep())
}

// Unwrap returns the camera's own word.
func (e *NoRoom) Unwrap() error { return e.Fault }

// NextStep tells a person what to do.
func (e *NoRoom) NextStep() string {
	return "other clients hold them (recorders, other software, ours of before for ten minutes at most): remove one, or restart the camera"
}

// roomWords are how cameras say that their pull points are taken, in the subcode
// (WS-BaseNotification 1.3, 4.2) or in their own words.
var roomWords = []string{"subscribecreationfailed", "maximum number", "max number", "maxpullpoint", "too many", "limit reached", "no more subscription"}

// noRoom returns the error as a [*NoRoom] if it is one.
func noRoom(err error) (*NoRoom, bool) {
	f, ok := errors.AsType[*onvif.Fault](err)
	if !ok || !says(f, roomWords...) {
		return nil, false
	}
	return &NoRoom{f}, true
}

func says(f *onvif.Fault, words ...string) bool {
	said := strings.ToLower(f.Subcode + " " + f.Reason)
	for _, word := range words {
		if strings.Contains(said, word) {
			return true
		}
	}
	return false
}

// missing says whether nothing lies at the address of the event service, whatever
// it is asked: some tell one and have none (BreeeZe/rpos: GetCapabilities).
func missing(f *onvif.Fault) bool { return f.Status == http.StatusNotFound && f.Code == "" }

// unknown says whether the camera knows the pull point no more (WS-Resource 1.2:
// ResourceUnknownFault).
func unknown(err error) bool {
	f, ok := errors.AsType[*onvif.Fault](err)
	return ok && says(f, "resourceunknown", "unknown resource", "resource unknown", "unknown subscription", "subscription not found")
}

// refused says whether the error is the camera's own word.
func refused(err error) bool {
	_, ok := errors.AsType[*onvif.Fault](err)
	return ok
}

// absent says whether nobody was there to ask.
func absent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// hungUp says whether the camera ended the connection without a byte of an answer.
func hungUp(err error) bool {
	_, ok := errors.AsType[*onvif.Unreachable](err)
	if !ok || absent(err) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		strings.HasSuffix(err.Error(), "server closed idle connection") // net/http's word for it, before the question was written
}

// hopeless says whether asking in another form, or again, is of no use.
func hopeless(err error) bool {
	_, login := errors.AsType[*onvif.LoginRefused](err)
	_, ended := errors.AsType[*stopped](err)
	_, away := errors.AsType[*silent](err)
	_, lost := errors.AsType[*unusable](err)
	return login || ended || away || lost || absent(err)
}

// gone says that the pull point pulls no more.
type gone struct {
	err   error
	there bool // the camera may hold it still
}

func (e *gone) Error() string { return "the pull point is gone: " + e.err.Error() }
func (e *gone) Unwrap() error { return e.err }

// unusable says that the camera made a pull point that cannot be asked, and so not
// released either: another one would be the same.
type unusable struct{ err error }

func (e *unusable) Error() string { return e.err.Error() }
func (e *unusable) Unwrap() error { return e.err }

// silent says that the camera answers nothing at all.
type silent struct{ err error }

func (e *silent) Error() string { return "the camera hangs up on everything: " + e.err.Error() }
func (e *silent) Unwrap() error { return e.err }

// mute says that the camera is there and has no answer to this. It unwraps to
// nothing: whoever asks whether the camera can be reached hears that it can.
type mute struct{ err error }

func (e *mute) Error() string {
	return "the camera answers other questions, but not this: " + e.err.Error()
}

// stopped says that nothing more is taken.
type stopped struct{ err error }

func (e *stopped) Error() string { return e.err.Error() }
