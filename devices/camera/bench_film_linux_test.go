package camera_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"time"
)

// The film that all cameras of the bench send, for ever. It is the clip of the
// virtual cameras (1080p25, a key frame every 2 s, 2.6 Mbit/s) with each of its
// pictures made longer by bytes of its own, up to 4 Mbit/s: nobody here decodes
// them, and a meter looks at the beginning of a picture and counts the rest.
const (
	benchClip     = "../virtual/clip/1080p25.h264"
	benchBitrate  = 4e6 // RTP payload and header
	benchFPS      = 25
	benchPayload  = 1400 // bytes of an RTP packet behind its header
	benchTicks    = 90000 / benchFPS
	rtpHeaderSize = 12
	framingSize   = 4 // "$", channel, length: RFC 2326 10.12
)

// A benchFilm is a ring of frames that are ready to be sent.
type benchFilm struct {
	parameters [][]byte // SPS and PPS
	frames     []benchFrame
	packets    int
	bytes      int // RTP payload and header
}

// A benchFrame is what goes over the wire, but for the numbers and time stamps
// of its packets, and where their RTP headers are.
type benchFrame struct {
	wire    []byte
	headers []int
}

func loadBenchFilm() (*benchFilm, error) {
	clip, err := os.ReadFile(benchClip)
	if err != nil {
		return nil, err
	}
	units := bytes.Split(clip, []byte{0, 0, 1})[1:]
	pictures, whole := 0, 0
	for n, u := range units {
		units[n] = bytes.TrimRight(u, "\x00") // the first byte of a longer start code
		if isPicture(units[n]) {
			pictures++
			whole += len(units[n])
		}
	}
	if pictures == 0 {
		return nil, errors.New(benchClip + " has no pictures")
	}
	want := benchBitrate / 8 * float64(pictures) / benchFPS * benchPayload / (benchPayload + rtpHeaderSize + 2)
	longer := max(0, want/float64(whole)-1)
	f := &benchFilm{}
	var frame benchFrame
	for _, u := range units {
		last := isPicture(u)
		if last {
			u = append(u[:len(u):len(u)], u[1:1+min(len(u)-1, int(longer*float64(len(u))))]...)
		} else if len(f.parameters) < 2 {
			f.parameters = append(f.parameters, u)
		}
		frame.unit(u, last)
		if last {
			f.frames = append(f.frames, frame)
			f.packets += len(frame.headers)
			f.bytes += len(frame.wire) - framingSize*len(frame.headers)
			frame = benchFrame{}
		}
	}
	return f, nil
}

// isPicture says whether a NAL unit is a slice; the clip has one for each picture.
func isPicture(unit []byte) bool { return unit[0]&0x1f == 1 || unit[0]&0x1f == 5 }

// unit adds a NAL unit, as one packet or in fragments (FU-A, RFC 6184 5.8). Of
// these the first byte says that they are, the second which unit and which part:
//
//	S E R T T T T T    start, end, type of the unit
func (f *benchFrame) unit(u []byte, last bool) {
	if len(u) <= benchPayload {
		f.packet(last, u)
		return
	}
	kind, rest := u[0], u[1:]
	for part := byte(0x80); len(rest) > 0; part = 0 {
		n := min(len(rest), benchPayload-2)
		if n == len(rest) {
			part |= 0x40
		}
		f.packet(last && n == len(rest), []byte{kind&^0x1f | 28, part | kind&0x1f}, rest[:n])
		rest = rest[n:]
	}
}

// packet adds an RTP packet within its frame of RTSP, on channel 0.
func (f *benchFrame) packet(marker bool, payload ...[]byte) {
	all := bytes.Join(payload, nil)
	f.wire = append(f.wire, '$', 0)
	f.wire = binary.BigEndian.AppendUint16(f.wire, uint16(rtpHeaderSize+len(all)))
	f.headers = append(f.headers, len(f.wire))
	kind := byte(96)
	if marker {
		kind |= 0x80
	}
	f.wire = append(f.wire, 0x80, kind, 0, 0, 0, 0, 0, 0)
	f.wire = binary.BigEndian.AppendUint32(f.wire, benchSSRC)
	f.wire = append(f.wire, all...)
}

const benchSSRC = 0x5173905

// stamp writes what differs from session to session into a copy of the frame.
func (f *benchFrame) stamp(into []byte, sequence uint16, ticks uint32) []byte {
	into = append(into[:0], f.wire...)
	for n, at := range f.headers {
		binary.BigEndian.PutUint16(into[at+2:], sequence+uint16(n))
		binary.BigEndian.PutUint32(into[at+4:], ticks)
	}
	return into
}

// benchReport is an RTCP sender report within its frame of RTSP, on channel 1
// (RFC 3550 6.4.1, without any block). The frame that was due then has the ticks.
func benchReport(now, due time.Time, ticks uint32) []byte {
	const from1900to1970 = 2208988800 // seconds
	r := []byte{'$', 1, 0, 28, 0x80, 200, 0, 6}
	r = binary.BigEndian.AppendUint32(r, benchSSRC)
	r = binary.BigEndian.AppendUint32(r, uint32(now.Unix()+from1900to1970))
	r = binary.BigEndian.AppendUint32(r, uint32(uint64(now.Nanosecond())<<32/1e9))
	r = binary.BigEndian.AppendUint32(r, ticks+uint32(now.Sub(due).Seconds()*90000))
	return append(r, make([]byte, 8)...) // packets and bytes: nobody looks
}
