package sound

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"os"
)

// Check walks the pages of a bbolt file by reading it, before bbolt maps it. It
// refuses everything that would make bbolt panic while it opens the file: bbolt
// scans all pages in a goroutine of its own, where a panic ends the process. It
// says nothing of values, which have checksums, and nothing of free pages.
//
// A page, and the two kinds of its elements, in the byte order of the machine
// (bbolt v1.5.0, internal/common/page.go, meta.go, bucket.go):
//
//	page       | id     8 | flags 2 | count 2 | overflow 4 | elements …        overflow: further pages it spans
//	branch (1) | pos 4 | ksize 4 | child id   8                                pos: of the key, from the element's own start
//	leaf   (2) | flags 4 | pos 4 | ksize 4 | vsize 4                           the value follows the key; flags 1: it is a bucket
//	bucket     | root id   8 | sequence 8 | if the root is 0: a page, here
//	meta   (4) | magic 4 | version 4 | page size 4 | flags 4 | root bucket 16 | freelist 8 | pages 8 | txid 8 | FNV-1a 8
const (
	pageHead   = 16
	element    = 16
	bucketHead = 16
	metaLen    = 64
	flagBranch = 1
	flagLeaf   = 2
	flagBucket = 1
	metaMagic  = 0xED0CDAED
	metaFormat = 2
	deepest    = 32 // levels of a tree; five hold any file we could fill
)

var order = binary.NativeEndian

// Check returns ErrDamaged with the place of the first page that is not well.
func Check(path string) error {
	_, err := walk(path)
	return err
}

// walk is Check that also returns what it saw.
func walk(path string) (*check, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	is, err := f.Stat()
	if err != nil {
		return nil, err
	}
	c := &check{file: f, size: uint64(is.Size())}
	if err := c.meta(); err != nil {
		return nil, fmt.Errorf("%q: %w: %w", path, ErrDamaged, err)
	}
	c.fetch()
	if err := c.tree(c.root, nil, nil, 0); err != nil {
		return nil, fmt.Errorf("%q: %w: %w", path, ErrDamaged, err)
	}
	return c, nil
}

// fetch reads all pages in the order in which they lie, so that the walk finds
// them in memory: page by page a cold file takes many times as long. What cannot
// be read the walk finds itself.
func (c *check) fetch() {
	buffer := make([]byte, 1<<20)
	for at, end := int64(0), int64(c.pages*c.pageSize); at < end; at += int64(len(buffer)) {
		_, _ = c.file.ReadAt(buffer, at)
	}
}

// A check is one walk.
type check struct {
	file     *os.File
	size     uint64 // of the file
	pageSize uint64
	root     uint64 // page of the root bucket
	pages    uint64 // ids are below this
	seen     []bool // by id
	reached  uint64 // pages
}

// meta reads the two meta pages and keeps the younger one. Both must be sound: each
// lies in one sector, which no power cut tears, and bbolt would answer for one that
// is damaged with the other, in which the last commit never was. They lie where the
// machine's page size puts them, for no other wrote the file.
func (c *check) meta() error {
	c.pageSize = uint64(os.Getpagesize())
	if c.size < 4*c.pageSize {
		return fmt.Errorf("%d bytes are too short for a store", c.size)
	}
	var youngest uint64
	found := false
	for at := range uint64(2) {
		var page [pageHead + metaLen]byte
		if _, err := c.file.ReadAt(page[:], int64(at*c.pageSize)); err != nil {
			return err
		}
		m := page[pageHead:]
		sum := fnv.New64a()
		sum.Write(m[:metaLen-8])
		if order.Uint32(m) != metaMagic || order.Uint32(m[4:]) != metaFormat || order.Uint64(m[metaLen-8:]) != sum.Sum64() {
			return fmt.Errorf("meta page %d is not sound", at)
		}
		if txid := order.Uint64(m[48:]); !found || txid > youngest {
			found, youngest = true, txid
			c.root, c.pages = order.Uint64(m[16:]), order.Uint64(m[40:])
			if got := order.Uint32(m[8:]); uint64(got) != c.pageSize {
				return fmt.Errorf("pages of %d bytes", got)
			}
		}
	}
	if c.pages < 3 || c.pages > c.size/c.pageSize {
		return fmt.Errorf("%d pages in %d bytes", c.pages, c.size)
	}
	c.seen = make([]bool, c.pages)
	return nil
}

