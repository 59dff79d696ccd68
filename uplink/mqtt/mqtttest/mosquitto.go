// Package mqtttest starts Debian's mosquitto for a test, takes it away and
// brings it back, and listens to it as the city does.
//
// The broker keeps nothing on disk. Its URL leads through a gate, a TCP
// relay that opens only after all collectors have subscribed again: what a
// restarted broker acknowledges to a box has then been given to the collectors,
// and a test may demand that they miss nothing.
//
// It does not know topics, payloads, or anything of ours.
package mqtttest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startPatience is how long a broker may take until it answers.
const startPatience = 10 * time.Second

// Options say who may do what. The zero value lets everybody do everything.
type Options struct {
	Users map[string]string // user → password; with any, nobody else may connect
	ACL   []string          // lines of mosquitto's acl_file
	Lines []string          // more lines of mosquitto.conf
}

// A Broker is a running mosquitto on this machine. It ends with its test.
type Broker struct {
	URL    string // "mqtt://127.0.0.1:PORT", through the gate
	Direct string // "mqtt://ADDRESS:PORT", past it

	t      testing.TB
	binary string
	config string
	addr   string
	gate   *gate

	mu         sync.Mutex
	process    *exec.Cmd
	output     *bytes.Buffer
	collectors []*Collector
	clients    int // client ids given to collectors so far
}

// Start starts a broker, or skips the test where there is no mosquitto. With
// SITEPOST_ALL set that fails it.
func Start(t testing.TB, options ...Options) *Broker {
	t.Helper()
	b := &Broker{t: t, binary: find(t), addr: freeAddress(t)}
	b.Direct = "mqtt://" + b.addr
	b.config = b.write(options)
	b.gate = newGate(t, b.addr)
	b.URL = "mqtt://" + b.gate.addr()
	t.Cleanup(b.end)
	b.Restart()
	return b
}

// find returns the path of mosquitto, which Debian keeps out of a user's PATH.
func find(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"mosquitto", "/usr/sbin/mosquitto"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	skip(t, "mosquitto is not installed (apt-get install mosquitto)")
	return ""
}

// skip skips a test; with SITEPOST_ALL set, nothing may be skipped.
func skip(t testing.TB, why string) {
	t.Helper()
	if os.Getenv("SITEPOST_ALL") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// freeAddress returns an address that was free a moment ago, and stays so where a
// machine has more of its own than 127.0.0.1, on which each connection that goes out
// takes a port.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250)))
	if err != nil {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// write writes mosquitto.conf and what it names, and returns its path.
func (b *Broker) write(options []Options) string {
	b.t.Helper()
	dir := b.t.TempDir()
	host, port, _ := net.SplitHostPort(b.addr)
	lines := []string{
		"listener " + port + " " + host,
		"persistence false",
		"max_inflight_messages 0", // no limit: what is acknowledged was passed on
		"max_queued_messages 0",
		"set_tcp_nodelay true",
		"log_dest stderr",
		"log_type error",
		"log_type warning",
	}
	if os.Getuid() == 0 {
		lines = append(lines, "user root") // else it cannot read the test's directory
	}
	anonymous := "allow_anonymous true"
	for _, o := range options {
		if len(o.Users) > 0 {
			anonymous = "allow_anonymous false"
			lines = append(lines, "password_file "+b.passwords(dir, o.Users))
		}
		if len(o.ACL) > 0 {
			lines = append(lines, "acl_file "+b.file(dir, "acl", o.ACL))
		}
		lines = append(lines, o.Lines...)
	}
	return b.file(dir, "mosquitto.conf", append(lines, anonymous))
}

func (b *Broker) file(dir, name string, lines []string) string {
	b.t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// passwords writes a password file in the form that mosquitto_passwd -U turns
// into hashes.
func (b *Broker) passwords(dir string, users map[string]string) string {
	b.t.Helper()
	var lines []string
	for user, password := range users {
		lines = append(lines, user+":"+password)
	}
	path := b.file(dir, "passwords", lines)
	if out, err := exec.Command("mosquitto_passwd", "-U", path).CombinedOutput(); err != nil {
		b.t.Fatalf("mosquitto_passwd: %v\n%s", err, out)
	}
	return path
}

// Kill ends the broker as a power cut does.
func (b *Broker) Kill() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gate.close()
	b.stop()
}

// Freeze stops the broker without ending it: its connections stand, and nothing is
// read. A Kill ends it for good.
func (b *Broker) Freeze() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.process != nil {
		_ = b.process.Process.Signal(syscall.SIGSTOP)
	}
}

// stop ends the process. The caller holds the lock.
func (b *Broker) stop() {
	if b.process == nil {
		return
	}
	_ = b.process.Process.Kill()
	_ = b.process.Wait()
	b.process = nil
}

// Restart starts the broker after a Kill, empty, and returns when it answers,
// all collectors have subscribed again and the gate is open.
func (b *Broker) Restart() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.output = new(bytes.Buffer)
	b.process = exec.Command(b.binary, "-c", b.config)
	b.process.Stderr = b.output
	if err := b.process.Start(); err != nil {
		b.process = nil
		b.t.Fatalf("mosquitto: %v", err)
	}
	if err := b.answers(); err != nil {
		b.stop()
		b.t.Fatalf("mosquitto: %v\n%s", err, b.output)
	}
	for _, c := range b.collectors {
		if err := c.connect(); err != nil {
			b.t.Fatalf("collector of %q: %v", c.filter, err)
		}
	}
	b.gate.open()
}

// answers waits until the broker accepts connections.
func (b *Broker) answers() error {
	for end := time.Now().Add(startPatience); time.Now().Before(end); {
		c, err := net.DialTimeout("tcp", b.addr, time.Second)
		if err == nil {
			return c.Close()
		}
		time.Sleep(5 * time.Millisecond) // a process has no signal for "I listen"
	}
	return fmt.Errorf("%w after %v", errors.New("nobody listens"), startPatience)
}

func (b *Broker) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.collectors {
		c.client.Disconnect(100)
	}
	b.gate.end()
	b.stop()
}
