package disktest

import (
	"context"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"
)

const (
	rootID   = 1
	roomy    = 64 << 30 // what a disk without bound says it has
	keepSize = unix.FALLOC_FL_KEEP_SIZE
	punching = unix.FALLOC_FL_PUNCH_HOLE
)

// A platter is the disk itself.
type platter struct {
	head sync.Mutex // held during an fsync: a disk does one at a time

	mu        sync.Mutex // guards all below and the content of all files
	errno     syscall.Errno
	kinds     []Kind
	readOnly  bool
	slow      time.Duration
	left      int64 // bytes of room; negative: no bound
	used      int64
	lastID    uint64
	recording bool
	began     time.Time
	ops       []Op
}

func newPlatter() *platter { return &platter{left: -1, lastID: rootID} }

// record notes an operation that succeeded. p.mu is held.
func (p *platter) record(o Op) {
	if p.recording {
		o.At = time.Since(p.began)
		p.ops = append(p.ops, o)
	}
}

// take uses room, or gives it back if it is negative. p.mu is held.
func (p *platter) take(bytes int64) syscall.Errno {
	if p.left >= 0 {
		if bytes > p.left {
			return syscall.ENOSPC
		}
		p.left -= bytes
	}
	p.used += bytes
	return 0
}

// sync puts a file or a directory on disk: all that was done to it before.
func (p *platter) sync(id uint64) syscall.Errno {
	p.mu.Lock()
	begun, slow := len(p.ops), p.slow
	p.mu.Unlock()
	p.head.Lock()
	defer p.head.Unlock()
	time.Sleep(slow)
	p.mu.Lock()
	defer p.mu.Unlock()
	if why := p.refuses(Sync); why != 0 {
		return why
	}
	p.record(Op{Kind: Sync, ID: id, Begun: begun})
	return 0
}

// statfs tells the room that is left.
func (p *platter) statfs(out *fuse.StatfsOut) syscall.Errno {
	p.mu.Lock()
	defer p.mu.Unlock()
	left := p.left
	if left < 0 {
		left = max(0, roomy-p.used)
	}
	out.Bsize, out.Frsize, out.NameLen = block, block, 255
	out.Blocks, out.Bfree, out.Bavail = uint64(p.used+left)/block, uint64(left)/block, uint64(left)/block
	out.Files, out.Ffree = 1<<20, 1<<20
	return 0
}

// A file is a node of the tree that has bytes. What guards it is platter.mu.
type file struct {
	fs.Inode
	p     *platter
	id    uint64
	mode  uint32
	mtime time.Time
	image image
	gone  bool // it has no name any more, its room is given back
}

var _ interface {
	fs.NodeOpener
	fs.NodeReader
	fs.NodeWriter
	fs.NodeFsyncer
	fs.NodeGetattrer
	fs.NodeSetattrer
	fs.NodeAllocater
	fs.NodeStatfser
} = (*file)(nil)

// Open keeps what the kernel has in its page cache.
func (f *file) Open(_ context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if f.p.readOnly && flags&syscall.O_ACCMODE != syscall.O_RDONLY {
		return nil, 0, syscall.EROFS
	}
	if flags&syscall.O_TRUNC != 0 {
		if why := f.truncate(0); why != 0 {
			return nil, 0, why
		}
	}
	return nil, fuse.FOPEN_KEEP_CACHE, 0
}

// truncate gives the file a size. p.mu is held.
func (f *file) truncate(size int64) syscall.Errno {
	if why := f.p.refuses(Truncate); why != 0 {
		return why
	}
	before := f.image.room()
	f.image.truncate(size)
	f.claim(f.image.room() - before)
	f.mtime = time.Now()
	f.p.record(Op{Kind: Truncate, ID: f.id, Size: size})
	return 0
}

// Read answers from memory.
func (f *file) Read(_ context.Context, _ fs.FileHandle, to []byte, offset int64) (fuse.ReadResult, syscall.Errno) {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	return fuse.ReadResultData(f.image.readAt(to, offset)), 0
}

// Write changes memory, if there is room and nothing is in the way.
func (f *file) Write(_ context.Context, _ fs.FileHandle, content []byte, offset int64) (uint32, syscall.Errno) {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if why := f.p.refuses(Write); why != 0 {
		return 0, why
	}
	if why := f.claim(f.image.lacks(offset, int64(len(content)))); why != 0 {
		return 0, why
	}
	f.image.write(content, offset)
	f.mtime = time.Now()
	if f.p.recording {
		f.p.record(Op{Kind: Write, ID: f.id, Offset: offset, Size: int64(len(content)), Content: append([]byte(nil), content...)})
	}
	return uint32(len(content)), 0
}

// claim takes room for the file; one without a name takes none that is counted.
func (f *file) claim(bytes int64) syscall.Errno {
	if f.gone {
		return 0
	}
	return f.p.take(bytes)
}

// Fsync is that of a file; fdatasync is the same here.
func (f *file) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno { return f.p.sync(f.id) }

// Allocate gives the file room, or takes it away from the middle of it.
func (f *file) Allocate(_ context.Context, _ fs.FileHandle, offset, size uint64, mode uint32) syscall.Errno {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if why := f.p.refuses(Allocate); why != 0 {
		return why
	}
	from, n := int64(offset), int64(size)
	switch {
	case mode&^(keepSize|punching) != 0:
		return syscall.EOPNOTSUPP
	case mode&punching == 0:
		if why := f.claim(f.image.lacks(from, n)); why != 0 {
			return why
		}
	}
	f.p.record(Op{Kind: Allocate, ID: f.id, Offset: from, Size: n, Mode: mode})
	before := f.image.room()
	allocate(&f.image, from, n, mode)
	if mode&punching != 0 {
		f.claim(f.image.room() - before)
	}
	return 0
}

// allocate is fallocate.
func allocate(m *image, from, n int64, mode uint32) {
	if mode&punching != 0 {
		m.punch(from, n)
		return
	}
	m.allocate(from, n, mode&keepSize != 0)
}

// Getattr tells size, room and age.
func (f *file) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	f.attr(&out.Attr)
	return 0
}

func (f *file) attr(out *fuse.Attr) {
	out.Mode = f.mode | syscall.S_IFREG
	out.Size, out.Blocks, out.Blksize, out.Nlink = uint64(f.image.size), uint64(f.image.room()/512), block, 1
	out.SetTimes(&f.mtime, &f.mtime, &f.mtime)
}

// Setattr truncates, and keeps mode and age, which have no part in a recording.
func (f *file) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	f.p.mu.Lock()
	defer f.p.mu.Unlock()
	if f.p.readOnly {
		return syscall.EROFS
	}
	if mode, ok := in.GetMode(); ok {
		f.mode = mode & 0o7777
	}
	if at, ok := in.GetMTime(); ok {
		f.mtime = at
	}
	if size, ok := in.GetSize(); ok {
		if why := f.truncate(int64(size)); why != 0 {
			return why
		}
	}
	f.attr(&out.Attr)
	return 0
}

// Statfs is the disk's.
func (f *file) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno { return f.p.statfs(out) }
