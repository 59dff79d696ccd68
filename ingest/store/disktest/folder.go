package disktest

import (
	"context"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// A folder is a node of the tree that has names in it. go-fuse keeps which.
type folder struct {
	fs.Inode
	p    *platter
	id   uint64
	mode uint32
}

var _ interface {
	fs.NodeCreater
	fs.NodeMkdirer
	fs.NodeRenamer
	fs.NodeUnlinker
	fs.NodeRmdirer
	fs.NodeFsyncer
	fs.NodeGetattrer
	fs.NodeSetattrer
	fs.NodeStatfser
} = (*folder)(nil)

// Create makes an empty file.
func (d *folder) Create(ctx context.Context, name string, _, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	if why := d.p.refuses(Create); why != 0 {
		return nil, nil, 0, why
	}
	d.p.lastID++
	f := &file{p: d.p, id: d.p.lastID, mode: mode & 0o7777, mtime: time.Now()}
	d.p.record(Op{Kind: Create, ID: f.id, In: d.id, Name: name})
	f.attr(&out.Attr)
	return d.NewPersistentInode(ctx, f, fs.StableAttr{Mode: syscall.S_IFREG, Ino: f.id}), nil, fuse.FOPEN_KEEP_CACHE, 0
}

// Mkdir makes an empty directory.
func (d *folder) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	if why := d.p.refuses(Mkdir); why != 0 {
		return nil, why
	}
	d.p.lastID++
	made := &folder{p: d.p, id: d.p.lastID, mode: mode & 0o7777}
	d.p.record(Op{Kind: Mkdir, ID: made.id, In: d.id, Name: name})
	made.attr(&out.Attr)
	return d.NewPersistentInode(ctx, made, fs.StableAttr{Mode: syscall.S_IFDIR, Ino: made.id}), 0
}

// Rename moves a name. What had the new one loses it.
func (d *folder) Rename(_ context.Context, name string, to fs.InodeEmbedder, toName string, flags uint32) syscall.Errno {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	if why := d.p.refuses(Rename); why != 0 {
		return why
	}
	target, ours := to.(*folder)
	moved, there := d.GetChild(name), (*fs.Inode)(nil)
	if ours {
		there = target.GetChild(toName)
	}
	switch {
	case flags != 0 || !ours || moved == nil:
		return syscall.EINVAL
	case there != nil:
		d.p.free(there)
	}
	d.p.record(Op{Kind: Rename, ID: moved.StableAttr().Ino, In: d.id, Name: name, To: target.id, ToName: toName})
	return 0
}

// free gives back the room of a file that has lost its name. p.mu is held.
func (p *platter) free(node *fs.Inode) {
	if f, is := node.Operations().(*file); is {
		p.take(-f.image.room())
		f.gone = true
	}
}

// Unlink takes a name away.
func (d *folder) Unlink(_ context.Context, name string) syscall.Errno {
	d.p.mu.Lock()
	defer d.p.mu.Unlock()
	if why := d.p.refuses(Unlink); why != 0 {
		return why
	}
	lost := d.GetChild(name)
	if lost == nil {
		return syscall.ENOENT
	}
	d.p.free(lost)
	d.p.record(Op{Kind: Unlink, ID: lost.StableAttr().Ino, In: d.id, Name: name})
	return 0
}

// Rmdir takes the name of an empty directory away.
func (d *folder) Rmdir(ctx context.Context, name string) syscall.Errno {
	if lost := d.GetChild(name); lost != nil && len(lost.Children()) > 0 {
		return syscall.ENOTEMPTY
	}
	return d.Unlink(ctx, name)
}

// Fsync is that of a directory: of the names in it.
func (d *folder) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno { return d.p.sync(d.id) }

// Getattr tells the mode.
func (d *folder) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	d.attr(&out.Attr)
	return 0
}

func (d *folder) attr(out *fuse.Attr) {
	out.Mode, out.Nlink, out.Blksize = d.mode|syscall.S_IFDIR, 2, block
}

// Setattr does nothing: the mode of a directory has no part in any test.
func (d *folder) Setattr(_ context.Context, _ fs.FileHandle, _ *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	d.attr(&out.Attr)
	return 0
}

// Statfs is the disk's.
func (d *folder) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno { return d.p.statfs(out) }
