package store

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"sitepost/devices"
	"sitepost/ingest/store/sound"
)

// A spot is where a record lies in the file. There may be a million of them.
type spot struct {
	at    int64  // of the value
	key   uint64 // under which it lies
	seq   uint64 // that of the record
	size  uint32 // of the value
	epoch uint16 // index in wreck.epochs
	lane  uint8  // index in devices.Lanes
	saved bool   // it was saved from a file before
	young bool   // it is what was committed; other copies may be of a commit that never was
	when  int64  // it was accepted
}

// mostSpots bounds what a salvage takes in memory, to 48 MiB.
const mostSpots = 1 << 20

// takeRecord notes where a record lies, unless it is known to be done. It says
// whether it was one.
func (w *wreck) takeRecord(p sound.Piece) bool {
	doc, err := sound.UnframeDoc(p.Key, p.Value)
	if err != nil {
		return false
	}
	key := seqOf(p.Key)
	record, saved := rescuedIn(doc, key)
	if !saved {
		record = doc
	}
	h, ok := headlineOf(record)
	lane := slices.Index(devices.Lanes(), devices.Lane(h.Lane))
	switch {
	case !ok || lane < 0 || !saved && h.Seq != key || !epochShape.MatchString(string(h.Epoch)):
		return false
	case saved && key <= w.numbers[numberRescuedSent]:
		return true
	}
	if w.full = w.full || len(w.spots) >= mostSpots && !w.thin(); w.full {
		return true
	}
	w.spots = append(w.spots, spot{
		at: p.Offset, key: key, seq: h.Seq, size: uint32(len(p.Value)), epoch: w.index(h.Epoch), lane: uint8(lane), saved: saved,
		young: p.Current, when: acceptedIn(record),
	})
	return true
}

// acceptedIn reads when a record was accepted, and no more than that. Within its
// texts a quotation mark never stands alone.
func acceptedIn(record []byte) int64 {
	const name = `"accepted":"`
	i := bytes.LastIndex(record, []byte(name))
	if i < 0 {
		return 0
	}
	word, _, _ := bytes.Cut(record[i+len(name):], []byte{'"'})
	at, err := time.Parse(time.RFC3339Nano, string(word))
	if err != nil {
		return 0
	}
	return at.UnixNano()
}

// index is that of an epoch.
func (w *wreck) index(e Epoch) uint16 {
	i := slices.Index(w.epochs, e)
	if i < 0 {
		i = len(w.epochs)
		w.epochs = append(w.epochs, e)
	}
	return uint16(min(i, 1<<16-1))
}

// thin takes out second copies, and says whether that made room. Two records of one
// number differ where a power cut came before the commit of the first: then the one
// that can be reached is the true one, or else the later one.
func (w *wreck) thin() bool {
	slices.SortFunc(w.spots, func(a, b spot) int {
		return cmp.Or(cmp.Compare(a.lane, b.lane), -compareBool(a.saved, b.saved), cmp.Compare(a.key, b.key), cmp.Compare(a.epoch, b.epoch),
			cmp.Compare(a.seq, b.seq), -compareBool(a.young, b.young), cmp.Compare(b.when, a.when))
	})
	w.spots = slices.CompactFunc(w.spots, func(a, b spot) bool {
		return a.lane == b.lane && a.saved == b.saved && a.key == b.key && a.epoch == b.epoch && a.seq == b.seq
	})
	return len(w.spots) < mostSpots/2
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
