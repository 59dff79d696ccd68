package camera_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"sitepost/devices/camera/cameratest"
)

// A benchSite says which cameras a child offers or looks at.
type benchSite struct {
	Cameras int // offered, or looked at
	Onvif   []string
	Streams []string // host:port
	Profile string   // file for a CPU profile of the child, "" = none
}

const (
	benchUser   = "onvif"
	benchSecret = "let-me-look"
)

// A benchSender is a network of cameras: for each an address with an RTSP and an
// ONVIF door. It is as lean as it can be, for it shares the machine with what is
// measured: the film was packed beforehand, over TCP alone, and it takes any
// login, once it has asked for one.
type benchSender struct {
	film    *benchFilm
	began   time.Time
	doors   []net.Listener
	onvif   []*cameratest.Camera
	gone    atomic.Bool
	sent    atomic.Int64 // bytes
	playing atomic.Int64 // sessions
	mu      sync.Mutex
	open    map[net.Conn]bool
	knocks  []time.Time // connections to RTSP doors since somebody asked
	starts  []time.Time // and those who asked what there is to see
}

// A benchSent is what a sender says of itself. Knocks and starts are since it was
// asked before.
type benchSent struct {
	benchUse
	Sent, Playing         int64
	Knocks, Busiest       int // connections to RTSP doors, those to cameras that were gone too; most of them in any one second
	Starts, BusiestStarts int // those who asked for a description, likewise
	BPS, PacketRate       float64
}

func newBenchSender(setup []byte) (func(string) any, error) {
	var site benchSite
	if err := json.Unmarshal(setup, &site); err != nil {
		return nil, err
	}
	film, err := loadBenchFilm()
	if err != nil {
		return nil, err
	}
	s := &benchSender{film: film, began: time.Now(), open: map[net.Conn]bool{}}
	host := netip.MustParseAddr("127.1.0.1")
	for n := range site.Cameras {
		if err := s.camera(n, host.String()); err != nil {
			return nil, err
		}
		host = host.Next()
	}
	return s.answer, nil
}

// camera opens both doors of a camera. The golden ratio spreads any number of
// cameras evenly over the two seconds of the film.
func (s *benchSender) camera(n int, host string) error {
	door, err := net.Listen("tcp4", host+":0")
	if err != nil {
		return err
	}
	length := time.Duration(len(s.film.frames)) * time.Second / benchFPS
	_, part := math.Modf(float64(n) * math.Phi)
	go s.admit(door, s.began.Add(-time.Duration(part*float64(length))))
	v, err := cameratest.Serve(cameratest.Options{
		HTTP: host + ":0", Endpoint: cameratest.Endpoint(), Vendor: "Virtual", Model: "V-1", Serial: fmt.Sprint(n), Firmware: "1",
		User: benchUser, Password: benchSecret, StreamURI: "rtsp://" + door.Addr().String() + "/main",
	})
	s.doors, s.onvif = append(s.doors, door), append(s.onvif, v)
	return err
}

// answer knows "site", "count", "gone" and "back".
func (s *benchSender) answer(question string) any {
	switch question {
	case "site":
		site := benchSite{Cameras: len(s.doors)}
		for n, door := range s.doors {
			site.Streams = append(site.Streams, door.Addr().String())
			site.Onvif = append(site.Onvif, s.onvif[n].Address())
		}
		return site
	case "gone", "back":
		s.away(question == "gone")
	}
	return s.count()
}

// away takes all cameras away at once, or brings them back. While they are away
// their doors cut whoever comes, so that we can count them.
func (s *benchSender) away(gone bool) {
	s.gone.Store(gone)
	for _, v := range s.onvif {
		v.Offline(gone)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		if gone {
			_ = c.Close()
		}
	}
}

func (s *benchSender) count() benchSent {
	seconds := float64(len(s.film.frames)) / benchFPS
	sent := benchSent{
		benchUse: benchUsed(), Sent: s.sent.Load(), Playing: s.playing.Load(),
		BPS: float64(s.film.bytes) * 8 / seconds, PacketRate: float64(s.film.packets) / seconds,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sent.Knocks, sent.Busiest = len(s.knocks), busiest(s.knocks)
	sent.Starts, sent.BusiestStarts = len(s.starts), busiest(s.starts)
	s.knocks, s.starts = nil, nil
	return sent
}

// busiest is how many of these times lie within one second, at most.
func busiest(all []time.Time) (most int) {
	first := 0
	for last := range all {
		for all[last].Sub(all[first]) >= time.Second {
			first++
		}
		most = max(most, last-first+1)
	}
	return most
}

// admit takes who comes to a camera's RTSP door.
func (s *benchSender) admit(door net.Listener, began time.Time) {
	for {
		c, err := door.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.knocks = append(s.knocks, time.Now())
		if !s.gone.Load() {
			s.open[c] = true
		}
		s.mu.Unlock()
		if s.gone.Load() {
			_ = c.Close()
			continue
		}
		go func() {
			(&benchSession{Conn: c, sender: s, began: began}).serve()
			s.mu.Lock()
			delete(s.open, c)
			s.mu.Unlock()
		}()
	}
}

// started notes that somebody asked for a description.
func (s *benchSender) started() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starts = append(s.starts, time.Now())
}

// description is what DESCRIBE tells (RFC 6184 8.2.1).
func (f *benchFilm) description() string {
	first := base64.StdEncoding.EncodeToString(f.parameters[0])
	second := base64.StdEncoding.EncodeToString(f.parameters[1])
	return "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=bench\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n" +
		"m=video 0 RTP/AVP 96\r\na=control:track1\r\na=rtpmap:96 H264/90000\r\n" +
		"a=fmtp:96 packetization-mode=1; sprop-parameter-sets=" + first + "," + second + "\r\n"
}
