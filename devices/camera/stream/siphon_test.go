package stream

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// framed is a packet in its frame: of a payload type, of a source, with a payload.
func framed(channel, kind, source byte, payload string) string {
	p := string([]byte{0x80, kind, 0, 1, 0, 0, 0, 2, 0, 0, 0, source}) + payload
	return string([]byte{'$', channel, byte(len(p) >> 8), byte(len(p))}) + p
}

// TestSiphon promises that packets of the picture are taken out and all else reaches
// the library byte for byte, whatever pieces it comes in.
func TestSiphon(t *testing.T) {
	ours, marked := framed(0, 96, 7, "picture"), framed(0, 96|0x80, 7, "the end")
	other := framed(0, 96, 8, "another source")
	report := framed(1, 200, 7, "reports are the library's")
	answer := "RTSP/1.0 200 OK\r\nCSeq: 3\r\ncontent-length: 9\r\n\r\n$\x00\x00\x13\r\n\r\n$"
	bare := "RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n"
	long := framed(0, 96, 7, string(make([]byte, 40<<10)))
	for _, c := range []struct {
		name, in, library string
		taken             int
	}{
		{"a picture between answers", answer + ours + marked + bare + ours, answer + bare, 3},
		{"others' packets", other + ours + report + ours, other + report, 2},
		{"a payload type that is not the picture's", framed(0, 97, 7, "sound") + ours, framed(0, 97, 7, "sound"), 1},
		{"a packet without a header", "$\x00\x00\x03abc" + ours, "$\x00\x00\x03abc", 1},
		{"a packet of nothing", "$\x00\x00\x00" + ours, "$\x00\x00\x00", 1},
		{"a packet that does not fit", long + ours, long, 1},
		{"no RTSP at all", "\x16\x03\x01" + ours, "\x16\x03\x01" + ours, 0},
		{"a head without an end", "RTSP/1.0 200 OK\r\n" + string(bytes.Repeat([]byte("A: b\r\n"), 5000)) + ours, "RTSP/1.0 200 OK\r\n" + string(bytes.Repeat([]byte("A: b\r\n"), 5000)) + ours, 0},
		{"a body of no length", "RTSP/1.0 200 OK\r\nContent-Length: -4\r\n\r\n" + ours, "RTSP/1.0 200 OK\r\nContent-Length: -4\r\n\r\n" + ours, 0},
		{"half an answer", ours + "RTSP/1.0 200 O", "RTSP/1.0 200 O", 1},
	} {
		for name, r := range map[string]io.Reader{"whole": bytes.NewReader([]byte(c.in)), "one byte at a time": iotest.OneByteReader(bytes.NewReader([]byte(c.in)))} {
			t.Run(fmt.Sprint(c.name, ", ", name), func(t *testing.T) {
				taken := 0
				siphon := &siphon{r: bufio.NewReaderSize(r, readBuffer)}
				siphon.follow(96, 7, func([]byte) { taken++ })
				got, err := io.ReadAll(siphon)
				if diff := cmp.Diff(c.library, string(got)); diff != "" || err != nil {
					t.Errorf("%v; -want +got:\n%s", err, diff)
				}
				if taken != c.taken {
					t.Errorf("took %d packets, want %d", taken, c.taken)
				}
			})
		}
	}
}
