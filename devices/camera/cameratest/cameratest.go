// Package cameratest is an ONVIF camera that is not there: it answers
// WS-Discovery and SOAP as a camera does, and misbehaves on purpose when it is
// told to. Each way to misbehave was met in the field by somebody.
//
// It does not know who asks it, and has nothing of the code that does: what both
// say must come from the specifications.
package cameratest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Options says what a virtual ONVIF camera is and how it behaves. The zero
// value of a field means what its comment says.
type Options struct {
	Interface string // answers WS-Discovery on this interface: "lo", "eth0"; "" = cannot be discovered
	HTTP      string // address of the ONVIF door, "127.0.0.11:8081"; port 0 picks a free one
	Secure    bool   // speaks https there, with a certificate signed by itself

	Endpoint, Vendor, Model, Serial, Firmware string // identity, as told by discovery and GetDeviceInformation

	User, Password string // the one login it knows
	Auth           string // "wsse" (default), "digest" (MD5), "digest-sha256", "both" (wsse and digest MD5), "open" (asks for none)

	StreamURI     string        // told by GetStreamUri for the main profile, 1920x1080
	SubURI        string        // for the second profile, 640x360; "" = there is none
	Media1Only    bool          // speaks no Media2, as older cameras
	NoServices    bool          // knows no GetServices, only GetCapabilities, as still older ones
	DevicePath    string        // default "/onvif/device_service"; Axis: "/onvif/services"
	InnerHost     string        // the host it tells in its service addresses, as a camera behind NAT does; default the one it is asked by
	Charset       string        // "gb2312": it answers in GB18030 and says so in the prolog; "" = UTF-8
	Clock         time.Duration // how far its clock is ahead of ours
	Told          time.Duration // how far the time it tells is ahead of that, as with summer time counted twice (home-assistant/core#90794)
	Summer        bool          // tells that summer time is on
	NoTime        bool          // knows no GetSystemDateAndTime
	NoDate        bool          // stamps no HTTP answer
	DiscoverAfter time.Duration // waits so long before it answers a probe

	// What it has, see media.go and recording.go. Where Profiles is nil there are
	// "main" and "sub", made of StreamURI and SubURI.
	Profiles      []Profile
	Sources       []string // told by GetVideoSources, "" = no question of this camera; nil = those of the profiles
	ExtraProfiles int      // tells so many more than anybody needs
	SnapshotURI   string   // told by GetSnapshotUri; "" = refused, unless it has Pictures
	Pictures      bool     // it has a picture of its own, see [Picture], and tells where
	SnapshotOld   bool     // by Media1 only
	MACs          []string // told by GetNetworkInterfaces as they stand here; nil = no question of this camera (home-assistant PR#36243)
	Inputs        int      // digital inputs; 0 = it has no DeviceIO
	Archive       *Archive // recordings; nil = it has neither Search nor Recording Control

	Events *Events // its event service; nil = it has none

	Trouble Trouble // misbehaves on purpose
	// Noise, if set, makes datagrams that are sent before the proper answer to a
	// probe. It is given the probe's MessageID.
	Noise func(messageID string) [][]byte
}

// A Trouble is a way to misbehave on purpose.
type Trouble string

const (
	NoTrouble      Trouble = ""
	HTMLAnswer     Trouble = "html answer"      // every question is answered with a web page, status 200
	EndlessBody    Trouble = "endless body"     // an answer that never ends
	EmptyXAddrs    Trouble = "empty xaddrs"     // the probe match tells no address
	WrongRelatesTo Trouble = "wrong relates-to" // the probe match answers a probe that nobody sent
	StopsAtProlog  Trouble = "stops at prolog"  // does not read a unicast probe that begins with an XML prolog (edgexfoundry/device-onvif-camera#134)
	TypedOnly      Trouble = "typed only"       // hears no probe without a type (edgexfoundry/device-onvif-camera#135)
	UntypedOnly    Trouble = "untyped only"     // hears no probe with a type (same place)
	Redirects      Trouble = "redirects"        // sends every question to another host
	Slow           Trouble = "slow"             // one byte a second
	FaultAt200     Trouble = "fault at 200"     // a refused login is told with HTTP status 200
	DeepXML        Trouble = "deep xml"         // an answer nested 50,000 elements deep
	AttributeBomb  Trouble = "attribute bomb"   // one element with 50,000 attributes
	NoPicture      Trouble = "no picture"       // the picture's address leads nowhere
	HugePicture    Trouble = "huge picture"     // the picture has 8 MiB
	PictureIsPage  Trouble = "picture is page"  // a login page comes as image/jpeg
	StaleOnce      Trouble = "stale once"       // the first answer to each digest challenge is called stale
	StaleEver      Trouble = "stale ever"       // whatever is refused is called stale (RFC 7616 3.3 forbids it)
	Forbids        Trouble = "forbids"          // a refused login for the picture is told with status 403

	HTMLRefusal  Trouble = "html refusal"   // a refused login is told with a web page, status 401 (frigate#22622)
	WordyRefusal Trouble = "wordy refusal"  // a refused login is told in words only (home-assistant's is_auth_error)
	LocksOut     Trouble = "locks out"      // the first refused login locks the user (agsh/onvif PR#501)
	ClosesAtOnce Trouble = "closes at once" // closes each connection without an answer
	Hangs        Trouble = "hangs"          // takes each question and never answers
	ShortBody    Trouble = "short body"     // an answer of 1,000 bytes that ends after a few
	LongBody     Trouble = "long body"      // an answer that is shorter than what is sent
	Huge         Trouble = "huge"           // an answer of 200 MiB, announced
	GzipBomb     Trouble = "gzip bomb"      // 8 MiB of nothing in 8 KiB, compressed unasked
	HugeHeader   Trouble = "huge header"    // 1 MiB of HTTP headers
	WantsHTTPS   Trouble = "wants https"    // sends every question to its own https (kerberos-io/agent#213)
	BasicOnly    Trouble = "basic only"     // wants HTTP Basic and nothing else
)

