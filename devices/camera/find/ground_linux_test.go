package find_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/find"
)

// A segment is the namespace of the cameras, seen from that of the gateway.
type segment struct {
	t    *testing.T
	to   io.Writer
	from *bufio.Scanner
	pid  int
	host [cameras]int // last part of each camera's address
}

func newSegment(t *testing.T) *segment {
	// IPv6 would speak by itself as soon as an interface is up.
	for _, which := range []string{"all", "default"} {
		_ = os.WriteFile("/proc/sys/net/ipv6/conf/"+which+"/disable_ipv6", []byte("1"), 0)
	}
	_ = os.WriteFile("/proc/sys/net/ipv4/conf/all/rp_filter", []byte("0"), 0)
	_ = os.WriteFile("/proc/sys/net/ipv4/conf/default/rp_filter", []byte("0"), 0)
	s := &segment{t: t}
	for i := range s.host {
		s.host[i] = 10 + i
	}
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), role+"=cameras")
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	c.Stderr = os.Stderr
	in, err1 := c.StdinPipe()
	out, err2 := c.StdoutPipe()
	if err := errors.Join(err1, err2, c.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = c.Wait() })
	s.to, s.from = in, bufio.NewScanner(out)
	s.pid = c.Process.Pid
	ip(t, "link set lo up",
		"link add "+uplink+" type veth peer name up1", "link set up1 up",
		"addr add 10.98.0.1/24 dev "+uplink, "link set "+uplink+" up", "route add default via 10.98.0.254")
	s.plug()
	return s
}

// plug lays the wire between the two namespaces.
func (s *segment) plug() {
	s.t.Helper()
	ip(s.t, "link add "+device+" type veth peer name cams", fmt.Sprintf("link set cams netns %d", s.pid),
		"addr add 10.99.0.1/24 dev "+device, "link set "+device+" up")
	s.do("up")
}

// do gives the cameras' namespace an order, and waits until it is done.
func (s *segment) do(order string) {
	s.t.Helper()
	_, err := fmt.Fprintln(s.to, order)
	if err != nil || !s.from.Scan() || s.from.Text() != "done" {
		s.t.Fatalf("%s: got %v, %q", order, err, s.from.Text())
	}
}

// listen hears until the test ends; it returns when it hears.
func (s *segment) listen(t *testing.T, o find.ListenOptions) <-chan find.Sighting {
	all := make(chan find.Sighting, 4096)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- find.Listen(ctx, o, func(s find.Sighting) { all <- s })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for {
		s.do("hello 0")
		select {
		case <-all:
			return all
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// isOurs is true of the hundred.
func isOurs(endpoint string) bool {
	return strings.HasPrefix(endpoint, "urn:uuid:camera-") && endpoint != endpointOf(spoofer) && endpoint != endpointOf(stranger)
}

func endpointOf(n int) string { return fmt.Sprintf("urn:uuid:camera-%d", n) }

// ip runs orders of iproute2.
func ip(t testing.TB, orders ...string) {
	if err := ipBatch(orders...); err != nil {
		t.Fatal(err)
	}
}

func ipBatch(orders ...string) error {
	c := exec.Command("ip", "-batch", "-")
	c.Stdin = strings.NewReader(strings.Join(orders, "\n") + "\n")
	if said, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %s", err, said)
	}
	return nil
}

// capture counts all packets that an interface sees from now on.
func capture(t *testing.T, name string) (seen func() uint32) {
	t.Helper()
	iface, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8 // in network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, all)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: iface.Index}); err != nil {
		t.Fatal(err)
	}
	return func() uint32 {
		stats, err := unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
		if err != nil {
			t.Fatal(err)
		}
		return stats.Packets
	}
}

// trap counts who connects to the forbidden address.
func trap(t *testing.T) *atomic.Int64 {
	l, err := net.Listen("tcp4", forbidden)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	var n atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			n.Add(1)
			_ = c.Close()
		}
	}()
	return &n
}

// A ground is the cameras' side: it obeys one order a line.
//
//	up               the interface was given to us: set it up
//	start I J HOST   cameras I to J-1, at 10.99.0.(HOST+n)
//	stop I           one camera's power is cut, after its Bye
//	hello I          a camera says Hello once more
//	spoof ADDRESS    a camera that answers every probe with forbidden addresses
//	stranger ADDRESS a camera in another network on the same wire
type ground struct{ running map[int]*cameratest.Camera }

func serveSegment(orders io.Reader, answers io.Writer) error {
	g := &ground{running: map[int]*cameratest.Camera{}}
	lines := bufio.NewScanner(orders)
	for lines.Scan() {
		if err := g.obey(strings.Fields(lines.Text())); err != nil {
			return fmt.Errorf("%s: %w", lines.Text(), err)
		}
		if _, err := fmt.Fprintln(answers, "done"); err != nil {
			return err
		}
	}
	return nil
}

func (g *ground) obey(order []string) error {
	var i, j, host int
	for n, to := range []*int{&i, &j, &host} {
		if n+1 < len(order) {
			_, _ = fmt.Sscan(order[n+1], to)
		}
	}
	switch order[0] {
	case "up":
		_ = os.WriteFile("/proc/sys/net/ipv6/conf/all/disable_ipv6", []byte("1"), 0)
		all := []string{"link set lo up", "link set cams up"}
		for n := 2; n < 255; n++ {
			all = append(all, fmt.Sprintf("addr add 10.99.0.%d/24 dev cams", n))
		}
		return ipBatch(slices.Concat(all, []string{"route add default via 10.99.0.1"})...)
	case "start":
		for ; i < j; i++ {
			if err := g.start(i, fmt.Sprintf("10.99.0.%d:80", host+i), nil); err != nil {
				return err
			}
		}
	case "stop":
		return g.running[i].Close()
	case "hello":
		return errors.Join(g.running[i].Close(), g.start(i, fmt.Sprintf("10.99.0.%d:80", 10+i), nil))
	case "spoof":
		return g.start(spoofer, order[1]+":80", spoofed)
	case "stranger":
		return errors.Join(ipBatch("addr add "+order[1]+"/24 dev cams"), g.start(stranger, order[1]+":80", nil))
	}
	return nil
}

func (g *ground) start(i int, at string, noise func(string) [][]byte) (err error) {
	o := cameratest.Options{
		Interface: "cams", HTTP: at, Endpoint: endpointOf(i), Vendor: "Virtual", Model: "V-1", Serial: fmt.Sprintf("S-%d", i),
		Auth: "open", Noise: noise,
	}
	g.running[i], err = cameratest.Serve(o)
	return err
}

// spoofed answers lead to the gateway's own side of the uplink, to a stranger and
// to a camera's port that no camera has.
func spoofed(messageID string) (all [][]byte) {
	for n, host := range []string{forbidden, "203.0.113.5:80", "[::1]:80", "10.98.0.254:80"} {
		url := "http://" + host + "/onvif/device_service"
		all = append(all, []byte(cameratest.ProbeMatch(fmt.Sprintf("urn:uuid:spoof-%d", n), messageID, url, "")))
	}
	return all
}
