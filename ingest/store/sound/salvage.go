package sound

import (
	"cmp"
	"errors"
	"hash/fnv"
	"io"
	"os"
	"slices"
)

// A Piece is a value that was found in a damaged file. Its checksum holds, so that
// somebody once wrote it under that key. What it is given is valid for one visit.
type Piece struct {
	Current bool   // it was reached from a meta page; false: it may be an older copy, or deleted long since
	Older   bool   // but not from the younger one: it may be as old as one commit
	Bucket  []byte // where it lay; nil where that cannot be seen
	Key     []byte
	Value   []byte // with its frame
	Offset  int64  // of Value in the file, for ReadPiece
}

// mostPiece is how large a page with all it spans may be, to be looked into: the
// length of a damaged one is anything.
const mostPiece = 4 << 20

// Salvage reads what is left in a file that nobody has open: first what can be
// reached from its meta pages, then all that lies in any page whatever. It visits
// the same piece more than once. It never trusts a length or a page number, and
// ends when it has read the file twice, about.
//
// An error is of the file as a whole, such as that it cannot be opened; pages that
// cannot be read are passed over.
func Salvage(path string, visit func(Piece)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	is, err := f.Stat()
	if err != nil {
		return err
	}
	w := &wreck{file: f, pageSize: int64(os.Getpagesize()), visit: visit}
	w.pages = uint64(is.Size() / w.pageSize)
	w.current()
	w.rest()
	return nil
}

// ReadPiece reads the value of a piece again.
func ReadPiece(f io.ReaderAt, offset int64, length int) ([]byte, error) {
	value := make([]byte, length)
	_, err := f.ReadAt(value, offset)
	return value, err
}

// A wreck is a file that is being salvaged.
type wreck struct {
	file     *os.File
	pageSize int64
	pages    uint64 // of the file
	visit    func(Piece)
	seen     []bool // by id, in the walk from a meta page
	whole    bool   // that walk reached all it should
	older    bool   // it began at the older meta page
}

// current walks from the younger meta page, and from the other one if something is
// missing in that.
func (w *wreck) current() {
	roots := w.roots()
	for i, root := range roots {
		// Where one is left nobody knows whether it is the younger one.
		w.seen, w.whole, w.older = make([]bool, w.pages), true, i > 0 || len(roots) == 1
		w.tree(root, nil, 0)
		if w.whole {
			return
		}
	}
}

// roots are the root pages that sound meta pages name, the younger one first.
func (w *wreck) roots() []uint64 {
	type meta struct{ root, txid uint64 }
	var found []meta
	for at := range int64(2) {
		var page [pageHead + metaLen]byte
		if _, err := w.file.ReadAt(page[:], at*w.pageSize); err != nil {
			continue
		}
		m := page[pageHead:]
		sum := fnv.New64a()
		sum.Write(m[:metaLen-8])
		if order.Uint32(m) == metaMagic && order.Uint64(m[metaLen-8:]) == sum.Sum64() {
			found = append(found, meta{order.Uint64(m[16:]), order.Uint64(m[48:])})
		}
	}
	slices.SortFunc(found, func(a, b meta) int { return cmp.Compare(b.txid, a.txid) })
	var roots []uint64
	for _, m := range found {
		roots = append(roots, m.root)
	}
	return roots
}

// tree visits what lies below a page of a bucket; nil is the root, which holds
// buckets only.
func (w *wreck) tree(id uint64, bucket []byte, depth int) {
	if depth > deepest || id < 2 || id >= w.pages || w.seen[id] {
		w.whole = false
		return
	}
	w.seen[id] = true
	page, err := w.page(id)
	if err != nil || order.Uint64(page) != id {
		w.whole = false
		return
	}
	switch order.Uint16(page[8:]) {
	case flagBranch:
		for e := range w.elements(page) {
			w.tree(e.child, bucket, depth+1)
		}
	case flagLeaf:
		for e := range w.elements(page) {
			w.leaf(e, bucket, int64(id)*w.pageSize, true, depth)
		}
	default:
		w.whole = false
	}
}

// rest visits what lies in the leaf pages of the file, whoever points to them.
func (w *wreck) rest() {
	for id := uint64(2); id < w.pages; id++ {
		page, err := w.page(id)
		if err != nil || order.Uint16(page[8:]) != flagLeaf {
			continue
		}
		for e := range w.elements(page) {
			w.leaf(e, nil, int64(id)*w.pageSize, false, 0)
		}
	}
}

// page reads a page with all it says it spans, as far as there is that much.
func (w *wreck) page(id uint64) ([]byte, error) {
	page := make([]byte, w.pageSize)
	if _, err := w.file.ReadAt(page, int64(id)*w.pageSize); err != nil {
		return nil, err
	}
	more := min(uint64(order.Uint32(page[12:])), w.pages-id-1, uint64(mostPiece/w.pageSize))
	if kind := order.Uint16(page[8:]); more == 0 || kind != flagLeaf && kind != flagBranch {
		return page, nil
	}
	whole := make([]byte, int64(1+more)*w.pageSize)
	n, err := w.file.ReadAt(whole, int64(id)*w.pageSize)
	if errors.Is(err, io.EOF) || n >= len(page) {
		err = nil
	}
	return whole[:max(n, len(page))], err
}

// elements are those of a page that lie within it.
func (w *wreck) elements(page []byte) func(yield func(found) bool) {
	return func(yield func(found) bool) {
		leaf := order.Uint16(page[8:]) == flagLeaf
		for i := range int(order.Uint16(page[10:])) {
			at := pageHead + i*element
			if at+element > len(page) {
				w.whole = false
				return
			}
			e, err := elementAt(page, at, leaf)
			if err != nil {
				w.whole = false
				continue
			}
			if !yield(e) {
				return
			}
		}
	}
}

// leaf visits an element of a leaf page that begins at an offset, and what is in it
// if that is a bucket. bucket is nil in the root, and where it is not known.
func (w *wreck) leaf(e found, bucket []byte, base int64, current bool, depth int) {
	switch {
	case !e.bucket:
		if _, err := UnframeDoc(e.key, e.value); err != nil {
			w.whole = false
			return
		}
		w.visit(Piece{Current: current && bucket != nil, Older: w.older, Bucket: bucket, Key: e.key, Value: e.value, Offset: base + int64(e.valueAt)})
	case bucket != nil: // we keep none in one another
	case e.inline != nil:
		if len(e.inline) < pageHead {
			w.whole = false
			return
		}
		if order.Uint16(e.inline[8:]) != flagLeaf {
			return
		}
		name := slices.Clone(e.key)
		for in := range w.elements(e.inline) {
			if !in.bucket {
				w.leaf(in, name, base+int64(e.valueAt)+bucketHead, current, depth+1)
			}
		}
	case current:
		w.tree(e.child, slices.Clone(e.key), depth+1)
	}
}
