package modbus_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
	"sitepost/devices/modbus"
)

// find returns the path of a program, or skips the test where it is not
// installed. With SITEPOST_ALL set nothing may be skipped.
func find(t *testing.T, program, debian string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		skip(t, program, debian)
	}
	return path
}

func skip(t *testing.T, what, debian string) {
	t.Helper()
	why := fmt.Sprintf("%s is not installed (apt-get install %s)", what, debian)
	if os.Getenv("SITEPOST_ALL") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// TestMbpoll: Debian's mbpoll, a stranger, reads what Serve serves on a
// terminal: the values of all four functions, and a refusal in its own words.
func TestMbpoll(t *testing.T) {
	mbpoll := find(t, "mbpoll", "mbpoll")
	far := linetest.PTY(t)
	s := &slave{wire: far, trick: func() string { return "none" }, read: func(b modbus.Block) ([]uint16, error) {
		if b.Offset >= 500 {
			return nil, &modbus.Exception{Code: 2}
		}
		values := make([]uint16, b.Count)
		for i := range values {
			values[i] = 1000*uint16(b.Function) + b.Offset + uint16(i)
			if b.Function <= modbus.Inputs {
				values[i] = (b.Offset + uint16(i)) % uint16(2+b.Function) & 1
			}
		}
		return values, nil
	}}
	var all sync.WaitGroup
	all.Go(s.run)
	defer all.Wait()
	defer far.Unplug()
	for _, c := range []struct {
		table string
		first int // as mbpoll counts, from 0
		count int
		want  []string
	}{
		{"0", 19, 10, []string{"1", "0", "0", "1", "0", "0", "1", "0", "0", "1"}},
		{"1", 40, 10, []string{"0", "1", "0", "1", "0", "1", "0", "1", "0", "1"}},
		{"3", 7, 3, []string{"4007", "4008", "4009"}},
		{"4", 107, 4, []string{"3107", "3108", "3109", "3110"}},
		{"4", 500, 1, []string{"Illegal data address"}},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		out, _ := exec.CommandContext(ctx, mbpoll, "-m", "rtu", "-a", "1", "-b", "115200", "-P", "none", "-0", "-1",
			"-t", c.table, "-r", strconv.Itoa(c.first), "-c", strconv.Itoa(c.count), far.Path).CombinedOutput()
		cancel()
		if diff := cmp.Diff(c.want, polled(string(out))); diff != "" {
			t.Errorf("table %s from %d (-want +got):\n%s\nmbpoll said:\n%s", c.table, c.first, diff, out)
		}
	}
}

// polled returns the values that mbpoll prints as "[107]: 	3107", or why it
// has none.
func polled(out string) []string {
	var values []string
	for _, m := range regexp.MustCompile(`(?m)^\[\d+\]:\s+(\d+)|failed: (.*)$`).FindAllStringSubmatch(out, -1) {
		values = append(values, m[1]+m[2])
	}
	return values
}

// compiled compiles the slave by libmodbus.
func compiled(t *testing.T) string {
	t.Helper()
	gcc := find(t, "gcc", "gcc libc6-dev")
	if _, err := os.Stat("/usr/include/modbus/modbus.h"); err != nil {
		skip(t, "libmodbus", "libmodbus-dev")
	}
	path := filepath.Join(t.TempDir(), "slave")
	out, err := exec.CommandContext(t.Context(), gcc, "-Wall", "-Werror", "-o", path, "testdata/slave.c", "-I/usr/include/modbus", "-lmodbus").CombinedOutput()
	if err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	return path
}

// start starts the slave and returns what it prints when it is ready. It is
// ended with the test.
func start(t *testing.T, path string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed
	})
	ready, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("slave %v: %v", args, err)
	}
	return strings.TrimSpace(ready)
}

// TestLibmodbusOnTerminal: a slave by libmodbus on a terminal is read by our
// questions through a line.
func TestLibmodbusOnTerminal(t *testing.T) {
	path := compiled(t)
	ours, theirs := linetest.PTY(t), linetest.PTY(t)
	var cable sync.WaitGroup
	defer cable.Wait()
	defer ours.Unplug()
	defer theirs.Unplug()
	cable.Go(func() { _, _ = io.Copy(ours, theirs) })
	cable.Go(func() { _, _ = io.Copy(theirs, ours) })
	start(t, path, "rtu", theirs.Path, "17")
	settings, err := line.ParseSettings("115200 8N1")
	if err != nil {
		t.Fatal(err)
	}
	readAll(t, 17, line.OpenTTY(ours.Path, settings), settings)
}

// TestLibmodbusTCP: the same slave over Modbus TCP. It answers for any unit.
func TestLibmodbusTCP(t *testing.T) {
	port := start(t, compiled(t), "tcp")
	readAll(t, 255, modbus.OpenTCP("127.0.0.1:"+port), line.Settings{})
}

// readAll reads everything that the slave has, in pieces of every size, and
// what it does not have.
func readAll(t *testing.T, unit byte, open line.Opener, settings line.Settings) {
	t.Helper()
	l := line.New(line.Config{Name: "libmodbus", Open: open, Settings: settings})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = l.Run(ctx) })
	defer running.Wait()
	defer cancel()
	for function, has := range map[modbus.Function]func(n int) uint16{
		modbus.Coils:          func(n int) uint16 { return yes(n%3 == 0) },
		modbus.Inputs:         func(n int) uint16 { return yes(n%5 == 0) },
		modbus.Holding:        func(n int) uint16 { return uint16(7*n + 60000) },
		modbus.InputRegisters: func(n int) uint16 { return uint16(1000 - n) },
	} {
		for first, count := 0, 1; first+count <= 100; first, count = first+count, count+3 {
			var want []uint16
			for n := range count {
				want = append(want, has(first+n))
			}
			b := modbus.Block{Unit: unit, Function: function, Offset: uint16(first), Count: uint16(count)}
			got, err := read(t.Context(), l, b)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%+v: %v (-want +got):\n%s", b, err, diff)
			}
		}
		b := modbus.Block{Unit: unit, Function: function, Offset: 99, Count: 2}
		_, err := read(t.Context(), l, b)
		if exception, ok := errors.AsType[*modbus.Exception](err); !ok || exception.Code != 2 {
			t.Errorf("%+v: got %v, want exception 2", b, err)
		}
	}
}

// read puts one question.
func read(ctx context.Context, l *line.Line, b modbus.Block) ([]uint16, error) {
	answer, err := l.Ask(ctx, b.Question(5*time.Second))
	if err != nil {
		return nil, err
	}
	return b.Decode(answer.Bytes)
}

func yes(on bool) uint16 {
	if on {
		return 1
	}
	return 0
}
