package metadata

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// FuzzTrack promises that no track makes the reader panic, that what it finds is
// bounded, and that text means the same in whatever packets it comes.
func FuzzTrack(f *testing.F) {
	for _, text := range documents(f) {
		f.Add([]byte(text), "", uint16(3))
		f.Add([]byte(pack(f, text)), "gzip", uint16(100))
	}
	f.Add([]byte(event("a")+"<?xml?><x:METADATASTREAM/>"), "", uint16(1))
	f.Fuzz(func(t *testing.T, sent []byte, encoding string, size uint16) {
		if len(sent) > 64<<10 || len(encoding) > 64 || isEXI(Chunk{Encoding: encoding}) || bytes.Contains(sent, []byte("$EXI")) {
			return
		}
		size = max(size, 1)
		whole, pieces := newTrack(t), newTrack(t)
		whole.encoding, pieces.encoding = encoding, encoding
		whole.sayInPieces(string(sent), len(sent)+1)
		if len(sent)/int(size) < 5000 && (len(sent) == 0 || sent[0] == '<') {
			pieces.sayInPieces(string(sent), int(size))
		} else {
			pieces = whole
		}
		for _, k := range []*track{whole, pieces} {
			k.pass(time.Second)
			k.pass(time.Second)
			for _, c := range k.found.Counts {
				if c.Objects < 0 || c.Objects > maxObjects*(mostSources+1) || len([]rune(c.Class)) > longest || c.Class == "" {
					t.Errorf("got %+v", c)
				}
			}
			if len(k.reader.scene.classes) > mostOwn+len(ours)+1 {
				t.Errorf("got %d classes", len(k.reader.scene.classes))
			}
		}
		if diff := cmp.Diff(whole.write(), pieces.write()); diff != "" {
			t.Errorf("whole and in pieces of %d: %s", size, diff)
		}
	})
}
