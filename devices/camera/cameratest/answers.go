package cameratest

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// A question is the part of a SOAP request that a virtual camera looks at.
type question struct {
	Header struct {
		Security *struct{ UsernameToken token }
	}
	Body struct {
		Asked struct {
			XMLName      xml.Name
			ProfileToken string

			SearchToken, RecordingToken string // of Search
			MaxResults                  int
		} `xml:",any"`
	}
}

func (q *question) token() *token {
	if q.Header.Security == nil {
		return nil
	}
	return &q.Header.Security.UsernameToken
}

// serve answers one HTTP request as a camera does.
func (v *Camera) serve(w http.ResponseWriter, r *http.Request) {
	v.asked.Add(1)
	if v.offline.Load() {
		panic(http.ErrAbortHandler) // the cable is pulled: no byte more
	}
	if v.misbehave(w, r) {
		return
	}
	if v.desk.owns(r.URL.Path) {
		v.desk.serve(w, r)
		return
	}
	if r.URL.Path == PicturePath {
		v.servePicture(w, r)
		return
	}
	var q question
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil {
		err = xml.Unmarshal(raw, &q)
	}
	name := q.Body.Asked.XMLName.Local
	at, exists := v.serviceAt(r.URL.Path)
	switch {
	case !exists:
		http.NotFound(w, r)
	case name != "" && name == v.stalled.Load():
		v.pause(r.Context(), time.Hour)
		panic(http.ErrAbortHandler)
	case name != "" && name == v.unknown.Load():
		v.fault(w, http.StatusInternalServerError, "ter:ActionNotSupported", "")
	case err != nil && !v.door.digests(): // who wants a digest asks for it before it reads
		v.fault(w, http.StatusBadRequest, "ter:WellFormed", err.Error())
	case name == "GetSystemDateAndTime" && v.options.NoTime:
		v.fault(w, http.StatusInternalServerError, "ter:ActionNotSupported", "")
	case name == "GetSystemDateAndTime":
		v.answer(w, http.StatusOK, v.dateAndTime())
	default:
		v.serveKnown(w, r, at, &q)
	}
}

// serveKnown answers what only a login may ask.
func (v *Camera) serveKnown(w http.ResponseWriter, r *http.Request, at service, q *question) {
	ok, stale := v.door.admits(r, q.token())
	if !ok || at.forbidden {
		v.refuse(w, r, stale)
		return
	}
	body, ok := at.answer(r, q)
	if !ok {
		v.fault(w, http.StatusInternalServerError, "ter:ActionNotSupported", "not a question of this camera")
		return
	}
	v.answer(w, http.StatusOK, body)
}

// refuse says that the login is missing or wrong: HTTP 401 where it wants a
// digest, else a SOAP Fault, whose status differs between makes.
func (v *Camera) refuse(w http.ResponseWriter, r *http.Request, stale bool) {
	if v.refuseOddly(w) {
		return
	}
	if c := v.door.challenge(r.URL.RequestURI(), stale); c != "" {
		w.Header().Set("WWW-Authenticate", c)
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, "<html><body>401</body></html>")
		return
	}
	v.fault(w, http.StatusBadRequest, "ter:NotAuthorized", "")
}

// A service is one of the camera's, with its path. answer returns the content of
// the answer to a question that the login was checked of; false if the service
// does not know it.
type service struct {
	space, path string
	hidden      bool // not told by GetServices
	forbidden   bool // the login may not ask it
	answer      func(r *http.Request, q *question) (content string, ok bool)
}

// services lists what the camera can do and where.
func (v *Camera) services() []service {
	all := []service{
		{space: "http://www.onvif.org/ver10/device/wsdl", path: v.options.DevicePath, answer: v.deviceAnswer},
		{space: "http://www.onvif.org/ver10/media/wsdl", path: media1Path, answer: v.mediaAnswer},
		{space: "http://www.onvif.org/ver20/media/wsdl", path: media2Path, hidden: v.options.Media1Only, answer: v.mediaAnswer},
		{space: "http://www.onvif.org/ver10/deviceIO/wsdl", path: deviceIOPath, hidden: v.options.Inputs == 0, answer: v.deviceIOAnswer},
		{space: "http://www.onvif.org/ver10/recording/wsdl", path: recordingPath, hidden: v.options.Archive == nil, answer: v.recordingAnswer},
		{space: "http://www.onvif.org/ver10/search/wsdl", path: searchPath, hidden: v.options.Archive == nil, forbidden: v.forbidsSearch(), answer: v.searchAnswer},
	}
	if v.desk != nil { // it answers itself, see [desk.serve]
		all = append(all, service{space: eventSpace, path: eventPath, hidden: v.desk.o.OnlyCapability})
	}
	return all
}

func (v *Camera) serviceAt(path string) (service, bool) {
	for _, s := range v.services() {
		if s.path == path {
			return s, true
		}
	}
	return service{}, false
}

