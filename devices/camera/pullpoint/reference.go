package pullpoint

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// maxReference bounds the reference parameters: they travel with every question.
const maxReference = 8 << 10

const (
	addressing = "http://www.w3.org/2005/08/addressing"
	xmlSpace   = "http://www.w3.org/XML/1998/namespace"
)

var errLongReference = fmt.Errorf("the camera wants more than %d KiB of reference parameters with every question", maxReference>>10)

// A scope is an element whose namespace prefixes matter.
type scope struct {
	Declared []xml.Attr `xml:",any,attr"`
}

// createAnswer is the answer to CreatePullPointSubscription. Prefixes that the
// reference parameters use may be declared on any element around them.
type createAnswer struct {
	scope
	Body struct {
		scope
		CreatePullPointSubscriptionResponse *createResponse
	}
}

type createResponse struct {
	scope
	told
	SubscriptionReference struct {
		scope
		Address             string
		ReferenceParameters parameters
		ReferenceProperties parameters // of WS-Addressing 2004/08, which some still send
	}
}

// parameters are elements whose meaning only the camera knows.
type parameters struct{ tokens []xml.Token }

// UnmarshalXML keeps the content of an element as it is.
func (p *parameters) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	p.tokens = append(p.tokens, start.Copy())
	for depth := 1; depth > 0; {
		t, err := d.Token()
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		case xml.Comment, xml.ProcInst:
			continue
		}
		p.tokens = append(p.tokens, xml.CopyToken(t))
	}
	return nil
}

// reference writes the reference parameters of an answer as header elements
// (WS-Addressing 1.0 SOAP Binding, 3.3). The prefixes are those that the camera
// used, for cameras that compare text.
func (a *createAnswer) reference() (string, error) {
	r := a.Body.CreatePullPointSubscriptionResponse
	e := echo{prefixes: map[string]string{}}
	for _, s := range []scope{a.scope, a.Body.scope, r.scope, r.SubscriptionReference.scope} {
		e.declare(s.Declared)
	}
	for _, p := range []parameters{r.SubscriptionReference.ReferenceParameters, r.SubscriptionReference.ReferenceProperties} {
		if err := e.write(p.tokens); err != nil {
			return "", err
		}
	}
	return e.out.String(), nil
}

// An echo writes tokens with every namespace declared where it is used.
type echo struct {
	prefixes map[string]string // namespace to prefix, "" for the default one
	out      strings.Builder
	open     []string // names of open elements, as written
	made     int      // prefixes of our own
}

// declare learns which prefixes the camera uses.
func (e *echo) declare(attributes []xml.Attr) {
	for _, a := range attributes {
		switch {
		case a.Name.Space == "xmlns":
			e.prefixes[a.Value] = a.Name.Local
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			e.prefixes[a.Value] = ""
		}
	}
}

// write writes all elements inside the first one, which is the container.
func (e *echo) write(tokens []xml.Token) error {
	depth, skipping := 0, 0
	for _, t := range tokens {
		switch t := t.(type) {
		case xml.StartElement:
			e.declare(t.Attr)
			if depth++; skipping == 0 && depth == 2 && ours(t.Name.Space) {
				skipping = depth
			}
			if skipping == 0 && depth > 1 {
				e.start(t, depth == 2)
			}
		case xml.EndElement:
			if skipping == 0 && depth > 1 {
				e.end()
			}
			if depth == skipping {
				skipping = 0
			}
			depth--
		case xml.CharData:
			if skipping == 0 && depth > 1 {
				_ = xml.EscapeText(&e.out, t)
			}
		}
		if e.out.Len() > maxReference {
			return errLongReference
		}
	}
	return nil
}

// headerSpaces are those of headers that we write ourselves, and what they are
// called where nobody declared them.
var headerSpaces = []string{
	addressing, "http://schemas.xmlsoap.org/ws/2004/08/addressing", "http://www.w3.org/2003/05/soap-envelope",
	"http://schemas.xmlsoap.org/soap/envelope/", "http://docs.oasis-open.org/wss/", "wsa", "wsse", "soap-env",
}

// ours says whether elements of a namespace are headers of ours: a camera could
// else put in a second To, which breaks some (python-zeep PR#48), or a login.
func ours(space string) bool {
	return slices.ContainsFunc(headerSpaces, func(s string) bool { return strings.HasPrefix(space, s) })
}

func (e *echo) start(t xml.StartElement, outermost bool) {
	prefix := e.prefix(t.Name.Space, true)
	name := strings.TrimPrefix(prefix+":"+t.Name.Local, ":")
	e.out.WriteString("<" + name)
	e.attribute(strings.TrimSuffix("xmlns:"+prefix, ":"), t.Name.Space)
	declared := map[string]string{prefix: t.Name.Space, "wsa": addressing}
	for _, a := range t.Attr {
		switch a.Name.Space {
		case "xmlns", addressing:
		case "":
			if a.Name.Local != "xmlns" {
				e.attribute(a.Name.Local, a.Value)
			}
		default:
			e.foreign(a, declared)
		}
	}
	if outermost {
		e.attribute("xmlns:wsa", addressing)
		e.attribute("wsa:IsReferenceParameter", "true")
	}
	e.out.WriteByte('>')
	e.open = append(e.open, name)
}

// foreign writes an attribute that has a namespace.
func (e *echo) foreign(a xml.Attr, declared map[string]string) {
	if a.Name.Space == xmlSpace {
		e.attribute("xml:"+a.Name.Local, a.Value)
		return
	}
	prefix := e.prefix(a.Name.Space, false)
	if space, taken := declared[prefix]; taken && space != a.Name.Space {
		delete(e.prefixes, a.Name.Space)
		prefix = e.invent(a.Name.Space)
	}
	if _, done := declared[prefix]; !done {
		declared[prefix] = a.Name.Space
		e.attribute("xmlns:"+prefix, a.Name.Space)
	}
	e.attribute(prefix+":"+a.Name.Local, a.Value)
}

func (e *echo) end() {
	last := len(e.open) - 1
	e.out.WriteString("</" + e.open[last] + ">")
	e.open = e.open[:last]
}

func (e *echo) attribute(name, value string) {
	e.out.WriteString(" " + name + `="`)
	_ = xml.EscapeText(&e.out, []byte(value))
	e.out.WriteByte('"')
}

// prefix is how a namespace is written. A prefix that the camera never declared
// comes as if it were the namespace itself.
func (e *echo) prefix(space string, element bool) string {
	prefix, known := e.prefixes[space]
	switch {
	case space == "" && element:
		return ""
	case known && prefix != "wsa" && (prefix != "" || element):
		return prefix
	case !known && space != "" && !strings.ContainsAny(space, ":/ ") && space != "wsa":
		e.prefixes[space] = space
		return space
	}
	return e.invent(space)
}

func (e *echo) invent(space string) string {
	e.made++
	made := fmt.Sprintf("own%d", e.made)
	e.prefixes[space] = made
	return made
}
