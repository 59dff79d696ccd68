package contract

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"sitepost/uplink/strict"
)

// A fault is one thing that is wrong with a message.
type fault struct {
	pointer string // JSON pointer (RFC 6901) to the place; "" is the whole
	what    string
}

// mostDepth is how deep objects and arrays may stand in each other.
const mostDepth = 32

// mostFaults is how many faults one error names.
const mostFaults = 8

// Validate holds a message against the contract: its topic, whether it is
// retained, its size, its schema, and what no schema can say. retained is the
// flag it was published with (a broker shows it only to those who subscribe
// later). The error names the topic and, for each fault, the JSON pointer and
// what is wrong there.
//
// A payload of any content is safe to give.
func Validate(topic string, retained bool, payload []byte) error {
	f, at, ok := formOf(topic)
	switch {
	case !ok:
		return fmt.Errorf("topic %.256q: is no topic of the contract", topic)
	case f.retained != retained:
		return fmt.Errorf("topic %q: retained: got %t, want %t", topic, retained, f.retained)
	case len(payload) == 0 && f.empties:
		return nil
	case len(payload) == 0:
		return fmt.Errorf("topic %q: the payload is empty", topic)
	case len(payload) > f.most:
		return fmt.Errorf("topic %q: got %d bytes, want at most %d", topic, len(payload), f.most)
	case f.schema == "":
		return nil
	}
	faults, err := f.faults(at, payload)
	if err != nil {
		return fmt.Errorf("topic %q: %w", topic, err)
	}
	return spoken(topic, faults)
}

// faults finds what is wrong with a payload, by place. The rules are asked only
// about what has passed its schema.
func (f form) faults(at map[string]string, payload []byte) ([]fault, error) {
	doc, err := strict.Value(payload, mostDepth)
	if err != nil {
		return nil, err
	}
	all, err := schemas()
	if err != nil {
		return nil, err
	}
	if err := all[f.schema].Validate(doc); err != nil {
		if wrong, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
			found := leaves(wrong, message.NewPrinter(language.English))
			slices.SortFunc(found, func(a, b fault) int {
				return cmp.Or(strings.Compare(a.pointer, b.pointer), strings.Compare(a.what, b.what))
			})
			return found, nil
		}
		return nil, err
	}
	if f.rules == nil {
		return nil, nil
	}
	return f.rules(at, payload)
}

// spoken makes one error of all faults, nil of none.
func spoken(topic string, faults []fault) error {
	if len(faults) == 0 {
		return nil
	}
	var said []string
	for _, f := range faults[:min(len(faults), mostFaults)] {
		said = append(said, fmt.Sprintf("%s: %s", f.pointer, f.what))
	}
	if more := len(faults) - mostFaults; more > 0 {
		said = append(said, fmt.Sprintf("and %d more", more))
	}
	return fmt.Errorf("topic %q: %s", topic, strings.Join(said, "; "))
}

// leaves returns the innermost causes of a violation, which name the place; all
// above them only say that something below is wrong.
func leaves(e *jsonschema.ValidationError, p *message.Printer) []fault {
	if len(e.Causes) > 0 {
		var all []fault
		for _, cause := range e.Causes {
			for _, f := range leaves(cause, p) {
				if !slices.Contains(all, f) {
					all = append(all, f)
				}
			}
		}
		return all
	}
	what := e.ErrorKind.LocalizedString(p)
	if _, ok := e.ErrorKind.(*kind.FalseSchema); ok {
		what = "must not be here"
	}
	return []fault{{strict.Pointer(e.InstanceLocation...), what}}
}

// schemas compiles the embedded schemas, once; the result is only read.
var schemas = sync.OnceValues(func() (map[string]*jsonschema.Schema, error) {
	// The address is a name for references to resolve against: nothing is fetched.
	const at = "sitepost:///schemas/"
	entries, err := files.ReadDir("schemas")
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	for _, entry := range entries {
		raw, err := files.ReadFile(path.Join("schemas", entry.Name()))
		if err != nil {
			return nil, err
		}
		doc, err := strict.Value(raw, mostDepth)
		if err != nil {
			return nil, fmt.Errorf("schema %q: %w", entry.Name(), err)
		}
		if err := c.AddResource(at+entry.Name(), doc); err != nil {
			return nil, err
		}
	}
	compiled := make(map[string]*jsonschema.Schema)
	for _, entry := range entries {
		s, err := c.Compile(at + entry.Name())
		if err != nil {
			return nil, err
		}
		compiled[strings.TrimSuffix(entry.Name(), ".json")] = s
	}
	return compiled, nil
})
