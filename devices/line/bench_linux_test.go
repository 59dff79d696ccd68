package line_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"sitepost/devices/line"
	"sitepost/devices/line/linetest"
)

// run runs a line on a terminal until the benchmark is over.
func run(b *testing.B) (*line.Line, *linetest.Terminal) {
	b.Helper()
	far := linetest.PTY(b)
	l := line.New(line.Config{Open: line.OpenTTY(far.Path, fast), Settings: fast, Foreign: foreign})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	ear := l.Listen()
	defer ear.Close()
	_, _ = far.Write([]byte("ready"))
	for {
		waiting, stop := context.WithTimeout(ctx, 100*time.Millisecond)
		_, err := ear.Next(waiting)
		stop()
		if err == nil {
			return l, far
		}
		_, _ = far.Write([]byte("ready")) // the first was thrown away by the opening
	}
}

// busy reports the processor time of this process per wall time.
func busy(b *testing.B, work func()) {
	b.Helper()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			b.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	began, before := time.Now(), used()
	work()
	b.ReportMetric(100*float64(used()-before)/float64(time.Since(began)), "cpu-%")
}

// BenchmarkIdle: an open line on which nothing is said. One iteration is a
// second.
func BenchmarkIdle(b *testing.B) {
	run(b)
	busy(b, func() {
		for b.Loop() {
			<-time.After(time.Second)
		}
	})
}

// BenchmarkFlood: a line that is written to as fast as it is read, with an ear
// to which nobody listens; -benchtime 60s floods it for a minute. One
// iteration is 64 KiB, from the far end to the ear; the processor time is that
// of both ends.
func BenchmarkFlood(b *testing.B) {
	l, far := run(b)
	ear := l.Listen()
	defer ear.Close()
	chunk := make([]byte, 64<<10)
	for i := range chunk {
		chunk[i] = byte(i * 7)
	}
	b.SetBytes(int64(len(chunk)))
	before := heap()
	busy(b, func() {
		for b.Loop() {
			if _, err := far.Write(chunk); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(heap())-float64(before), "heap-B")
}

// BenchmarkFullBaud: the same at the 11,520 bytes a second of 115200 baud.
func BenchmarkFullBaud(b *testing.B) {
	_, far := run(b)
	const piece = 115 // 10 ms
	busy(b, func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for b.Loop() {
			<-tick.C
			if _, err := far.Write(make([]byte, piece)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
