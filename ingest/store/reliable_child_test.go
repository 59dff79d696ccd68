package store

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The variables that make the test binary a load in a process of its own.
const (
	childLoad   = "SITEPOST_STORE_TEST_LOAD"   // the directory of the store
	childWindow = "SITEPOST_STORE_TEST_WINDOW" // of its reader
	childNoSync = "SITEPOST_STORE_TEST_NOSYNC" // not empty: its fsync does nothing
	childEarly  = "SITEPOST_STORE_TEST_EARLY"  // not empty: it tells an alarm before it is safe
)

// beDriven is that process: it prints the words of its load, until it is killed.
func beDriven(directory string) {
	if os.Getenv(childNoSync) != "" {
		if err := ignoreSync(); err != nil {
			fmt.Println("ignore fsync:", err)
			os.Exit(1)
		}
	}
	window, err := strconv.Atoi(os.Getenv(childWindow))
	if err != nil {
		fmt.Println("window:", err)
		os.Exit(1)
	}
	s, err := Open(frugal(directory))
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	l := &load{s: s, run: fmt.Sprint("p", os.Getpid(), "-", time.Now().UnixNano()), window: window, early: os.Getenv(childEarly) != ""}
	l.tell = func(word string) {
		if _, err := os.Stdout.WriteString(word + "\n"); err != nil {
			os.Exit(1)
		}
	}
	err = l.drive()
	fmt.Fprintln(os.Stderr, "the load ended:", err)
	os.Exit(1)
}

// ignoreSync makes the kernel answer fsync and fdatasync of this process without
// doing anything, as a disk does that lies. sitepost itself has no such switch.
func ignoreSync() error {
	only := func(nr uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: nr}
	}
	sync, dataSync := only(unix.SYS_FSYNC), only(unix.SYS_FDATASYNC)
	sync.Jt, dataSync.Jf = 1, 1
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // the number of the call
		sync,
		dataSync,
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO}, // with the errno 0
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	load := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&load)))
	if errno != 0 {
		return errno
	}
	return nil
}

// A driven is a load in a process of its own.
type driven struct {
	t       *testing.T
	process *exec.Cmd
	began   time.Time // of the witness's time
	ended   chan error
	heard   chan struct{} // closed at the first event that it took
}

// driveIn starts a load on a store. What it tells goes to the witness, until end.
func driveIn(t *testing.T, directory string, w *witness, began time.Time, window int, env ...string) *driven {
	t.Helper()
	d := &driven{t: t, process: exec.Command(os.Args[0], "-test.run=^$"), began: began, ended: make(chan error, 1), heard: make(chan struct{})}
	d.process.Env = append(append(os.Environ(), childLoad+"="+directory, childWindow+"="+strconv.Itoa(window)), env...)
	words, err := d.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.process.Process.Kill() }) // an error means that it is dead, as it should be
	go func() { d.ended <- d.listen(bufio.NewReader(words), w) }()
	return d
}

// listen takes the words in until there are no more. The kill may cut the last one,
// which then does not count: whoever was to hear it did not.
func (d *driven) listen(words *bufio.Reader, w *witness) error {
	for n := 0; ; {
		word, err := words.ReadString('\n')
		if err != nil {
			return nil
		}
		w.moment, w.at = w.moment+1, time.Since(d.began)
		if err := w.hear(word[:len(word)-1]); err != nil {
			return err
		}
		if word[0] == 'g' {
			if n++; n == 1 {
				close(d.heard)
			}
		}
	}
}

// live lets the load go on for a while after the first event that it took.
func (d *driven) live(d0 time.Duration) {
	d.t.Helper()
	select {
	case <-d.heard:
		time.Sleep(d0)
	case err := <-d.ended:
		d.t.Fatalf("the load ended before it took anything: %v", err)
	case <-time.After(time.Minute):
		d.t.Fatal("the load takes nothing")
	}
}

// end kills the process, and returns when all it told was heard.
func (d *driven) end() {
	d.t.Helper()
	_ = d.process.Process.Kill()
	if err := <-d.ended; err != nil {
		d.t.Fatal(err)
	}
	_ = d.process.Wait() // it was killed
}
