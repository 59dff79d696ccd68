// Package metadata reads the ONVIF metadata track of a camera's stream: what the
// camera sees as text, beside the picture or without it.
//
//	chunk ──► cut, inflate ──► document ──┬─ tt:Event ──────────► notifications (package notice)
//	                                      └─ tt:VideoAnalytics ─► how many objects of each class
//
//	cut.go      where a document begins and ends   class.go  the words for what is seen
//	inflate.go  documents that come in gzip        scene.go  counting, and the second between two figures
//	document.go one document                       pace.go   how much is read at all
//
// Its rules:
//
//   - An event is never given up for the sake of counting: frames beyond ten
//     documents a second are left out, the last of them is read later. Only of what
//     comes packed both are given up beyond a MiB a second (pace.go).
//   - A figure is the most objects of a class that one frame had within a second,
//     and it stands at that frame's time. What no frame said is no figure; a class
//     that a later frame has no more is told as 0, once.
//   - A packet that was lost spoils the document it belonged to and no other.
//   - What the camera says besides (boxes, faces, plates, pictures, where it looks)
//     is not read: it stays in the camera.
//
// It does not know RTP, RTSP, which camera speaks, or what a notification means.
//
// What is known of the track is from ONVIF Streaming 5.2.1.2 and Analytics 5.1 to
// 5.1.3 (onvif/specs ae44f9e, 2026) and from trackers, named where it counts.
package metadata

import (
	"errors"
	"time"

	"sitepost/devices/camera/notice"
)

// A Chunk is the payload of one RTP packet of the track.
type Chunk struct {
	Sequence  uint16
	Timestamp uint32 // "has no specific meaning" (Streaming 5.2.1.2): packets of one document may have several
	Last      bool   // the marker
	Payload   []byte // only valid during the call
	At        time.Time
	Encoding  string // of the track: "", "gzip", "exi"
}

// What is found in a chunk, or because time went by.
type Found struct {
	Notifications []notice.Notification
	Counts        []Count // sorted by class
}

// A Count is how many objects of one class were seen at once.
type Count struct {
	Class   string    // "person", see class.go
	Objects int       // 0 says that the last of them has gone
	At      time.Time // when the frame came that had so many
}

// A Tally is what was not read, and what was.
type Tally struct {
	Documents int // read for what is in them
	Spoiled   int // begun and never ended, with a packet lost, or not readable
	Large     int // beyond the bound, alone or by what all of them unpack to
	Left      int // frames left out because there were too many
	Unheard   int // notifications left out because there were too many
}

// ErrEncoding says that the camera writes its metadata in a form we cannot read.
var ErrEncoding = errors.New("its metadata track is written in EXI, which is not supported: choose none or gzip as its compression (MetadataConfiguration, CompressionType)")

// A Reader reads one track of one camera. It may go on with the next session of
// the same camera, after [Reader.Begin]. It is not safe for two goroutines.
type Reader struct {
	tally   Tally
	text    cutter
	packed  inflater
	scene   scene
	pace    paces
	refused bool // the encoding, which was told

	hasLate bool // there is a document whose frames there was no time for
	late    []byte
	lateAt  time.Time

	begun bool
	next  uint16 // the sequence number that is expected
}

// NewReader returns a reader that has seen nothing.
func NewReader() *Reader { return &Reader{} }

// Tally says what was read so far.
func (r *Reader) Tally() Tally { return r.tally }

// Begin forgets what a former session left half said, and that its encoding was
// refused. What was counted is kept: that a class has gone is still told.
func (r *Reader) Begin() {
	r.begun, r.refused = false, false
	r.cutOff()
}

// Take reads a chunk. The error is [ErrEncoding], told once in a session.
func (r *Reader) Take(c Chunk) (Found, error) {
	found := r.Idle(c.At)
	if !r.isNext(c.Sequence) {
		return found, nil
	}
	if isEXI(c) {
		told := r.refused
		r.refused = true
		if told {
			return found, nil
		}
		return found, ErrEncoding
	}
	read := func(document []byte) { r.read(document, c.At, &found) }
	if !r.packed.wants(c, r.text.isIdle()) {
		r.text.take(c.Payload, &r.tally, read)
		return found, nil
	}
	r.text.drop(&r.tally)
	if document := r.packed.take(c, &r.tally); document != nil {
		r.text.take(document, &r.tally, read)
		r.text.drop(&r.tally)
	}
	return found, nil
}

// Idle says what became due while nothing came. Call it about once a second where
// the track is quiet.
func (r *Reader) Idle(now time.Time) Found {
	found := Found{Counts: r.scene.tell(now)}
	if r.hasLate && r.pace.frames(now, len(r.late)) {
		r.readLate()
	}
	return found
}

// later is the most by which a packet may come after one that followed it.
const later = 100

// isNext follows the sequence. A packet that came before is not wanted; after one
// that is missing what was begun cannot be ended.
func (r *Reader) isNext(sequence uint16) bool {
	ahead := int16(sequence - r.next)
	if r.begun && ahead < 0 && ahead >= -later {
		return false
	}
	if r.begun && ahead != 0 {
		r.cutOff()
	}
	r.begun, r.next = true, sequence+1
	return true
}

func (r *Reader) cutOff() {
	r.text.drop(&r.tally)
	r.packed.drop(&r.tally)
}
