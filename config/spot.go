package config

import "bytes"

// A Spot is where a table stands in a file, for who adds a line to it. The zero Spot is
// none.
type Spot struct {
	Line   int // of its name, or of its header where it has none; from 1
	Behind int // offset of what follows that line: a line put there belongs to the table
}

// Spots says where tables of a file stand.
type Spots struct {
	Cameras map[string]Spot // by name
	Uplink  Spot            // zero: there is no [uplink] of its own lines
}

// FindSpots looks for the tables of a text that [Parse] takes.
func FindSpots(text []byte) Spots {
	list := &collector{src: &source{}}
	list.src = newSource("", text, list)
	root, whole := list.parse()
	w := &written{}
	list.decode(root, w, whole)
	spots := Spots{Cameras: map[string]Spot{}}
	for i := range w.Cameras {
		if n := w.Cameras[i].Name; n.OK {
			spots.Cameras[string(n.V)] = list.src.spot(n.at)
		}
	}
	if head := w.Uplink.head; w.Uplink.there && list.src.isHeader(head) {
		spots.Uplink = list.src.spot(head)
	}
	return spots
}

// spot is that of the line in which something ends.
func (s *source) spot(at span) Spot {
	end := min(at.off+at.len, len(s.text))
	line, _ := s.position(end)
	behind := len(s.text)
	if i := bytes.IndexByte(s.text[end:], '\n'); i >= 0 {
		behind = end + i + 1
	}
	return Spot{line, behind}
}

// isHeader tells [x] from [[x.y]] and x = {…}.
func (s *source) isHeader(at span) bool {
	line, _ := s.position(at.off)
	before, _, _ := bytes.Cut(s.text[s.starts[line-1]:at.off], []byte("#"))
	return string(bytes.Join(bytes.Fields(before), nil)) == "["
}
