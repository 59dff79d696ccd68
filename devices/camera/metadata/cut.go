package metadata

import (
	"bytes"
	"strings"
)

// maxDocument bounds one document. The standard knows no bound, and wants a new
// document every second at the latest.
const maxDocument = 256 << 10

// A cutter finds the documents in the text of a track by their own first and last
// tag:
//
//	<?xml version="1.0"?> <tt:MetadataStream …> … </tt:MetadataStream>
//	begins                begins                 ends
//
// It needs no marker, and no marker cuts anything: the standard's ("set when the
// document is closed") comes with the last tag anyway, and of those who read the
// track, media-stream-library-js (Axis) and GStreamer's depayloader trust the marker
// alone and lose what a camera marks wrongly, while RtspClientSharp PR#75 and the
// programs that read it through ffmpeg look for the last tag and get on with every
// camera. A time stamp is no sign either, see [Chunk]. Two documents in one payload
// and spaces between them are in the standard's own example.
type cutter struct {
	text  []byte // from the first "<" of what may be a document
	tag   int    // where in it the last tag begins, -1: that has ended
	begun bool   // text begins with a prolog or a root
	open  bool   // the root has begun
}

// take reads a piece of text and hands each document that ends in it to whole.
func (c *cutter) take(piece []byte, t *Tally, whole func([]byte)) {
	for len(piece) > 0 {
		n := 1 + bytes.IndexAny(piece, "<>")
		if n == 0 {
			n = len(piece)
		}
		c.step(piece[:n], t, whole)
		piece = piece[n:]
	}
}

// step reads text that has at most one "<" or ">", as its last byte.
func (c *cutter) step(piece []byte, t *Tally, whole func([]byte)) {
	end := piece[len(piece)-1]
	if end == '<' && !c.begun {
		c.text, piece = c.text[:0], piece[len(piece)-1:]
	}
	if end != '<' && len(c.text) == 0 {
		return // between two documents
	}
	if len(c.text)+len(piece) > maxDocument {
		if c.begun {
			t.Large++
		}
		c.reset()
		if end != '<' {
			return
		}
		piece = piece[len(piece)-1:]
	}
	c.text = append(c.text, piece...)
	switch {
	case end == '<':
		c.tag = len(c.text) - 1
	case end == '>' && c.tag >= 0:
		tag := c.text[c.tag:]
		c.end(tag, t, whole)
		c.tag = -1
	}
}

// end looks at a tag that has ended.
func (c *cutter) end(tag []byte, t *Tally, whole func([]byte)) {
	name, closes := tagName(tag)
	isRoot := strings.EqualFold(name, "MetadataStream")
	switch {
	case name == "?xml":
		c.begin(tag, t)
	case isRoot && closes && c.open:
		whole(c.text)
		c.reset()
	case isRoot && !closes:
		if c.open || !c.begun {
			c.begin(tag, t)
		}
		c.open = true
		if bytes.HasSuffix(tag, []byte("/>")) { // an empty one
			whole(c.text)
			c.reset()
		}
	case !c.begun:
		c.reset()
	}
}

// begin begins anew with a tag, whatever came before.
func (c *cutter) begin(tag []byte, t *Tally) {
	if c.open {
		t.Spoiled++
	}
	c.text = append(c.text[:0], tag...)
	c.begun, c.open = true, false
}

func (c *cutter) reset() { *c = cutter{text: c.text[:0], tag: -1} }

// drop gives up what was begun.
func (c *cutter) drop(t *Tally) {
	if c.open {
		t.Spoiled++
	}
	c.reset()
}

// isIdle says that nothing is begun.
func (c *cutter) isIdle() bool { return len(c.text) == 0 }

// tagName is the name of a tag without its prefix.
func tagName(tag []byte) (name string, closes bool) {
	tag = tag[1:min(len(tag), 128)]
	tag, closes = bytes.CutPrefix(tag, []byte("/"))
	if end := bytes.IndexAny(tag, " \t\r\n/>"); end >= 0 {
		tag = tag[:end]
	}
	return string(tag[bytes.LastIndexByte(tag, ':')+1:]), closes
}