// A LoginCount is what the camera's own door counted.
type LoginCount struct {
	Tried   int // requests that carried a login
	Refused int // those that were refused
	Twice   int // those that carried two, which no client should (ONVIF Core 5.12.1)
}

// A Camera is a running virtual camera, made by [Serve].
type Camera struct {
	options          Options
	address          string // host:port it listens at
	server           *http.Server
	finder           *finder // nil if it cannot be discovered
	door             *door
	desk             *desk // its event service, nil if it has none
	seal             seal
	ahead, toldAhead atomic.Int64 // see SetClock, SetTold
	stalled, unknown atomic.Value // see Stall, Forget: names of questions
	offline          atomic.Bool
	asked            atomic.Int64
	settings         settings // what its own page changes while it runs
	searches         searches
	pictures         *door // wants a digest of those who want a picture
	shot             atomic.Int64
	owned            sync.WaitGroup // the HTTP server's goroutine
	closed           chan struct{}
}

// Serve starts a virtual ONVIF camera: a WS-Discovery responder on the
// interface and the device, Media and Media2 services over HTTP. It answers
// GetSystemDateAndTime to everybody and all else only to the login.
//
// Several cameras of one process, and of several processes, share UDP port 3702.
// The caller ends it with Close.
func Serve(o Options) (*Camera, error) {
	o.Auth = cmp.Or(o.Auth, "wsse")
	o.DevicePath = cmp.Or(o.DevicePath, "/onvif/device_service")
	switch o.Auth {
	case "wsse", "digest", "digest-sha256", "both", "open":
	default:
		return nil, fmt.Errorf("virtual camera %q: unknown auth %q (wsse, digest, digest-sha256, both or open)", o.Endpoint, o.Auth)
	}
	listener, err := net.Listen("tcp4", o.HTTP)
	if err != nil {
		return nil, fmt.Errorf("virtual camera %q: %w", o.Endpoint, err)
	}
	v := &Camera{options: o, address: listener.Addr().String(), closed: make(chan struct{})}
	v.SetClock(o.Clock)
	v.SetTold(o.Told)
	var entry net.Listener = gate{listener, &v.offline}
	if o.Secure {
		if err := v.seal.renew(); err != nil {
			return nil, errors.Join(fmt.Errorf("virtual camera %q: %w", o.Endpoint, err), listener.Close())
		}
		entry = v.seal.behind(entry)
	}
	v.door = newDoor(o.User, o.Password, o.Auth, v.now)
	v.door.staleOnce, v.door.staleEver = o.Trouble == StaleOnce, o.Trouble == StaleEver
	v.pictures = newDoor(o.User, o.Password, "digest", v.now)
	v.server = &http.Server{
		Handler:           http.HandlerFunc(v.serve),
		ReadHeaderTimeout: 5 * time.Second,
		ErrorLog:          log.New(discard{}, "", 0),
	}
	v.server.SetKeepAlivesEnabled(false)
	if v.desk, err = newDesk(v); err != nil {
		return nil, errors.Join(fmt.Errorf("virtual camera %q: %w", o.Endpoint, err), listener.Close())
	}
	if o.Interface != "" {
		if v.finder, err = newFinder(v); err != nil {
			return nil, errors.Join(fmt.Errorf("virtual camera %q: %w", o.Endpoint, err), listener.Close(), v.desk.close())
		}
	}
	v.owned.Go(func() { _ = v.server.Serve(entry) })
	return v, nil
}

// Address is the host:port of the camera's ONVIF door.
func (v *Camera) Address() string { return v.address }

// Logins returns how many logins the camera has seen and refused.
func (v *Camera) Logins() LoginCount { return v.door.count() }

// Questions returns how many HTTP requests the camera has seen.
func (v *Camera) Questions() int { return int(v.asked.Load()) }

// SetPassword changes the password that the camera knows, as somebody on its
// own page would.
func (v *Camera) SetPassword(password string) {
	v.door.setPassword(password)
	v.pictures.setPassword(password)
}

// Offline pulls the camera's cable, or plugs it in again: while offline it
// answers no probe and drops every connection.
func (v *Camera) Offline(yes bool) { v.offline.Store(yes) }

// Stall makes the camera take a question and never answer it; "" is none.
func (v *Camera) Stall(question string) { v.stalled.Store(question) }

// Forget makes the camera know a question no more; "" is none.
func (v *Camera) Forget(question string) { v.unknown.Store(question) }

// Close ends the camera and waits until all its goroutines are gone.
func (v *Camera) Close() error {
	close(v.closed)
	err := errors.Join(v.server.Close(), v.desk.close())
	if v.finder != nil {
		err = errors.Join(err, v.finder.close())
	}
	v.owned.Wait()
	return err
}

// pause waits, or returns false when the camera is closed or the asker is gone.
func (v *Camera) pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
	case <-v.closed:
	}
	return false
}

// gate is a listener that drops every connection while the camera is offline.
type gate struct {
	net.Listener
	offline *atomic.Bool
}

func (g gate) Accept() (net.Conn, error) {
	for {
		c, err := g.Listener.Accept()
		if err != nil || !g.offline.Load() {
			return c, err
		}
		_ = c.Close()
	}
}

// discard swallows what net/http would print when an asker breaks off.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
