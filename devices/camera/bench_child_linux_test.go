package camera_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// What makes a process of this test binary a [benchChild].
const (
	benchRole  = "SITEPOST_BENCH_ROLE"
	benchSetup = "SITEPOST_BENCH_SETUP"
)

// TestMain is also the processes whose cost is measured: the test binary itself.
func TestMain(m *testing.M) {
	if role := os.Getenv(benchRole); role != "" {
		os.Exit(benchLife(role, os.Getenv(benchSetup)))
	}
	os.Exit(m.Run())
}

// benchRoles makes what each process is, from its setup, as something that
// answers questions. What it answers is JSON.
var benchRoles = map[string]func(setup []byte) (answer func(question string) any, err error){
	"sender":  newBenchSender,
	"reader":  newBenchReader,
	"full":    newBenchFull,
	"sampled": newBenchSampled,
}

// benchLife is a child's whole life: a question on each line of its input, a
// line of JSON in return, until its input ends.
func benchLife(role, setup string) int {
	answer, err := benchRoles[role]([]byte(setup))
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", role, err)
		return 1
	}
	out := json.NewEncoder(os.Stdout)
	for questions := bufio.NewScanner(os.Stdin); questions.Scan(); {
		if err := out.Encode(answer(questions.Text())); err != nil {
			return 1
		}
	}
	return 0
}

// A benchChild is a process of its own, so that what it costs can be told from
// what everybody else does.
type benchChild struct {
	b       *testing.B
	role    string
	command *exec.Cmd
	ask     io.WriteCloser
	answers *json.Decoder
}

func startBenchChild(b *testing.B, role string, setup any) *benchChild {
	b.Helper()
	written, err := json.Marshal(setup)
	if err != nil {
		b.Fatal(err)
	}
	c := &benchChild{b: b, role: role, command: exec.Command(os.Args[0])}
	// The product's binary keeps no table of who allocated what; a test's does.
	c.command.Env = append(os.Environ(), "GODEBUG=memprofilerate=0", benchRole+"="+role, benchSetup+"="+string(written))
	c.command.Stderr = os.Stderr
	out, err := c.command.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if c.ask, err = c.command.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	if err := c.command.Start(); err != nil {
		b.Fatal(err)
	}
	c.answers = json.NewDecoder(out)
	return c
}

// question asks and reads the answer into a struct of the caller's.
func (c *benchChild) question(words string, answer any) {
	c.b.Helper()
	_, err := fmt.Fprintln(c.ask, words)
	if err == nil {
		err = c.answers.Decode(answer)
	}
	if err != nil {
		c.b.Fatalf("bench child %q, asked %q: %v", c.role, words, err)
	}
}

// end ends the child and waits for it.
func (c *benchChild) end() {
	c.b.Helper()
	_ = c.ask.Close() // it is told so by nothing else
	if err := c.command.Wait(); err != nil {
		c.b.Fatalf("bench child %q: %v", c.role, err)
	}
}

// A benchUse is what a process has used so far, and holds now.
type benchUse struct {
	At          time.Time
	CPU         float64 // seconds, user and system
	RSS, Anon   int     // KiB: all that is resident; the part that is no file's: heap, stacks, the runtime's own
	Descriptors int
}

func benchUsed() (u benchUse) {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		panic(err) // cannot be
	}
	u.At, u.CPU = time.Now(), float64(r.Utime.Nano()+r.Stime.Nano())/1e9
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		_, _ = fmt.Sscanf(line, "VmRSS: %d", &u.RSS)
		_, _ = fmt.Sscanf(line, "RssAnon: %d", &u.Anon)
	}
	open, _ := os.ReadDir("/proc/self/fd")
	u.Descriptors = len(open)
	return u
}
