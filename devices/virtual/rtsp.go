package virtual

import (
	_ "embed"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
)

// RTSPOptions says how a virtual RTSP camera behaves.
type RTSPOptions struct {
	User, Password string  // asked for by Digest (MD5) when User is not ""
	Path           string  // "" is "stream1"
	Drop           float64 // share of the RTP packets of the picture that are not sent, 0 to below 1, evenly spread
	Metadata       Metadata
}

// An RTSP is a virtual camera's RTSP half: it plays the clip in a ring, in real
// time, to whoever comes, over TCP only, and tells beside it what it sees. The picture runs on whether somebody
// looks or not, so a client comes in somewhere between two key frames, as with a
// real camera.
type RTSP struct {
	o    RTSPOptions
	clip *clip

	mu   sync.Mutex
	addr string // with the port that was given
	show *show  // nil while offline
}

// ServeRTSP starts a camera at addr, "127.0.0.11:8554"; port 0 picks a free one.
// Several cameras live in one process at different addresses.
func ServeRTSP(addr string, o RTSPOptions) (*RTSP, error) {
	if o.Path == "" {
		o.Path = "stream1"
	}
	o.Path = "/" + strings.Trim(o.Path, "/")
	if o.Drop < 0 || o.Drop >= 1 {
		return nil, fmt.Errorf("virtual camera %q: a share of %v cannot be dropped (0 to below 1)", addr, o.Drop)
	}
	c, err := loadClip(clipBytes)
	if err != nil {
		return nil, fmt.Errorf("virtual camera %q: %w", addr, err)
	}
	r := &RTSP{o: o, clip: c, addr: addr}
	return r, r.Offline(false)
}

// URL is the stream's address, without a login.
func (r *RTSP) URL() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return "rtsp://" + r.addr + r.o.Path
}

// Offline makes the camera play dead, its port closed and its sessions cut, or
// brings it back to the same address. The error is that of listening again.
func (r *RTSP) Offline(dead bool) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case dead && r.show != nil:
		r.show.end()
		r.show = nil
	case !dead && r.show == nil:
		s, addr, err := raise(r.addr, r.o, r.clip)
		if err != nil {
			return fmt.Errorf("virtual camera %q: %w", r.addr, err)
		}
		r.show, r.addr = s, addr
	}
	return nil
}

// Notify tells an event of the camera's time to all who listen to its metadata track.
// Source and data are written "Name=Value".
func (r *RTSP) Notify(at time.Time, topic, source string, data ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.show != nil && r.show.narrator != nil {
		r.show.narrator.notify(at, topic, source, data...)
	}
}

// Close ends the camera and waits for all of it.
func (r *RTSP) Close() {
	_ = r.Offline(true) // dying cannot fail
}

// A show is a camera while it is switched on: a server, its stream, and the
// goroutine that plays. It is also what the server calls back, hence its
// exported methods.
type show struct {
	o        RTSPOptions
	server   *gortsplib.Server
	stream   *gortsplib.ServerStream
	narrator *narrator // nil without a metadata track
	stop     chan struct{}
	played   sync.WaitGroup

	ready sync.RWMutex // held for writing until stream is there
}

// raise switches a camera on and returns the address it really listens at.
func raise(addr string, o RTSPOptions, c *clip) (*show, string, error) {
	s := &show{o: o, stop: make(chan struct{})}
	s.ready.Lock()
	defer s.ready.Unlock()
	s.server = &gortsplib.Server{
		Handler:     s,
		RTSPAddress: addr,
		AuthMethods: []auth.VerifyMethod{auth.VerifyMethodDigestMD5},
		// 4.16.2 writes nanoseconds where the fraction of an NTP second belongs
		// (of 2^32), up to 0.77 s wrong; its client misreads them the same way
		// and hides it. We write our own reports.
		DisableRTCPSenderReports: true,
		WriteQueueSize:           1024, // a key frame comes at once
		Listen: func(network, at string) (net.Listener, error) {
			l, err := net.Listen(network, at)
			if err == nil {
				addr = l.Addr().String()
			}
			return l, err
		},
	}
	if err := s.server.Start(); err != nil {
		return nil, "", err
	}
	if err := s.play(c); err != nil {
		s.server.Close()
		return nil, "", err
	}
	return s, addr, nil
}

// play begins with the picture and what is told beside it.
func (s *show) play(c *clip) error {
	s.stream = &gortsplib.ServerStream{Server: s.server, Desc: c.description()}
	if s.o.Metadata != NoMetadata {
		media, err := s.o.Metadata.track()
		if err != nil {
			return err
		}
		s.stream.Desc.Medias = append(s.stream.Desc.Medias, media)
		s.narrator = &narrator{stream: s.stream, media: media, packed: s.o.Metadata == PackedMetadata, began: time.Now()}
	}
	if err := s.stream.Initialize(); err != nil {
		return err
	}
	p, err := newPlayer(s.stream, c, s.o.Drop)
	if err != nil {
		s.stream.Close()
		return err
	}
	s.played.Go(func() { p.run(s.stop) })
	if s.narrator != nil {
		s.played.Go(func() { s.narrator.run(s.stop) })
	}
	return nil
}

func (s *show) end() {
	close(s.stop)
	s.played.Wait()
	s.stream.Close()
	s.server.Close()
}

// enter checks who asks and for what, and gives the stream.
func (s *show) enter(c *gortsplib.ServerConn, q *base.Request, path string) (*base.Response, *gortsplib.ServerStream, error) {
	s.ready.RLock()
	defer s.ready.RUnlock()
	if s.o.User != "" && !c.VerifyCredentials(q, s.o.User, s.o.Password) {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	if strings.TrimSuffix(path, "/") != s.o.Path {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, errors.New("no such path")
	}
	return &base.Response{StatusCode: base.StatusOK}, s.stream, nil
}

// OnDescribe answers DESCRIBE.
func (s *show) OnDescribe(c *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return s.enter(c.Conn, c.Request, c.Path)
}

// OnSetup answers SETUP.
func (s *show) OnSetup(c *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return s.enter(c.Conn, c.Request, c.Path)
}

// OnPlay answers PLAY; who came so far has been checked.
func (s *show) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

// OnStreamWriteError is told of a client that reads too slowly; it misses
// packets, as it would with a real camera.
func (s *show) OnStreamWriteError(*gortsplib.ServerHandlerOnStreamWriteErrorCtx) {}

// The clip, as clip/make.sh made it.
const (
	ClipWidth   = 1920
	ClipHeight  = 1080
	ClipFPS     = 25
	ClipGOP     = 50 // frames
	ClipProfile = "High"
	ClipLevel   = "4.0"
)

//go:embed clip/1080p25.h264
var clipBytes []byte
