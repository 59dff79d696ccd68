package history_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sitepost/cmd/sitepost/history"
)

// child is the variable that makes the test binary a process which keeps for ever.
const child = "SITEPOST_HISTORY_CHILD"

func TestMain(m *testing.M) {
	if directory := os.Getenv(child); directory != "" {
		keepForEver(directory)
	}
	os.Exit(m.Run())
}

// keepForEver keeps one text after the other, and says the number of each.
func keepForEver(directory string) {
	b, err := history.Open(directory)
	for n := 0; err == nil; n++ {
		var e history.Entry
		text := fmt.Appendf(nil, "# process %d, number %d\n%s", os.Getpid(), n, strings.Repeat("# a line\n", 4000))
		if e, err = b.Keep(text, "child", time.Now(), true); err == nil {
			_, err = fmt.Println(e.Number)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// TestKilled: two processes keep at once and are killed in the middle, again and
// again. What they said that they had kept is there, every entry can be read, and
// nothing that they left behind stays.
func TestKilled(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	b := open(t, directory)
	for round := range 10 {
		first, second := startChild(t, directory), startChild(t, directory)
		last := max(first.kill(2+round), second.kill(1))
		e, is, err := b.Last()
		if !is || err != nil || e.Number < last {
			t.Fatalf("round %d: the last is %+v, %v, %v, and number %d was kept", round, e, is, err, last)
		}
		if all, err := b.Damages(); len(all) != 0 || err != nil {
			t.Fatalf("round %d: damaged: %v, %v", round, all, err)
		}
		if n := numbers(t, b); len(n) > 51 { // one may have died before it took an old one away
			t.Fatalf("round %d: %d entries", round, len(n))
		}
	}
	keep(t, b, "version = 1")
	files, err := filepath.Glob(filepath.Join(b.Path(), ".*"))
	if len(files) != 0 || err != nil {
		t.Errorf("left behind: %v, %v", files, err)
	}
	if n := numbers(t, b); len(n) != 50 {
		t.Errorf("%d entries, want 50", len(n))
	}
}

// A process keeps until it is killed.
type process struct {
	t    *testing.T
	cmd  *exec.Cmd
	said *bufio.Scanner
}

func startChild(t *testing.T, directory string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), child+"="+directory)
	cmd.Stderr = t.Output()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return &process{t, cmd, bufio.NewScanner(out)}
}

// kill kills a process that has kept so many, in the middle of what comes then, and
// returns the last number that it said.
func (p *process) kill(after int) (last int) {
	p.t.Helper()
	for n := 0; p.said.Scan(); n++ {
		number, err := strconv.Atoi(p.said.Text())
		if err != nil {
			break // it was killed while it said it
		}
		last = number
		if n == after {
			_ = p.cmd.Process.Kill() // an error is seen below: then it does not end
		}
	}
	_ = p.cmd.Wait() // it was killed
	return last
}