// tree walks the page id and all below it. Its keys must lie in [low, high).
func (c *check) tree(id uint64, low, high []byte, depth int) error {
	if depth > deepest {
		return fmt.Errorf("page %d: deeper than %d levels", id, deepest)
	}
	page, err := c.read(id)
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	elements, err := split(page, low, high)
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	for i, e := range elements {
		below, end := e.child, high
		switch {
		case e.leaf && !e.bucket:
			continue
		case e.leaf && e.inline != nil:
			if _, err := split(e.inline, nil, nil); err != nil {
				return fmt.Errorf("page %d: bucket %q: %w", id, e.key, err)
			}
			continue
		case e.leaf:
			err = c.tree(below, nil, nil, depth+1)
		default:
			if i+1 < len(elements) {
				end = elements[i+1].key
			}
			err = c.tree(below, e.key, end, depth+1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// read returns a page with all it spans.
func (c *check) read(id uint64) ([]byte, error) {
	if id < 2 || id >= c.pages {
		return nil, fmt.Errorf("no such page (there are %d)", c.pages)
	}
	page := make([]byte, c.pageSize)
	if _, err := c.file.ReadAt(page, int64(id*c.pageSize)); err != nil {
		return nil, err
	}
	more := uint64(order.Uint32(page[12:]))
	if got := order.Uint64(page); got != id || more >= c.pages-id {
		return nil, fmt.Errorf("says it is page %d with %d more", got, more)
	}
	for i := id; i <= id+more; i++ {
		if c.seen[i] {
			return nil, fmt.Errorf("used twice")
		}
		c.seen[i] = true
		c.reached++
	}
	if more == 0 {
		return page, nil
	}
	page = make([]byte, (1+more)*c.pageSize)
	_, err := c.file.ReadAt(page, int64(id*c.pageSize))
	return page, err
}

// A branch or leaf element as far as the walk needs it.
type found struct {
	key    []byte
	leaf   bool
	bucket bool
	child  uint64 // of a branch, or of a bucket with pages of its own
	inline []byte // the page of a bucket without

	value   []byte // of a leaf
	valueAt int    // in its page
}

// split takes a page into its elements. Keys rise and lie in [low, high).
func split(page, low, high []byte) ([]found, error) {
	if len(page) < pageHead {
		return nil, fmt.Errorf("%d bytes", len(page))
	}
	kind, count := order.Uint16(page[8:]), int(order.Uint16(page[10:]))
	if kind != flagBranch && kind != flagLeaf || kind == flagBranch && count == 0 {
		return nil, fmt.Errorf("kind %d with %d elements", kind, count)
	}
	if pageHead+count*element > len(page) {
		return nil, fmt.Errorf("%d elements do not fit", count)
	}
	elements := make([]found, count)
	for i := range elements {
		e, err := elementAt(page, pageHead+i*element, kind == flagLeaf)
		switch {
		case err != nil:
			return nil, fmt.Errorf("element %d: %w", i, err)
		case i > 0 && bytes.Compare(elements[i-1].key, e.key) >= 0, bytes.Compare(e.key, low) < 0, high != nil && bytes.Compare(e.key, high) >= 0:
			return nil, fmt.Errorf("element %d: key %x out of order", i, e.key)
		}
		elements[i] = e
	}
	return elements, nil
}

// elementAt reads the element at an offset of its page.
func elementAt(page []byte, at int, leaf bool) (found, error) {
	var pos, ksize, vsize uint64
	e := found{leaf: leaf}
	if leaf {
		e.bucket = order.Uint32(page[at:])&flagBucket != 0
		pos, ksize, vsize = uint64(order.Uint32(page[at+4:])), uint64(order.Uint32(page[at+8:])), uint64(order.Uint32(page[at+12:]))
	} else {
		pos, ksize, e.child = uint64(order.Uint32(page[at:])), uint64(order.Uint32(page[at+4:])), order.Uint64(page[at+8:])
	}
	start := uint64(at) + pos
	if ksize == 0 || start+ksize+vsize > uint64(len(page)) {
		return e, fmt.Errorf("%d bytes at %d of %d", ksize+vsize, start, len(page))
	}
	e.key = page[start : start+ksize]
	value := page[start+ksize : start+ksize+vsize]
	e.value, e.valueAt = value, int(start+ksize)
	if !e.bucket {
		return e, nil
	}
	if len(value) < bucketHead {
		return e, fmt.Errorf("bucket of %d bytes", len(value))
	}
	if e.child = order.Uint64(value); e.child == 0 {
		e.inline = value[bucketHead:]
	}
	return e, nil
}