// deviceAnswer answers as the device service.
func (v *Camera) deviceAnswer(r *http.Request, q *question) (string, bool) {
	switch q.Body.Asked.XMLName.Local {
	case "GetDeviceInformation":
		o := v.options
		return fmt.Sprintf(`<tds:GetDeviceInformationResponse><tds:Manufacturer>%s</tds:Manufacturer><tds:Model>%s</tds:Model>`+
			`<tds:FirmwareVersion>%s</tds:FirmwareVersion><tds:SerialNumber>%s</tds:SerialNumber><tds:HardwareId>1</tds:HardwareId>`+
			`</tds:GetDeviceInformationResponse>`, asText(o.Vendor), asText(o.Model), asText(v.firmware()), asText(o.Serial)), true
	case "GetEndpointReference":
		return fmt.Sprintf(`<tds:GetEndpointReferenceResponse><tds:GUID>%s</tds:GUID></tds:GetEndpointReferenceResponse>`, asText(v.options.Endpoint)), true
	case "GetServices":
		return v.servicesAnswer(r), !v.options.NoServices
	case "GetCapabilities":
		return v.capabilitiesAnswer(r), true
	case "GetNetworkInterfaces":
		return v.interfacesAnswer(), v.options.MACs != nil
	}
	return "", false
}

// told is the host:port that the camera tells in its service addresses.
func (v *Camera) told(r *http.Request) string {
	if v.options.InnerHost == "" {
		return r.Host
	}
	_, port, _ := net.SplitHostPort(v.address)
	return net.JoinHostPort(v.options.InnerHost, port)
}

// servicesAnswer tells the services of the camera.
func (v *Camera) servicesAnswer(r *http.Request) string {
	host := v.told(r)
	var b strings.Builder
	for _, s := range v.services() {
		if s.hidden {
			continue
		}
		fmt.Fprintf(&b, `<tds:Service><tds:Namespace>%s</tds:Namespace><tds:XAddr>http://%s%s</tds:XAddr>`+
			`<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>`, s.space, asText(host), s.path)
	}
	return "<tds:GetServicesResponse>" + b.String() + "</tds:GetServicesResponse>"
}

// inCapabilities are the elements by which GetCapabilities tells a service. It has
// none for Media2.
var inCapabilities = map[string]string{
	"http://www.onvif.org/ver10/device/wsdl": "Device", "http://www.onvif.org/ver10/media/wsdl": "Media",
	"http://www.onvif.org/ver10/deviceIO/wsdl": "DeviceIO", "http://www.onvif.org/ver10/recording/wsdl": "Recording",
	"http://www.onvif.org/ver10/search/wsdl": "Search",
}

// capabilitiesAnswer tells the services as devices did before GetServices: later
// ones stand in an extension.
func (v *Camera) capabilitiesAnswer(r *http.Request) string {
	var first, later strings.Builder
	for _, s := range v.services() {
		name := inCapabilities[s.space]
		if name == "" || s.hidden {
			continue
		}
		b := &first
		if name != "Device" && name != "Media" {
			b = &later
		}
		fmt.Fprintf(b, `<tt:%[1]s><tt:XAddr>http://%[2]s%[3]s</tt:XAddr></tt:%[1]s>`, name, asText(v.told(r)), s.path)
	}
	return "<tds:GetCapabilitiesResponse><tds:Capabilities>" + first.String() + v.desk.capability(asText(v.told(r))) + "<tt:Extension>" + later.String() +
		"</tt:Extension></tds:Capabilities></tds:GetCapabilitiesResponse>"
}

// fault answers with a SOAP 1.2 Fault, its reason often empty in the field.
func (v *Camera) fault(w http.ResponseWriter, status int, subcode, reason string) {
	v.answer(w, status, fmt.Sprintf(`<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>%s</s:Value></s:Subcode></s:Code>`+
		`<s:Reason><s:Text xml:lang="en">%s</s:Text></s:Reason></s:Fault>`, subcode, asText(reason)))
}

// answer wraps the content into an envelope, in the camera's charset.
func (v *Camera) answer(w http.ResponseWriter, status int, content string) {
	charset := cmp.Or(v.options.Charset, "UTF-8")
	envelope := fmt.Sprintf(`<?xml version="1.0" encoding="%s"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" `+
		`xmlns:ter="http://www.onvif.org/ver10/error" xmlns:tt="http://www.onvif.org/ver10/schema" `+
		`xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" `+
		`xmlns:tr2="http://www.onvif.org/ver20/media/wsdl"><s:Body>%s</s:Body></s:Envelope>`, charset, content)
	if v.options.Charset != "" {
		if gb, err := simplifiedchinese.GB18030.NewEncoder().String(envelope); err == nil {
			envelope = gb
		}
	}
	w.Header().Set("Content-Type", "application/soap+xml; charset="+charset)
	v.stamp(w)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, envelope)
}
