package cameratest

import (
	"encoding/xml"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Names of ONVIF Core 9, WS-BaseNotification 1.3 and WS-Addressing 1.0.
const (
	eventPath      = "/onvif/event_service"
	pointPath      = "/onvif/pullpoint"
	eventSpace     = "http://www.onvif.org/ver10/events/wsdl"
	wsntSpace      = "http://docs.oasis-open.org/wsn/b-2"
	addressSpace   = "http://www.w3.org/2005/08/addressing"
	ownSpace       = "http://virtual.example/2026/pullpoint"
	eventSpaces    = ` xmlns:tev="` + eventSpace + `" xmlns:wsnt="` + wsntSpace + `" xmlns:wsa="` + addressSpace + `" xmlns:tns1="http://www.onvif.org/ver10/topics"`
	faultSpaces    = ` xmlns:wsrf-rw="http://docs.oasis-open.org/wsrf/rw-2" xmlns:wsntw="http://docs.oasis-open.org/wsn/bw-2" xmlns:wsnt="` + wsntSpace + `"`
	stampForm      = "2006-01-02T15:04:05.000Z"
	createAction   = eventSpace + "/EventPortType/CreatePullPointSubscriptionRequest"
	pullAction     = eventSpace + "/PullPointSubscription/PullMessagesRequest"
	syncAction     = eventSpace + "/PullPointSubscription/SetSynchronizationPointRequest"
	managerActions = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/"
)

// actions are the questions of the service, by namespace and name, with their
// actions.
func actions() map[xml.Name]string {
	return map[xml.Name]string{
		{Space: eventSpace, Local: "CreatePullPointSubscription"}: createAction,
		{Space: eventSpace, Local: "PullMessages"}:                pullAction,
		{Space: eventSpace, Local: "SetSynchronizationPoint"}:     syncAction,
		{Space: wsntSpace, Local: "Renew"}:                        managerActions + "RenewRequest",
		{Space: wsntSpace, Local: "Unsubscribe"}:                  managerActions + "UnsubscribeRequest",
	}
}

// An eventQuestion is a request to the event service, read strictly: by
// namespaces.
type eventQuestion struct {
	XMLName xml.Name `xml:"http://www.w3.org/2003/05/soap-envelope Envelope"`
	Header  struct {
		Security     *struct{ UsernameToken token }
		Action       []string   `xml:"http://www.w3.org/2005/08/addressing Action"`
		To           []string   `xml:"http://www.w3.org/2005/08/addressing To"`
		MessageID    []string   `xml:"http://www.w3.org/2005/08/addressing MessageID"`
		ReplyTo      []struct{} `xml:"http://www.w3.org/2005/08/addressing ReplyTo"`
		Subscription []echoed   `xml:"http://virtual.example/2026/pullpoint SubscriptionId"`
		Key          []echoed   `xml:"http://virtual.example/2026/pullpoint Key"`
	}
	Body struct {
		Asked struct {
			XMLName                xml.Name
			InitialTerminationTime *string   `xml:"http://www.onvif.org/ver10/events/wsdl InitialTerminationTime"`
			Filter                 *struct{} `xml:"http://www.onvif.org/ver10/events/wsdl Filter"`
			Timeout                *string   `xml:"http://www.onvif.org/ver10/events/wsdl Timeout"`
			MessageLimit           *int      `xml:"http://www.onvif.org/ver10/events/wsdl MessageLimit"`
			TerminationTime        *string   `xml:"http://docs.oasis-open.org/wsn/b-2 TerminationTime"`
		} `xml:",any"`
	}
}

// An echoed is a reference parameter that came back.
type echoed struct {
	Is   string `xml:"http://www.w3.org/2005/08/addressing IsReferenceParameter,attr"`
	Kind string `xml:"http://virtual.example/2026/pullpoint kind,attr"`
	Text string `xml:",chardata"`
}

func (q *eventQuestion) token() *token {
	if q.Header.Security == nil {
		return nil
	}
	return &q.Header.Security.UsernameToken
}

// addressed says whether the question carries headers of WS-Addressing.
func (q *eventQuestion) addressed() bool {
	h := q.Header
	return len(h.Action)+len(h.To)+len(h.MessageID)+len(h.ReplyTo)+len(h.Subscription) > 0
}

// misaddressed says what is wrong with those headers (WS-Addressing 1.0 SOAP
// Binding, 3.2; duplicates break Bosch: python-zeep PR#48), "" for nothing.
func (q *eventQuestion) misaddressed(action string, at string) string {
	h := q.Header
	switch {
	case len(h.Action) != 1 || len(h.To) != 1 || len(h.MessageID) != 1 || len(h.ReplyTo) != 1:
		return "each header once"
	case h.Action[0] != action:
		return "action " + h.Action[0]
	case h.To[0] != at:
		return "to " + h.To[0]
	}
	return ""
}

// point returns the id of the pull point that is meant, "" if none is.
func (d *desk) meant(path string, q *eventQuestion) string {
	h := q.Header
	switch {
	case d.o.ByReference || d.o.ByProperties:
		if len(h.Subscription) != 1 || len(h.Key) != 1 || h.Subscription[0].Is != "true" || h.Key[0].Is != "true" || h.Key[0].Kind != "ä&<" {
			return ""
		}
		if id := h.Subscription[0].Text; h.Key[0].Text == "key of "+id {
			return id
		}
		return ""
	case path == eventPath && (d.o.Address == EmptyAddress || d.o.Address == NobodysAddress):
		return strconv.Itoa(d.made) // the newest
	}
	return strings.TrimPrefix(path, pointPath+"/")
}

// reference tells a pull point. Its prefix is declared further out.
func (d *desk) reference(host string, p *point) string {
	at := "http://" + host + pointPath + "/" + p.id
	_, port, _ := strings.Cut(host, ":")
	switch d.o.Address {
	case EmptyAddress:
		at = ""
	case DoubledPort:
		at = "http://" + host + ":" + port + pointPath + "/" + p.id
	case InnerAddress:
		at = "http://192.168.1.64:" + port + pointPath + "/" + p.id
	case PathAddress:
		at = pointPath + "/" + p.id
	case NobodysAddress:
		at = addressSpace + "/anonymous"
	case ForeignAddress:
		at = "urn:pullpoint:" + p.id
	}
	parameters := fmt.Sprintf(`<own:SubscriptionId>%[1]s</own:SubscriptionId><own:Key own:kind="ä&amp;&lt;">key of %[1]s</own:Key><wsa:To>http://192.0.2.99/</wsa:To>`, p.id)
	switch {
	case d.o.ByReference:
		parameters = "<wsa:ReferenceParameters>" + parameters + "</wsa:ReferenceParameters>"
	case d.o.ByProperties:
		parameters = "<wsa:ReferenceProperties>" + parameters + "</wsa:ReferenceProperties>"
	default:
		parameters = ""
	}
	return "<tev:SubscriptionReference><wsa:Address>" + asText(at) + "</wsa:Address>" + parameters + "</tev:SubscriptionReference>"
}

// message writes one NotificationMessage.
func message(n Notice, operation string, at time.Time) string {
	var data strings.Builder
	for _, item := range n.Data {
		data.WriteString(simpleItem(item))
	}
	return fmt.Sprintf(`<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">%s</wsnt:Topic>`+
		`<wsnt:Message><tt:Message UtcTime="%s" PropertyOperation="%s"><tt:Source>%s</tt:Source><tt:Data>%s</tt:Data></tt:Message></wsnt:Message>`+
		`</wsnt:NotificationMessage>`, asText(n.Topic), at.UTC().Format(stampForm), operation, simpleItem(n.Source), data.String())
}

func simpleItem(item string) string {
	name, value, ok := strings.Cut(item, "=")
	if !ok {
		return ""
	}
	return fmt.Sprintf(`<tt:SimpleItem Name="%s" Value="%s"/>`, asText(name), asText(value))
}

var (
	durationForm = regexp.MustCompile(`^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$`)
	errTime      = errors.New("neither a duration nor a date")
)

// parseDuration reads an xs:duration of at most a day.
func (d *desk) parseDuration(s string) (time.Duration, error) {
	m := durationForm.FindStringSubmatch(s)
	if m == nil || s == "PT" {
		return 0, errTime
	}
	hours, _ := strconv.Atoi("0" + m[1])
	minutes, _ := strconv.Atoi("0" + m[2])
	seconds, _ := strconv.ParseFloat("0"+m[3], 64)
	if d.o.SecondsOnly {
		seconds, minutes = seconds+float64(minutes), 0
	}
	return time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute + time.Duration(seconds*float64(time.Second)), nil
}

// parseTermination reads an AbsoluteOrRelativeTimeType (WS-BaseNotification 1.3,
// 3.2), nil for none.
func (d *desk) parseTermination(s *string) (time.Duration, error) {
	if s == nil {
		if d.o.RefusesUntold {
			return 0, errTime
		}
		return d.o.Lifetime, nil
	}
	if d.o.RefusesTimes {
		return 0, errTime
	}
	if t, err := time.Parse(time.RFC3339, *s); err == nil && !d.o.RefusesAbsolute {
		return positive(t.Sub(d.camera.now()))
	}
	if d.o.RefusesRelative {
		return 0, errTime
	}
	left, err := d.parseDuration(*s)
	if err != nil {
		return 0, err
	}
	return positive(left)
}

func positive(d time.Duration) (time.Duration, error) {
	if d <= 0 {
		return 0, errTime
	}
	return d, nil
}
