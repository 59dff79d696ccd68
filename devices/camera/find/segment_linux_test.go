package find_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/find"
)

// The proof in network namespaces. The test binary starts itself twice:
//
//	 namespace of the gateway              namespace of the cameras
//	┌──────────────────────────┐          ┌───────────────────────────┐
//	│ Discover, Listen, Sweep  │          │ 100 virtual cameras       │
//	│ dev0 10.99.0.1/24 ───────┼── veth ──┼─ cams 10.99.0.10 … .109   │
//	│ up0  10.98.0.1/24 ──┐    │          │                           │
//	│ default route       │    │          └───────────────────────────┘
//	└─────────────────────┼────┘
//	     captured: nothing may be sent here
//
// It needs no root where the kernel lets everybody have namespaces, and iproute2.
const (
	role      = "SITEPOST_SEGMENT" // which of the two this process is
	cameras   = 100
	spoofer   = cameras     // numbers of two more
	stranger  = cameras + 1 // in a network of its own
	device    = "dev0"
	uplink    = "up0"
	forbidden = "10.98.0.1:8080" // on the uplink's side; nobody may be led there
)

func TestMain(m *testing.M) {
	if os.Getenv(role) == "cameras" {
		if err := serveSegment(os.Stdin, os.Stdout); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestSegment promises, on a segment of 100 cameras: all are listed within a second
// and identified within five; who comes, goes and moves is heard; nobody makes us
// dial elsewhere; and on the uplink's interface nothing at all is sent.
func TestSegment(t *testing.T) {
	if os.Getenv(role) == "gateway" {
		testSegment(t)
		return
	}
	if _, err := exec.LookPath("ip"); err != nil {
		skip(t, "ip is not installed (apt-get install iproute2)")
	}
	c := exec.CommandContext(cameratest.Soon(t), os.Args[0], "-test.run=^TestSegment$", "-test.v")
	c.Env = append(os.Environ(), role+"=gateway")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if uid := os.Getuid(); uid != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
		c.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
	}
	said, err := c.CombinedOutput()
	if _, ran := errors.AsType[*exec.ExitError](err); err != nil && !ran {
		skip(t, fmt.Sprintf("this kernel gives no network namespace: %v", err))
	}
	t.Logf("in its own namespace:\n%s", said)
	if err != nil {
		t.Error(err)
	}
}

// skip skips the test; with SITEPOST_ALL set nothing may be skipped.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("SITEPOST_ALL") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func testSegment(t *testing.T) {
	s := newSegment(t)
	onUplink, onDevice := capture(t, uplink), capture(t, device)
	trapped := trap(t)
	s.do("start 0 100 10")
	s.do("spoof 10.99.0.9")

	sightings := s.listen(t, find.ListenOptions{Interfaces: []string{device, "not-there-yet"}})
	t.Run("100 listed and identified", s.testDiscover)
	t.Run("power cycle", func(t *testing.T) { s.testPowerCycle(t, sightings) })
	t.Run("another address", func(t *testing.T) { s.testMoves(t, sightings) })
	t.Run("strangers", func(t *testing.T) { s.testStrangers(t, sightings) })
	t.Run("sweep", s.testSweep)

	if n := trapped.Load(); n > 0 {
		t.Errorf("a spoofed address made us dial %s %d times", forbidden, n)
	}
	if n := onUplink(); n > 0 {
		t.Errorf("%d packets were seen on the uplink's interface, want none at all", n)
	}
	n := onDevice()
	if t.Logf("captured: 0 packets on %s, %d on %s", uplink, n, device); n == 0 {
		t.Error("the capture sees nothing at all, so that it proves nothing")
	}
	proveTraps(t, trapped, capture(t, uplink))
	t.Run("another interface of the same name", func(t *testing.T) { s.testPlugged(t, sightings) })
}

// proveTraps: what is to catch a leak does catch one.
func proveTraps(t *testing.T, trapped *atomic.Int64, onUplink func() uint32) {
	for range 2 { // the second is accepted after the first was counted
		c, err := net.Dial("tcp4", forbidden)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Read(make([]byte, 1))
		_ = c.Close()
	}
	c, err := net.Dial("udp4", "203.0.113.5:9")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = c.Write([]byte("x"))
	if n, leaked := trapped.Load(), onUplink(); n == 0 || leaked == 0 {
		t.Errorf("the traps caught %d connections and %d packets of leaks made on purpose", n, leaked)
	}
}

// testDiscover lets the machine try three times: other tests run on it too.
func (s *segment) testDiscover(t *testing.T) {
	for try := 1; ; try++ {
		listed, identified, all := timedDiscover(t)
		s.checkAll(t, all)
		if listed <= slower*time.Second && identified <= slower*5*time.Second {
			return
		}
		if try == 3 {
			t.Fatalf("%d cameras were listed in %v and identified in %v, want 1 s and 5 s, times %d", cameras, listed, identified, slower)
		}
	}
}

