package stream

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log"
	"math"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pion/rtp"
)

// The faults of gortsplib 4.16.2 that are fenced in have numbers, F1 to F17; each
// has one test, in which a camera behaves so that the library alone would fail.
// Here they run in fake time, with the patience of the product. F1, F2, F3 and F14
// are in guard_test.go, F11 and F12 in sdp_test.go, F13 in udp_test.go, F17 in
// hostile_test.go.

// TestF4FractionOfASecond reads the fraction of a sender report as what it is: a
// clock that is 12.9 s ahead is not 15.9 s ahead.
func TestF4FractionOfASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{play: reel{gop: 50, ahead: 12900 * time.Millisecond}.play}
		s, err := Measure(t.Context(), near(cam), 3*time.Second)
		if err != nil || s.ClockErrorMS == nil || *s.ClockErrorMS != 12900 {
			t.Errorf("got %v ms, %v, want 12900", s.ClockErrorMS, err)
		}
	})
}

// TestF5DuplicateIsNoLoss counts a packet that comes twice once, and a sequence
// that begins anew as that: neither is a loss.
func TestF5DuplicateIsNoLoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{play: after(20*time.Millisecond, filming(50, func(i int, k []*rtp.Packet) []*rtp.Packet {
			for _, p := range k {
				if i >= 100 {
					p.SequenceNumber += 20000
				}
			}
			if i == 30 {
				k = append(k, k[2])
			}
			return k
		}))}
		s, err := Measure(t.Context(), near(cam), 8*time.Second)
		if err != nil || s.Duplicates != 1 || s.Resets != 1 || *s.Loss != 0 || s.Packets != 600 {
			t.Errorf("got %+v, %v", s, err)
		}
	})
}

// TestF6JitterOfEveryFrame measures jitter on all frames: here only those between
// key frames come late, each second one by 8 ms.
func TestF6JitterOfEveryFrame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{play: reel{gop: 50, late: func(i int) time.Duration { return time.Duration(i%2) * 8 * time.Millisecond }}.play}
		s, err := Measure(t.Context(), near(cam), 7990*time.Millisecond)
		want := 8 * (1 - math.Pow(15.0/16, 199)) // RFC 3550 6.4.1, 199 differences of 8 ms
		if err != nil || s.JitterMS == nil || math.Abs(*s.JitterMS-want) > 0.01 {
			t.Errorf("got %v ms, %v, want %.3f", s.JitterMS, err, want)
		}
	})
}

// TestF7NewSSRC notices that the camera has restarted its encoder, after which the
// library would hear nothing more: a visit ends with what was seen before, and who
// follows is told to begin anew.
func TestF7NewSSRC(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{play: after(20*time.Millisecond, filming(25, func(i int, k []*rtp.Packet) []*rtp.Packet {
			for _, p := range k {
				p.SSRC = uint32(1 + i/120)
			}
			return k
		}))}
		s, err := Measure(t.Context(), near(cam), time.Minute)
		if err != nil || s.State != Live || s.Frames != 120 || s.Resets != 1 || s.Seconds != 4.82 {
			t.Errorf("got %+v, %v", s, err)
		}
		got, err := followed(t, near(cam), 3*time.Second, 9)
		if !errors.Is(err, ErrAgain) || len(got) != 2 || got[1].State != Live || got[1].Frames != 70 || got[1].Resets != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// TestF8StaleNonce begins anew when a keep-alive is answered 401: the library logs
// in once per session, and some cameras stop sending then. The old session answers
// no second challenge.
func TestF8StaleNonce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		playing := false
		cam := &fake{play: filming(50, nil)}
		cam.answer = func(q question) string {
			login := q.header.Get("Authorization")
			switch {
			case playing && q.method != "TEARDOWN":
				return "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"c\", nonce=\"second\", stale=true\r\n\r\n"
			case login == "" && q.method != "OPTIONS":
				return "RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"c\", nonce=\"first\"\r\n\r\n"
			}
			playing = playing || q.method == "PLAY"
			return ""
		}
		target := near(cam)
		target.User, target.Password = "onvif", password
		began := time.Now()
		got, err := followed(t, target, time.Minute, 9)
		if !errors.Is(err, ErrAgain) || len(got) != 2 || got[1].State != Live || time.Since(began) != 30*time.Second {
			t.Errorf("got %+v, %v after %v", got, err, time.Since(began))
		}
		asked, _ := cam.heard()
		for _, q := range asked {
			if strings.Contains(q.header.Get("Authorization"), "second") {
				t.Errorf("got a second login in %v", q)
			}
		}
	})
}

