package uplink_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sitepost/uplink"
	"sitepost/uplink/mqtt"
)

// A far is a broker in a network of its own, at the other end of two wires: the box
// is on one of them, the city on the other, which is never cut.
type far struct {
	t       *testing.T
	pid     int
	box     string // the box's end of its wire
	address string // of the broker on it
	city    string
}

// cuts says what a cut lets through no more.
type cuts int

const (
	both    cuts = iota // nothing passes
	outward             // nothing that the box says
	inward              // nothing that the broker says
	cable               // the interface of the box is down
)

// farAway counts the networks of this process, whose addresses must differ.
var farAway atomic.Int64

// newFar starts mosquitto in a namespace that ends with it, and lays the wires.
func newFar(t *testing.T) *far {
	t.Helper()
	if os.Getuid() != 0 {
		skip(t, "a network of its own needs root")
	}
	for _, tool := range []string{"ip", "nft", "nsenter", "/usr/sbin/mosquitto"} {
		if _, err := exec.LookPath(tool); err != nil {
			skip(t, tool+" is not installed (apt-get install iproute2 nftables util-linux mosquitto)")
		}
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "mosquitto.conf")
	lines := "listener 1883 0.0.0.0\nallow_anonymous true\npersistence false\nmax_inflight_messages 0\nmax_queued_messages 0\nuser root\nlog_dest stderr\nlog_type error\n"
	if err := os.WriteFile(config, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("/usr/sbin/mosquitto", "-c", config)
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() }) // the wires go with it
	n := farAway.Add(1)
	third := os.Getpid()%120 + 100
	f := &far{t: t, pid: c.Process.Pid, box: fmt.Sprintf("sp%db%d", os.Getpid()%100000, n)}
	for i, wire := range []string{f.box, fmt.Sprintf("sp%dc%d", os.Getpid()%100000, n)} {
		net := fmt.Sprintf("10.%d.%d.", third, 2*n+int64(i))
		shell(t, "ip", "link", "add", wire, "type", "veth", "peer", "name", fmt.Sprint("w", i), "netns", fmt.Sprint(f.pid))
		shell(t, "ip", "addr", "add", net+"1/30", "dev", wire)
		shell(t, "ip", "link", "set", wire, "up")
		f.inside("ip", "addr", "add", net+"2/30", "dev", fmt.Sprint("w", i))
		f.inside("ip", "link", "set", fmt.Sprint("w", i), "up")
		f.address, f.city = f.city, net+"2:1883"
	}
	f.answers(&said)
	return f
}

func shell(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// inside runs a program in the broker's network.
func (f *far) inside(args ...string) {
	f.t.Helper()
	shell(f.t, "nsenter", append([]string{"-n", "-t", fmt.Sprint(f.pid)}, args...)...)
}

// answers waits until the broker accepts connections.
func (f *far) answers(said *bytes.Buffer) {
	f.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		c, err := net.DialTimeout("tcp", f.city, time.Second)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			f.t.Fatalf("mosquitto at %s: %v\n%s", f.city, err, said)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// cut cuts the box's wire, and mend mends it.
func (f *far) cut(how cuts) {
	if how == cable {
		shell(f.t, "ip", "link", "set", f.box, "down")
		return
	}
	rules := "table inet cut {\n"
	if how != inward {
		rules += "chain in { type filter hook input priority 0; iifname w0 drop; }\n"
	}
	if how != outward {
		rules += "chain out { type filter hook output priority 0; oifname w0 drop; }\n"
	}
	f.inside("nft", rules+"}")
}

func (f *far) mend(how cuts) {
	if how == cable {
		shell(f.t, "ip", "link", "set", f.box, "up")
		return
	}
	f.inside("nft", "delete table inet cut")
}

// partitioned: the way between box and broker is cut, and nobody says so.
func partitioned(how cuts) func(t *testing.T, r *rig) (begin, end func()) {
	return func(t *testing.T, r *rig) (begin, end func()) {
		f := newFar(t)
		listener := mqtt.Dial(mqtt.Options{URL: "mqtt://" + f.city, ClientID: "city"}, []string{uplink.Topic(site, "#")})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		s, err := listener(ctx, uplink.Will{}, func(m uplink.Message) { r.city.hear(m.Payload) })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Drop)
		r.options.Dials = []uplink.Dial{dial(t, "mqtt://"+f.address)}
		return func() { f.cut(how) }, func() { f.mend(how) }
	}
}

// skip skips a test; with SITEPOST_ALL set, nothing may be skipped.
func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("SITEPOST_ALL") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}
