package camera

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"

	"github.com/use-go/onvif"
	"github.com/use-go/onvif/gosoap"
	"github.com/use-go/onvif/networking"
)

// media2Space is the namespace of Media2, which the library does not know.
const media2Space = "http://www.onvif.org/ver20/media/wsdl"

// envelope puts a question into a SOAP 1.2 message. The question is one of the
// library's typed requests, or a struct of ours written in the same manner (tags
// with the prefixes tds, trt, tr2, onvif). header is a whole XML element or "".
//
// The library panics on what it cannot parse; nothing of that comes out.
func envelope(question any, header string) (message string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("write the question: %v", r)
		}
	}()
	body, err := xml.Marshal(question)
	if err != nil {
		return "", fmt.Errorf("write the question: %w", err)
	}
	soap := gosoap.NewEmptySOAP()
	soap.AddStringBodyContent(string(body))
	for _, prefix := range []string{"tds", "trt", "onvif"} {
		soap.AddRootNamespace(prefix, onvif.Xlmns[prefix])
	}
	soap.AddRootNamespace("tr2", media2Space)
	if header != "" {
		if err := soap.AddStringHeaderContent(header); err != nil {
			return "", fmt.Errorf("write the login: %w", err)
		}
	}
	return soap.String(), nil
}

// post sends a message through the guard and returns the whole answer, whatever
// its status. The library knows no context and no extra header, so both travel
// in the transport.
func post(ctx context.Context, g *guard, url, message, authorization string) (*reply, error) {
	carrier := &carrier{ctx: ctx, guard: g, authorization: authorization}
	resp, err := networking.SendSoap(&http.Client{Transport: carrier}, url, message)
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
	authorization string // "" = none
	reply         *reply
	err           error
}

func (c *carrier) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(c.ctx)
	if c.authorization != "" {
		r.Header.Set("Authorization", c.authorization)
	}
	c.reply, c.err = c.guard.ask(r)
	if c.err != nil {
		return nil, c.err
	}
	return &http.Response{StatusCode: c.reply.status, Header: c.reply.header, Body: http.NoBody, Request: r}, nil
}