// TestF9DeadPicture notices a picture that stopped while reports and metadata keep
// the session alive: three seconds after the last frame, to the millisecond.
func TestF9DeadPicture(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		film := reel{gop: 25, change: func(i int, k []*rtp.Packet) []*rtp.Packet {
			if i > 100 {
				return nil // sender reports go on
			}
			return k
		}}
		cam := &fake{description: sdpHead + sdpVideo + sdpMetadata, play: after(20*time.Millisecond, alongside(film.play, talking(2, time.Second)))}
		target, chunks := near(cam), 0
		target.Metadata = func(Chunk) { chunks++ }
		began := time.Now()
		got, err := followed(t, target, time.Minute, 9)
		if took := time.Since(began); took != 7020*time.Millisecond || len(got) != 2 {
			t.Fatalf("got %d streams, %v after %v, want the second after 7.02 s", len(got), err, took)
		}
		if diff := cmp.Diff(outcome{Stalled, NoData, nil}, outcomeOf(got[1], err)); diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		if s := got[1]; s.Frames != 51 || s.Seconds != 5.02 || len(s.Why) != 1 || chunks < 6 || s.Metadata == nil || !*s.Metadata {
			t.Errorf("got %d chunks, %+v", chunks, s)
		}
	})
}

// TestF10QuietMetadata keeps a session in which nothing happens: ten minutes of
// silence are no fault of a metadata track, and the session is kept alive often
// enough, whatever timeout the camera names.
func TestF10QuietMetadata(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{description: sdpHead + sdpVideo + sdpMetadata, play: talking(0, 10*time.Minute)}
		cam.answer = func(q question) string {
			if q.method != "SETUP" {
				return ""
			}
			return "RTSP/1.0 200 OK\r\nSession: 1;timeout=86400\r\nTransport: " + q.header.Get("Transport") + "\r\n\r\n"
		}
		ctx, cancel := context.WithCancel(t.Context())
		target := near(cam)
		var got []Chunk
		target.Metadata = func(c Chunk) {
			c.Payload = bytes.Clone(c.Payload)
			got = append(got, c)
			cancel()
		}
		if err := Listen(ctx, target); err != nil {
			t.Error(err)
		}
		want := []Chunk{{Sequence: 1, Timestamp: 7, Last: true, Payload: []byte("<a/>"), At: time.Now()}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		asked, _ := cam.heard()
		counts := map[string]int{}
		for _, q := range asked {
			counts[q.method]++
		}
		if diff := cmp.Diff(map[string]int{"OPTIONS": 1 + 600/48, "DESCRIBE": 1, "SETUP": 1, "PLAY": 1, "TEARDOWN": 1}, counts); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestF15NoLibraryLog keeps the library from writing to the log whatever it thinks
// of a packet.
func TestF15NoLibraryLog(t *testing.T) {
	var said bytes.Buffer
	log.SetOutput(&said)
	defer log.SetOutput(log.Default().Writer())
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{play: func(c net.Conn, gone <-chan struct{}) {
			_ = interleave(c, 0, []byte{1, 2, 3})
			_ = interleave(c, 1, []byte{1, 2, 3})
			filming(50, func(i int, k []*rtp.Packet) []*rtp.Packet { return k[:1+i%2] })(c, gone)
		}}
		s, err := Measure(t.Context(), near(cam), 2*time.Second)
		if err != nil || *s.Loss == 0 {
			t.Errorf("got %+v, %v", s, err)
		}
	})
	if said.Len() != 0 {
		t.Errorf("got %q", said.String())
	}
}

// TestF16NoTicks takes parameter sets that give an infinite frame rate, in the
// description and in the stream, without giving a figure that JSON refuses.
func TestF16NoTicks(t *testing.T) {
	t.Parallel()
	sps := unhex(t, spsNoTick)
	synctest.Test(t, func(t *testing.T) {
		cam := &fake{
			description: sdpHead + strings.Replace(sdpVideo, "packetization-mode=1", "packetization-mode=1; sprop-parameter-sets="+base64.StdEncoding.EncodeToString(sps)+",aOuDyyLA", 1),
			play: filming(25, func(i int, k []*rtp.Packet) []*rtp.Packet {
				if i%25 == 24 {
					k[2].Payload = sps
				}
				return k
			}),
		}
		s, err := Measure(t.Context(), near(cam), 4*time.Second)
		if err != nil || s.Width != 1920 || s.Height != 1080 || s.FPSNominal != nil || s.Parameters != "stream" {
			t.Errorf("got %+v, %v", s, err)
		}
		if _, err := json.Marshal(s); err != nil {
			t.Error(err)
		}
	})
}
