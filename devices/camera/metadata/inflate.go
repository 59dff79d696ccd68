package metadata

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"time"
)

// mostTries is how often a camera may mark the end of a packed document before its
// end has come.
const mostTries = 16

// packedMagic is how RFC 1952 2.3.1 begins: two bytes, and the one method.
var packedMagic = []byte{0x1f, 0x8b, 8}

// An inflater collects a document that comes in gzip ("the payload starts with a
// GZIP header …, a marker bit signals the end of the compressed data", Streaming
// 5.2.1.2). Only the marker says where it ends; a camera that sets none is read
// when its next document begins.
type inflater struct {
	packed []byte
	tries  int
	lost   bool // until the next marker
	pace   bucket
}

// wants says whether a chunk is a piece of a packed document. What a camera really
// sends counts for more than what it calls it.
func (z *inflater) wants(c Chunk, textIdle bool) bool {
	switch {
	case bytes.HasPrefix(c.Payload, packedMagic) || len(z.packed) > 0:
		return true
	case !textIdle || !strings.Contains(strings.ToLower(c.Encoding), "gzip"):
		return false
	}
	return !bytes.HasPrefix(bytes.TrimSpace(c.Payload), []byte("<"))
}

// take returns the text of a document, nil while there is none.
func (z *inflater) take(c Chunk, t *Tally) (document []byte) {
	if bytes.HasPrefix(c.Payload, packedMagic) {
		document = z.open(c.At, t)
		z.drop(t)
		z.lost = false
	}
	switch {
	case z.lost:
	case len(z.packed)+len(c.Payload) > maxDocument:
		t.Large++
		z.reset()
		z.lost = true
	default:
		z.packed = append(z.packed, c.Payload...)
	}
	if len(z.packed) >= len(packedMagic) && !bytes.HasPrefix(z.packed, packedMagic) {
		z.reset()
		z.lost = true
	}
	if c.Last {
		z.lost = false
		if further := z.open(c.At, t); further != nil {
			document = append(document, further...)
		}
	}
	return document
}

// open unpacks what was collected, and gives it up where it never will be whole.
func (z *inflater) open(now time.Time, t *Tally) []byte {
	if len(z.packed) == 0 {
		return nil
	}
	if !z.pace.spend(now, unpackEach, unpackAtOnce, unpackMost) {
		t.Large++
		z.reset()
		return nil
	}
	document, err := unpack(z.packed)
	z.pace.giveBack(unpackEach, unpackMost-1-len(document)/unpackSize)
	switch {
	case err == nil && len(document) > maxDocument:
		t.Large++
		z.reset()
		return nil
	case err == nil:
		z.reset()
		return document
	}
	if z.tries++; z.tries >= mostTries || !errors.Is(err, io.ErrUnexpectedEOF) {
		z.drop(t)
	}
	return nil
}

// unpack reads no more than tells that a document is too large.
func unpack(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	r.Multistream(false)
	return io.ReadAll(io.LimitReader(r, maxDocument+1))
}

func (z *inflater) reset() { z.packed, z.tries = z.packed[:0], 0 }

// drop gives up what was begun.
func (z *inflater) drop(t *Tally) {
	if len(z.packed) > 0 {
		t.Spoiled++
	}
	z.reset()
}

// isEXI says that a chunk is of a form that we do not read, by what the track is
// called or by the cookie with which an EXI stream may begin (EXI 1.0, 5.1).
func isEXI(c Chunk) bool {
	return strings.Contains(strings.ToLower(c.Encoding), "exi") || bytes.HasPrefix(c.Payload, []byte("$EXI"))
}
