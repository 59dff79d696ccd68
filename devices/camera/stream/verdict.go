package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
)

// failure turns an error of the library into a Failure: first what answers
// refused, then what the camera said, then how it fell silent.
func (a *answers) failure(err error) error {
	a.mu.Lock()
	refusal, sealed := a.refusal, a.sealed
	a.mu.Unlock()
	v := a.visit
	if f, ok := errors.AsType[*Failure](err); ok && refusal == nil {
		return f
	}
	status, said := errors.AsType[liberrors.ErrClientBadStatusCode](err)
	layer := v.layer
	if v.address.Scheme == "rtsps" && !sealed {
		layer = TLS
	}
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case refusal != nil:
		return refusal
	case said:
		status.Message = v.hidden(status.Message)
		return statusFailure(v.layer, status, v.beside())
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, liberrors.ErrClientServerRequestedUDP{}):
		return &Failure{Layer: Play, State: Unsupported, Err: err, Text: `the camera does not play over TCP; switch RTP over RTSP on in it, or set transport = "udp"`}
	case errors.Is(err, liberrors.ErrClientServerRequestedTCP{}), errors.Is(err, liberrors.ErrClientTransportHeaderInvalidDelivery{}),
		errors.Is(err, liberrors.ErrClientServerPortsNotProvided{}), errors.Is(err, liberrors.ErrClientTransportHeaderNoPorts{}),
		errors.Is(err, liberrors.ErrClientTransportHeaderNoDestination{}):
		return &Failure{Layer: Play, State: Unsupported, Err: err, Text: fmt.Sprintf(`the camera does not play over %s; set transport = "tcp"`, v.target.Transport)}
	case isNet && timeout.Timeout(), errors.Is(err, liberrors.ErrClientRequestTimedOut{}):
		return &Failure{Layer: layer, State: Offline, Err: err, Text: "the camera took the connection and does not answer; restart it if it stays so"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return &Failure{Layer: layer, State: Offline, Err: err, Text: "the camera hung up"}
	}
	return &Failure{Layer: layer, State: Offline, Err: err, Text: "the camera's answer cannot be used: " + v.hidden(err.Error())}
}

// hidden is a text of the library or the camera for a person, without a password
// should one stand in it: cameras repeat the URL, and with it what is in its path.
func (v *visit) hidden(text string) string {
	if p := v.target.Password.Reveal(); p != "" {
		text = strings.ReplaceAll(text, p, "***")
	}
	return plain(inPath.ReplaceAllString(text, "${1}***"))
}

// statusFailure is what a status code of RTSP (RFC 2326 7.1.1) means for a
// person.
func statusFailure(layer Layer, e liberrors.ErrClientBadStatusCode, beside bool) *Failure {
	f := &Failure{Layer: layer, State: Offline, Err: e}
	said := fmt.Sprintf("%d %s", e.Code, plain(e.Message))
	switch e.Code {
	case base.StatusForbidden:
		f.Layer, f.State, f.Err = Login, AuthFailed, ErrLogin
		f.Text = "this user may not see the stream (" + said + "); give it the right in the camera"
	case base.StatusNotFound:
		f.Text = "the camera has no stream at this path (" + said + ")"
	case base.StatusNotEnoughBandwidth, base.StatusServiceUnavailable:
		f.State = Conflict
		f.Text = "the camera has no session left (" + said + "); somebody else takes them all"
	case base.StatusUnsupportedTransport, base.StatusNotImplemented, base.StatusUnsupportedMediaType,
		base.StatusRTSPVersionNotSupported, base.StatusOptionNotSupported, base.StatusMethodNotAllowed:
		f.State = Unsupported
		f.Text = "the camera cannot do what we need (" + said + "); " + instead(e.Code, beside)
	default:
		f.Text = "the camera refuses (" + said + ")"
	}
	return f
}

// instead is what to do when a camera refuses how its packets should come: some
// encoders, and media servers such as VLC's, know UDP only.
func instead(code base.StatusCode, beside bool) string {
	switch {
	case beside:
		return `set transport = "tcp"`
	case code == base.StatusUnsupportedTransport:
		return `switch RTP over RTSP on in it, or set transport = "udp"`
	}
	return "RTP over RTSP must be on in it"
}

// word is the rtpmap's word of a track: "SVAC" of "SVAC/90000".
func word(track format.Format) string {
	w, _, _ := strings.Cut(track.RTPMap(), "/")
	return plain(w)
}

// multiplexed says whether a word stands for pictures and sound in one, under time
// stamps that say when a packet was sent (RFC 2250 2; RFC 3555 4.2.9 to 4.2.11).
func multiplexed(word string) bool {
	return slices.Contains([]string{"MP2T", "MP2P", "MP1S"}, strings.ToUpper(word))
}