// timedDiscover says when the last camera was listed, and when it was identified.
func timedDiscover(t *testing.T) (listed, identified time.Duration, all []find.Found) {
	began := time.Now()
	all, err := find.Discover(cameratest.Soon(t), find.DiscoverOptions{
		Interfaces: []string{device}, Networks: prefixes("10.99.0.0/24"), For: 20 * time.Second,
		Seen: func(f find.Found) {
			switch {
			case !isOurs(f.Endpoint):
			case f.State == "":
				listed = time.Since(began)
			default:
				identified = time.Since(began)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d cameras: listed in %v, identified in %v, done in %v", cameras, listed, identified, time.Since(began))
	return listed, identified, all
}

// checkAll holds that each camera was found once, where it is, open, with its
// hardware address.
func (s *segment) checkAll(t *testing.T, all []find.Found) {
	t.Helper()
	found := map[string]string{}
	for _, f := range all {
		if isOurs(f.Endpoint) {
			found[f.Endpoint] += f.Address + " " + f.State + " " + f.Serial
		}
		at, err := netip.ParseAddrPort(f.Address)
		switch near := err == nil && prefixes("10.99.0.0/24")[0].Contains(at.Addr()); {
		case !near && f.State != find.NotReached:
			t.Errorf("got %+v, outside of the cameras' network", f)
		case near && f.MAC == "":
			t.Errorf("%s has no hardware address", f.Address)
		}
	}
	for i := range cameras {
		want := fmt.Sprintf("10.99.0.%d:80 open S-%d", s.host[i], i)
		if got := found[endpointOf(i)]; got != want {
			t.Errorf("camera %d: got %q, want %q", i, got, want)
		}
	}
	if len(found) != cameras {
		t.Errorf("got %d cameras, want %d", len(found), cameras)
	}
}

func (s *segment) testPowerCycle(t *testing.T, sightings <-chan find.Sighting) {
	s.do("stop 5")
	await(t, sightings, find.Bye, 5, "10.99.0.15:80")
	began := time.Now()
	s.do("start 5 6 10")
	await(t, sightings, find.Hello, 5, "10.99.0.15:80")
	t.Logf("a camera that was plugged in is known after %v", time.Since(began))
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v, want less than 2 s", took)
	}
}

func (s *segment) testMoves(t *testing.T, sightings <-chan find.Sighting) {
	s.do("stop 6")
	s.do("start 6 7 200")
	s.host[6] = 206
	f := await(t, sightings, find.Hello, 6, "10.99.0.206:80")
	site := []find.Known{{Name: "gate", Host: "10.99.0.16", Endpoint: endpointOf(6)}}
	if got := find.Match([]find.Found{f.Found}, site)[0]; got.State != find.Moved || got.Name != "gate" {
		t.Errorf("got %+v, want camera gate moved", got)
	}
}

// testPlugged: the interface vanishes, as a USB adapter does that is pulled out, and
// comes back as another one of the same name. The listener hears there too.
func (s *segment) testPlugged(t *testing.T, sightings <-chan find.Sighting) {
	ip(t, "link del "+device)
	for len(sightings) > 0 {
		<-sightings
	}
	s.plug()
	for soon := cameratest.Soon(t); ; {
		s.do("hello 0")
		select {
		case f := <-sightings:
			if f.Endpoint == endpointOf(0) && f.Interface == device {
				return
			}
		case <-time.After(100 * time.Millisecond):
		case <-soon.Done():
			t.Fatal("nothing is heard on the new interface")
		}
	}
}

// testStrangers: who speaks from a network that is not ours is heard only where the
// site names that network. What is said later by the same wire comes later.
func (s *segment) testStrangers(t *testing.T, sightings <-chan find.Sighting) {
	wide := s.listen(t, find.ListenOptions{Interfaces: []string{device}, Networks: prefixes("10.77.0.0/24")})
	s.do("stranger 10.77.0.5")
	s.do("hello 7")
	await(t, wide, find.Hello, stranger, "10.77.0.5:80")
	for {
		select {
		case f := <-sightings:
			if f.Endpoint == endpointOf(stranger) {
				t.Errorf("got %+v, which is in no network of ours", f)
			}
			if f.Endpoint == endpointOf(7) && f.Kind == find.Hello {
				return
			}
		case <-cameratest.Soon(t).Done():
			t.Fatal("camera 7 was not heard")
		}
	}
}

func (s *segment) testSweep(t *testing.T) {
	all, err := find.Sweep(cameratest.Soon(t), find.SweepOptions{
		Interfaces: []string{device}, Networks: prefixes("10.99.0.0/24", "10.98.0.0/29", "203.0.113.0/30"),
	})
	want := "sweep: 8 of 262 addresses were not asked: the way to 10.98.0.1 leads over an interface that is not for cameras (give the one that is an address in its network)"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	s.checkAll(t, all)
}

// await returns the sighting of one camera that says the kind.
func await(t *testing.T, sightings <-chan find.Sighting, kind string, n int, address string) find.Sighting {
	t.Helper()
	for {
		select {
		case s := <-sightings:
			if s.Endpoint != endpointOf(n) || s.Kind != kind {
				continue
			}
			if s.Address != address || s.Interface != device {
				t.Errorf("got %+v, want %s on %s", s, address, device)
			}
			return s
		case <-cameratest.Soon(t).Done():
			t.Fatalf("no %s of camera %d was heard", kind, n)
		}
	}
}
