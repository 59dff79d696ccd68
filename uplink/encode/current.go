package encode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"sitepost/ingest/store"
)

// maxOpen is the largest list of open conditions, in bytes. Every other
// retained document has MaxPayload; this one is never cut short, because what
// it does not name is closed.
const maxOpen = 1 << 20

// Current turns a retained topic, as it should stand at the broker, into
// its payload: the members of the document behind schema, epoch and revision,
// as plain JSON. No document is the empty payload that empties the topic.
//
// An inventory above MaxPayload is an error: it is put as one document per
// device below "inventory/".
func Current(epoch store.Epoch, c store.Current) ([]byte, error) {
	if c.Doc == nil {
		return nil, nil
	}
	members, err := membersOf(c.Doc)
	if err != nil {
		return nil, fmt.Errorf("encode retained %q: %w", c.Key, err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"schema":%q,"epoch":%q,"revision":%d`, Schema, epoch, c.Revision)
	if len(members) > 0 {
		b.WriteByte(',')
		b.Write(stamped(members))
	}
	b.WriteByte('}')
	most := MaxPayload
	if c.Key == "open" {
		most = maxOpen
	}
	if b.Len() > most {
		return nil, fmt.Errorf("encode retained %q: %d bytes are more than %d", c.Key, b.Len(), most)
	}
	return b.Bytes(), nil
}

// membersOf returns what stands between the braces of a JSON object, in its own
// order and without white space.
func membersOf(object []byte) ([]byte, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(object, &keys); err != nil {
		return nil, err
	}
	if keys == nil {
		return nil, errors.New("the document is null, not an object")
	}
	for _, ours := range []string{"schema", "epoch", "revision"} {
		if _, taken := keys[ours]; taken {
			return nil, fmt.Errorf("the document has a %q of its own", ours)
		}
	}
	var b bytes.Buffer
	if err := json.Compact(&b, object); err != nil {
		return nil, err
	}
	return b.Bytes()[1 : b.Len()-1], nil
}

// since finds a beginning in compact JSON. Inside of a text every quote stands
// behind a backslash, so that it is never found there.
var since = regexp.MustCompile(`"since":"([^"\\]*)"`)

// stamped writes the beginnings in a document as the lanes write them, so that
// what began once is told with one and the same time everywhere.
func stamped(members []byte) []byte {
	return since.ReplaceAllFunc(members, func(member []byte) []byte {
		t, err := time.Parse(time.RFC3339Nano, string(since.FindSubmatch(member)[1]))
		if err != nil || Stamp(t) == "" {
			return member
		}
		return fmt.Appendf(nil, `"since":%q`, Stamp(t))
	})
}
