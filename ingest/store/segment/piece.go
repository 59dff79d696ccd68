package segment

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"sitepost/ingest/store/sound"
)

// A piece is one file. What is not guarded by its lock is by the log's.
type piece struct {
	path  string
	first uint64

	last    uint64 // below first: none
	bytes   int64  // on disk
	used    int64  // of them, when a value was last added
	touched time.Time
	suspect bool // a commit failed: it gets no more values. The writer's own

	mu   sync.RWMutex // read-held by who uses the file
	file *sound.File  // nil: it is not open
	gone bool         // it was closed for good
}

// bucket is the only one in a file.
var bucket = []byte("values")

func key(number uint64) []byte { return binary.BigEndian.AppendUint64(nil, number) }

func byNumber(a, b *piece) int { return cmp.Compare(a.first, b.first) }

// name is that of a file.
func name(prefix string, first uint64, epoch string) string {
	return fmt.Sprintf("%s-%020d-%s.db", prefix, first, epoch)
}

// named reads what name wrote; false for a file that is not ours.
func named(prefix, file string) (first uint64, epoch string, ours bool) {
	rest, is := strings.CutPrefix(file, prefix+"-")
	number, end, _ := strings.Cut(rest, "-")
	epoch = strings.TrimSuffix(end, ".db")
	first, err := strconv.ParseUint(number, 10, 64)
	return first, epoch, is && err == nil && first > 0 && name(prefix, first, epoch) == file
}

// unfinished says whether a file is one of ours that never got its name.
func unfinished(prefix, file string) bool {
	whole, is := strings.CutSuffix(file, ".new")
	_, _, ours := named(prefix, whole)
	return is && ours
}

// create makes a file.
func create(l *Log, first uint64) (*piece, error) {
	path := filepath.Join(l.opt.Directory, name(l.opt.Prefix, first, l.opt.Epoch))
	err := sound.Create(path, l.opt.Bytes, func(tx *bolt.Tx) error {
		_, err := tx.CreateBucket(bucket)
		return err
	})
	if err != nil {
		_ = os.Remove(path + ".new") // the first error is the one to tell
		return nil, err
	}
	p := &piece{path: path, first: first, last: first - 1}
	// A file that grows has its size and its place on disk written with each commit:
	// twice the bytes. Where there is no room for all of it, it grows all the same.
	p.file, err = sound.Open(path, l.opt.Bytes, sound.Allocated(func(error) {}))
	if err != nil {
		return nil, err
	}
	return p, p.measure()
}

// measure looks how much disk the file takes: its end may be a hole.
func (p *piece) measure() error {
	is, err := os.Stat(p.path)
	if err != nil {
		return err
	}
	p.bytes, p.touched = is.Size(), is.ModTime()
	if st, ok := is.Sys().(*syscall.Stat_t); ok {
		p.bytes = st.Blocks * 512
	}
	return nil
}

// use runs do with the open file. A file that is gone has nothing.
func (p *piece) use(l *Log, do func(f *sound.File) error) error {
	for {
		p.mu.RLock()
		if p.gone || p.file != nil {
			break
		}
		p.mu.RUnlock()
		if err := p.open(l); err != nil {
			return err
		}
	}
	defer p.mu.RUnlock()
	if p.file == nil {
		return nil
	}
	return do(p.file)
}

func (p *piece) open(l *Log) (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone || p.file != nil {
		return nil
	}
	p.file, err = sound.Open(p.path, l.opt.Bytes)
	if errors.Is(err, os.ErrNotExist) {
		err = fmt.Errorf("%w: %w", sound.ErrDamaged, err)
	}
	return err
}

// close waits for who reads.
func (p *piece) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil {
		return nil
	}
	f := p.file
	p.file = nil
	return f.Close()
}

// leave closes for good.
func (p *piece) leave() error {
	p.mu.Lock()
	p.gone = true
	p.mu.Unlock()
	return p.close()
}

// ends returns the highest number in the file, first-1 if there is none.
func (p *piece) ends(l *Log) (last uint64, err error) {
	last = p.first - 1
	err = p.use(l, func(f *sound.File) error {
		return f.View(func(tx *bolt.Tx) error {
			b := tx.Bucket(bucket)
			if b == nil {
				return fmt.Errorf("%w: there is no bucket %q", sound.ErrDamaged, bucket)
			}
			k, _ := b.Cursor().Last()
			if k == nil {
				return nil
			}
			if len(k) != 8 || binary.BigEndian.Uint64(k) < p.first || binary.BigEndian.Uint64(k) >= p.first+Most {
				return fmt.Errorf("%w: the last number is %x", sound.ErrDamaged, k)
			}
			last = binary.BigEndian.Uint64(k)
			return nil
		})
	})
	return last, err
}

// append adds values in one commit, and returns how large the file is then.
func (p *piece) append(l *Log, first uint64, values [][]byte) (size int64, err error) {
	err = p.use(l, func(f *sound.File) error {
		var done *bolt.Tx
		committed, err := f.Update(func(tx *bolt.Tx) error {
			done = tx
			b := tx.Bucket(bucket)
			if b == nil {
				return fmt.Errorf("%w: there is no bucket %q", sound.ErrDamaged, bucket)
			}
			b.FillPercent = 1 // numbers rise: pages are filled to the brim
			for i, v := range values {
				if err := b.Put(key(first+uint64(i)), v); err != nil {
					return err
				}
			}
			size = tx.Size()
			return nil
		})
		if committed {
			l.wrote(done)
		}
		return err
	})
	// After anything but a full disk or a full file nobody knows what the file holds:
	// it is looked at again when it is read.
	p.suspect = err != nil && !Full(err) && !errors.Is(err, berrors.ErrMaxSizeReached)
	return size, err
}

// wrote counts a commit: the pages it made, and bbolt's own.
func (l *Log) wrote(tx *bolt.Tx) {
	stats := tx.Stats()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commits++
	l.pages += stats.GetPageAlloc() + int64(os.Getpagesize())
}

// walk visits the values above a number, up to another.
func (p *piece) walk(l *Log, after, upto uint64, visit func(number uint64, value []byte) bool) error {
	return p.use(l, func(f *sound.File) error {
		return f.View(func(tx *bolt.Tx) error {
			b := tx.Bucket(bucket)
			if b == nil {
				return fmt.Errorf("%w: there is no bucket %q", sound.ErrDamaged, bucket)
			}
			c := b.Cursor()
			for k, v := c.Seek(key(after + 1)); k != nil; k, v = c.Next() {
				if len(k) != 8 {
					return fmt.Errorf("%w: key %x", sound.ErrDamaged, k)
				}
				if number := binary.BigEndian.Uint64(k); number > upto || !visit(number, v) {
					return nil
				}
			}
			return nil
		})
	})
}
