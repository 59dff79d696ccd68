package doctor

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	fullBelow = 64 << 20 // bytes that are free
	lowBelow  = 10       // percent that is free
	wornFrom  = 80       // percent of an eMMC's life
)

// disk looks at the file system of the store. SMART is not asked: it needs root, and a
// disk of a box seldom knows it.
func (e *examination) disk(context.Context) []Row {
	if e.Site == nil {
		return []Row{unread}
	}
	folder, rows := e.Site.Store.Directory, []Row(nil)
	space, err := e.Machine.Space(folder)
	for errors.Is(err, fs.ErrNotExist) && folder != "/" {
		if len(rows) == 0 {
			rows = append(rows, Row{State: Look, Code: "disk.missing", Place: folder, Text: "the store's folder is not there yet", Next: "it is made at the first start; if the site ran before, is a disk not mounted?"})
		}
		folder = filepath.Dir(folder)
		space, err = e.Machine.Space(folder)
	}
	if err != nil {
		return append(rows, Row{State: Unseen, Code: "unseen", Place: folder, Text: fmt.Sprintf("the disk cannot be looked at: %v", err), Next: "run the doctor as root"})
	}
	m := e.Machine.mountOf(folder)
	if slices.Contains(m.options, "ro") {
		rows = append(rows, Row{State: Wrong, Code: "disk.readonly", Place: m.at, Text: "the disk is read-only", Next: "dmesg says why; a disk with errors must be replaced"})
	}
	rows = append(rows, e.room(folder, space)...)
	worn, known := e.Machine.wornOf(m)
	if worn >= wornFrom {
		rows = append(rows, Row{State: Look, Code: "disk.worn", Place: m.at, Text: fmt.Sprintf("%d %% of the storage's life are used", worn), Next: "plan a replacement"})
	}
	text := fmt.Sprintf("%s: %d %% free of %d GiB", folder, percent(space), space.Total>>30)
	if known {
		text += fmt.Sprintf(", %d %% of its life used", worn)
	}
	return goodUnless(rows, text)
}

func percent(s Space) int64 { return 100 * s.Free / max(1, s.Total) }

// room judges what is free.
func (e *examination) room(folder string, s Space) []Row {
	wanted := int64(0) // by the store
	if e.Snapshot != nil {
		wanted = e.Snapshot.Store.Size - e.Snapshot.Store.Bytes
	}
	switch {
	case s.Free < fullBelow:
		return []Row{{State: Wrong, Code: "disk.full", Place: folder, Text: fmt.Sprintf("only %d MiB are free", s.Free>>20), Next: "make room: du -xhd1 /var shows who takes it"}}
	case s.Free < wanted:
		return []Row{{State: Look, Code: "disk.low", Place: folder, Text: fmt.Sprintf("%d MiB are free, and the store may still take %d MiB", s.Free>>20, wanted>>20), Next: "make room, or lower size in [store]"}}
	case percent(s) < lowBelow:
		return []Row{{State: Look, Code: "disk.low", Place: folder, Text: fmt.Sprintf("%d %% of the disk are free", percent(s)), Next: "make room: du -xhd1 /var shows who takes it"}}
	}
	return nil
}

// store says what the running sitepost knows of its files.
func (e *examination) store(context.Context) []Row {
	if e.Snapshot == nil {
		return []Row{{State: Unseen, Code: "unseen", Text: "only a running sitepost knows how its store does", Next: e.orAsk("start it; or read all of it: sitepost store verify")}}
	}
	waiting := uint64(0)
	for _, l := range e.Snapshot.Store.Lanes {
		waiting += l.Waiting
	}
	return goodUnless(e.told("store", "wear"), fmt.Sprintf("%d MiB of %d MiB, %d records wait for the city", e.Snapshot.Store.Bytes>>20, e.Snapshot.Store.Size>>20, waiting))
}

// A mount is one file system of /proc/self/mountinfo (proc(5)):
//
//	36 35 179:2 / /var rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw,errors=remount-ro
//	      |       |    |                                         |
//	      device  at   options                                   of the file system
type mount struct {
	device, at string
	options    []string
}

// mountOf is the file system on which a folder lies.
func (m Machine) mountOf(folder string) (best mount) {
	lines := bufio.NewScanner(strings.NewReader(m.Word("proc/self/mountinfo")))
	for lines.Scan() {
		left, right, ok := strings.Cut(lines.Text(), " - ")
		words, more := strings.Fields(left), strings.Fields(right)
		if !ok || len(words) < 6 || len(more) < 3 {
			continue
		}
		at := strings.ReplaceAll(words[4], `\040`, " ")
		inside := at == "/" || folder == at || strings.HasPrefix(folder, at+"/")
		if inside && len(at) >= len(best.at) {
			best = mount{words[2], at, append(strings.Split(words[5], ","), strings.Split(more[2], ",")...)}
		}
	}
	return best
}

// wornOf says how much of its life the eMMC below a file system has used, in percent
// (/sys/block/mmcblk0/device/life_time, two figures of tenths: "0x03 0x01").
func (m Machine) wornOf(of mount) (worn int, known bool) {
	target, err := fs.ReadLink(m.Root, path.Join("sys/dev/block", cmp.Or(of.device, "none")))
	if err != nil {
		return 0, false
	}
	_, disk, _ := strings.Cut(target, "/block/")
	disk, _, _ = strings.Cut(disk, "/")
	for word := range strings.FieldsSeq(m.Word(path.Join("sys/block", disk, "device/life_time"))) {
		if tenths, err := strconv.ParseUint(word, 0, 8); err == nil && tenths > 0 {
			worn, known = max(worn, min(100, int(tenths)*10)), true
		}
	}
	return worn, known
}
