package disktest

import (
	"io"
	"slices"
)

// block is what room is given out by.
const block = 4 << 10

type page [block]byte

// reserved is a page of zeros that has its room: nobody has written to it yet, and
// nobody ever writes to this one, for it is all of them.
var reserved = new(page)

// An image is the content of a file. A page that is nil has no room on the disk and
// reads as zeros. Pages are never changed, only replaced, so images may share them.
type image struct {
	size  int64
	pages []*page
}

func (m *image) clone() *image { return &image{m.size, slices.Clone(m.pages)} }

// lacks is how many bytes of room a stretch needs that it has not.
func (m *image) lacks(offset, size int64) (bytes int64) {
	for at := offset / block; at*block < offset+size; at++ {
		if at >= int64(len(m.pages)) || m.pages[at] == nil {
			bytes += block
		}
	}
	return bytes
}

// room is how many bytes of the disk the image takes.
func (m *image) room() (bytes int64) {
	for _, p := range m.pages {
		if p != nil {
			bytes += block
		}
	}
	return bytes
}

// write replaces what lies at an offset, and makes the image longer if need be.
func (m *image) write(content []byte, offset int64) {
	m.reach(offset + int64(len(content)))
	for len(content) > 0 {
		at, from := offset/block, offset%block
		p := new(page)
		if old := m.pages[at]; old != nil {
			*p = *old
		}
		n := copy(p[from:], content)
		m.pages[at] = p
		content, offset = content[n:], offset+int64(n)
	}
}

// reach makes the image at least so long.
func (m *image) reach(size int64) {
	m.size = max(m.size, size)
	if need := int((m.size + block - 1) / block); need > len(m.pages) {
		m.pages = append(m.pages, make([]*page, need-len(m.pages))...)
	}
}

// truncate makes the image so long. What it loses is zeros when it grows again.
func (m *image) truncate(size int64) {
	if size >= m.size {
		m.reach(size)
		return
	}
	m.size = size
	m.pages = m.pages[:(size+block-1)/block]
	if rest := size % block; rest > 0 {
		if old := m.pages[size/block]; old != nil && old != reserved {
			p := new(page)
			copy(p[:rest], old[:])
			m.pages[size/block] = p
		}
	}
}

// allocate gives a stretch its room; the image grows unless it is to keep its size.
func (m *image) allocate(offset, size int64, keep bool) {
	was := m.size
	m.reach(offset + size)
	for at := offset / block; at*block < offset+size; at++ {
		if m.pages[at] == nil {
			m.pages[at] = reserved
		}
	}
	if keep {
		m.size = was
	}
}

// punch makes a stretch zeros, without room where whole pages lie in it.
func (m *image) punch(offset, size int64) {
	for end := min(offset+size, m.size); offset < end; {
		at, n := offset/block, min(block-offset%block, end-offset)
		switch {
		case m.pages[at] == nil:
		case n == block:
			m.pages[at] = nil
		default:
			m.write(make([]byte, n), offset)
		}
		offset += n
	}
}

// readAt copies what lies at an offset; it returns less at the end of the file.
func (m *image) readAt(to []byte, offset int64) []byte {
	if offset >= m.size {
		return nil
	}
	to = to[:min(int64(len(to)), m.size-offset)]
	for rest := to; len(rest) > 0; {
		at, from := offset/block, offset%block
		n := min(len(rest), int(block-from))
		if p := m.pages[at]; p != nil {
			copy(rest[:n], p[from:])
		} else {
			clear(rest[:n])
		}
		rest, offset = rest[n:], offset+int64(n)
	}
	return to
}

// lay writes the image into a file that is empty: only what is not zeros.
func (m *image) lay(to io.WriterAt) error {
	var run []byte
	var start int64
	flush := func() (err error) {
		if len(run) > 0 {
			_, err = to.WriteAt(run, start)
			run = run[:0]
		}
		return err
	}
	for at, p := range m.pages {
		if p == nil || p == reserved {
			if err := flush(); err != nil {
				return err
			}
			continue
		}
		if len(run) == 0 {
			start = int64(at) * block
		}
		run = append(run, p[:]...)
	}
	return flush()
}
