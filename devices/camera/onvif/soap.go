package onvif

import (
	"context"
	"crypto/rand"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/use-go/onvif"
	"github.com/use-go/onvif/gosoap"
	"github.com/use-go/onvif/networking"
)

// Namespaces of the questions that the library does not know, by the prefix that
// they are written with.
var ownSpaces = map[string]string{
	"tr2":  Media2Space,
	"tev":  "http://www.onvif.org/ver10/events/wsdl",
	"wsnt": "http://docs.oasis-open.org/wsn/b-2",
	"wsa":  addressingSpace,
	"tse":  "http://www.onvif.org/ver10/search/wsdl",
	"trc":  "http://www.onvif.org/ver10/recording/wsdl",
	"tmd":  "http://www.onvif.org/ver10/deviceIO/wsdl",
}

// addressingSpace is WS-Addressing 1.0, which ONVIF Core 9 asks for.
const addressingSpace = "http://www.w3.org/2005/08/addressing"

// envelope puts a question into a SOAP 1.2 message. The question is one of the
// library's typed requests, or a struct of ours written in the same manner (tags
// with the prefixes tds, trt, onvif or one of ownSpaces). security is a whole XML
// element or "".
//
// The library panics on what it cannot parse; nothing of that comes out.
func envelope(c Call, security string) (message string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("write the question: %v", r)
		}
	}()
	body, err := xml.Marshal(c.Question)
	if err != nil {
		return "", fmt.Errorf("write the question: %w", err)
	}
	soap := gosoap.NewEmptySOAP()
	soap.AddStringBodyContent(string(body))
	for _, prefix := range []string{"tds", "trt", "onvif"} {
		soap.AddRootNamespace(prefix, onvif.Xlmns[prefix])
	}
	for _, prefix := range slices.Sorted(maps.Keys(ownSpaces)) {
		if strings.Contains(string(body), "<"+prefix+":") || prefix == "wsa" && c.Action != "" {
			soap.AddRootNamespace(prefix, ownSpaces[prefix])
		}
	}
	for _, header := range append(addressing(c), security) {
		if header == "" {
			continue
		}
		if err := soap.AddStringHeaderContent(header); err != nil {
			return "", fmt.Errorf("write the header: %w", err)
		}
	}
	return soap.String(), nil
}

// addressing writes the headers of WS-Addressing 1.0, each a whole element: none
// for a question without an action.
func addressing(c Call) []string {
	if c.Action == "" {
		return nil
	}
	element := func(name, text string) string {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(text))
		return "<wsa:" + name + ">" + b.String() + "</wsa:" + name + ">"
	}
	return append([]string{
		element("Action", c.Action), element("MessageID", MessageID()), element("To", c.To),
		"<wsa:ReplyTo><wsa:Address>" + addressingSpace + "/anonymous</wsa:Address></wsa:ReplyTo>",
	}, elements(c.Reference)...)
}

// MessageID is a random UUID (RFC 9562 version 4) as a URN.
func MessageID() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// post sends a message through the guard and returns the whole answer, whatever
// its status. The library knows no context and no extra header, so both travel
// in the transport.
func post(ctx context.Context, g *guard, c Call, message, authorization string) (*reply, error) {
	carrier := &carrier{ctx: ctx, guard: g, call: c, authorization: authorization}
	resp, err := networking.SendSoap(&http.Client{Transport: carrier}, c.To, message)
	if carrier.err != nil {
		return nil, carrier.err // without the library's and net/http's wrapping, which repeat the URL
	}
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close() // the guard has read it to its end
	return carrier.reply, nil
}

// carrier is the transport of one question.
type carrier struct {
	ctx           context.Context
	guard         *guard
	call          Call
	authorization string // "" = none
	reply         *reply
	err           error
}

func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(c.ctx)
	if c.authorization != "" {
		r.Header.Set("Authorization", c.authorization)
	}
	if c.call.Action != "" { // SOAP 1.2 part 2, 6.5.3; some cameras route by it
		r.Header.Set("Content-Type", fmt.Sprintf(`application/soap+xml; charset=utf-8; action="%s"`, c.call.Action))
	}
	c.reply, c.err = c.guard.ask(r, c.call.Within, c.call.Most)
	if c.err != nil {
		return nil, c.err
	}
	return &http.Response{StatusCode: c.reply.status, Header: c.reply.header, Body: http.NoBody, Request: r}, nil
}
