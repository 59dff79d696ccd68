package onvif

import (
	"fmt"
	"net/http"
	"strings"
)

// A Fault is a camera's own word that it will not answer: a SOAP Fault, 1.1 or
// 1.2, whatever the HTTP status, or an HTTP status that is an error without one.
type Fault struct {
	Status  int    // of HTTP; some cameras send faults with 200
	Code    string // "Sender", "Receiver", "Client"…, without prefix
	Subcode string // "NotAuthorized", "InvalidArgVal/NoProfile"…, without prefixes
	Reason  string // the camera's words, often empty
}

func (f *Fault) Error() string {
	s := fmt.Sprintf("the camera answers with HTTP %d", f.Status)
	if f.Code != "" || f.Subcode != "" {
		s += " " + strings.Trim(f.Code+" "+f.Subcode, " ")
	}
	if f.Reason != "" {
		s += fmt.Sprintf(" %q", f.Reason)
	}
	return s
}

// refuses are the subcodes by which cameras refuse a login: ONVIF Core 5.11.2.4
// and the WS-Security ones.
var refuses = []string{"NotAuthorized", "FailedAuthentication", "FailedCheck", "InvalidSecurity", "InvalidSecurityToken", "SenderNotAuthorized"}

// LoginRefused says whether the camera wants a login, or another one.
func (f *Fault) LoginRefused() bool {
	if f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden {
		return true
	}
	for _, part := range strings.Split(f.Code+"/"+f.Subcode, "/") {
		for _, word := range refuses {
			if part == word {
				return true
			}
		}
	}
	return strings.Contains(strings.ToLower(f.Reason), "not authorized") || f.locked()
}

// locked says whether the camera has locked us out. Reolink: "device is locked …
// 5 minutes", in an otherwise empty fault (agsh/onvif PR#501).
func (f *Fault) locked() bool { return strings.Contains(strings.ToLower(f.Reason), "is locked") }

// faultBody is a Fault in both versions of SOAP.
type faultBody struct {
	Code struct {
		Value   string
		Subcode struct {
			Value   string
			Subcode struct{ Value string }
		}
	}
	Reason      struct{ Text []string }
	FaultCode   string `xml:"faultcode"`
	FaultString string `xml:"faultstring"`
}

// faultIn returns the fault of an answer, nil if it is none, and an error if the
// answer is not ONVIF at all.
func faultIn(r *reply) (*Fault, error) {
	var e struct {
		Body *struct{ Fault *faultBody }
	}
	err := Decode(r.body, &e)
	ok := r.status >= 200 && r.status < 300
	switch {
	case err == nil && e.Body != nil && e.Body.Fault != nil:
		return e.Body.Fault.fault(r.status), nil
	case !ok: // also with a web page as its body
		return &Fault{Status: r.status}, nil
	case err == nil && e.Body == nil:
		return nil, errNotSOAP
	}
	return nil, err
}

func (b *faultBody) fault(status int) *Fault {
	f := &Fault{Status: status, Code: bare(b.Code.Value), Reason: b.FaultString}
	if f.Code == "" {
		f.Code = bare(b.FaultCode)
	}
	f.Subcode = strings.Trim(bare(b.Code.Subcode.Value)+"/"+bare(b.Code.Subcode.Subcode.Value), "/")
	for _, text := range b.Reason.Text {
		if f.Reason == "" {
			f.Reason = text
		}
	}
	f.Reason = Words(f.Reason)
	return f
}

// bare takes the namespace prefix away.
func bare(code string) string {
	code = Words(code)
	return code[strings.LastIndexByte(code, ':')+1:]
}
