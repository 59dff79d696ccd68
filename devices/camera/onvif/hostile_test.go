package onvif_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// TestHostileAnswers promises that a camera that means harm costs little memory
// and no more than 5 s, is named for what it does, and gets no login.
// (security.md 1; quirk 42)
func TestHostileAnswers(t *testing.T) {
	t.Parallel()
	for trouble, want := range map[cameratest.Trouble]string{
		cameratest.HTMLAnswer:    "read the answer: it answers with something that is not ONVIF (a web page?); is the port right, and is ONVIF switched on in the camera's own page?",
		cameratest.EndlessBody:   "answer is longer than 2 MiB",
		cameratest.Huge:          "answer is longer than 2 MiB",
		cameratest.Redirects:     "it sends us elsewhere (HTTP redirect), which is not followed; is the port right, or does it want https?",
		cameratest.DeepXML:       "read the answer: it is nested too deep: more than 64 levels",
		cameratest.AttributeBomb: "read the answer: it has a part of more than 256 KiB",
		cameratest.Slow:          "cannot be reached: no whole answer in time",
		cameratest.Hangs:         "cannot be reached: no whole answer in time",
		cameratest.ClosesAtOnce:  "cannot be reached: it hung up without an answer (EOF)",
		cameratest.ShortBody:     "cannot be reached: read the answer: unexpected EOF",
		cameratest.LongBody:      "read the answer: XML syntax error on line 1: unexpected EOF",
		cameratest.GzipBomb:      "answer is compressed, which was not asked for",
		cameratest.HugeHeader:    "cannot be reached: net/http: HTTP/1.x transport connection broken: net/http: server response headers exceeded 65536 bytes; aborted",
	} {
		t.Run(string(trouble), func(t *testing.T) {
			t.Parallel()
			v := cameratest.Start(t, cameratest.Options{Trouble: trouble, Password: "secret"})
			began := time.Now()
			_, err := identify(cameratest.Soon(t), to(v, "secret"))
			if err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			if took := time.Since(began); took > 6*time.Second {
				t.Errorf("took %v, want at most 6 s", took)
			}
			if got := v.Logins(); got.Tried != 0 {
				t.Errorf("got %+v, want no login sent", got)
			}
		})
	}
}

// TestLargeAnswersAreBounded promises that answers that are endless, of 200 MiB
// or packed cost no more than a few times the limit of 2 MiB. (security.md 1)
func TestLargeAnswersAreBounded(t *testing.T) {
	for _, trouble := range []cameratest.Trouble{cameratest.EndlessBody, cameratest.Huge, cameratest.GzipBomb} {
		v := cameratest.Start(t, cameratest.Options{Trouble: trouble})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := identify(cameratest.Soon(t), to(v, "")); err == nil {
			t.Errorf("%s: got no error", trouble)
		}
		runtime.ReadMemStats(&after)
		grown := after.TotalAlloc - before.TotalAlloc
		t.Logf("%s: %d KiB", trouble, grown>>10)
		if grown > 16<<20 {
			t.Errorf("%s: got %d MiB allocated, want at most 16", trouble, grown>>20)
		}
	}
}

// TestThousandFailuresLeaveNothing promises that a thousand refused logins, a
// thousand resets and a thousand time-outs leave no descriptor, no goroutine and
// no memory behind. (security.md 1)
func TestThousandFailuresLeaveNothing(t *testing.T) {
	refused := func(err error) bool { return errors.As(err, new(*onvif.LoginRefused)) }
	gone := func(err error) bool { return errors.As(err, new(*onvif.Unreachable)) }
	late := func(err error) bool { return gone(err) || errors.Is(err, context.DeadlineExceeded) } // or had no place in time
	for _, c := range []struct {
		name    string
		o       cameratest.Options
		offline bool
		within  time.Duration
		times   int
		meant   func(error) bool
	}{
		{"refused, wsse", cameratest.Options{Password: "right"}, false, time.Minute, 1000, refused},
		{"refused, digest", cameratest.Options{Auth: "digest", Password: "right"}, false, time.Minute, 200, refused},
		{"reset", cameratest.Options{}, true, time.Minute, 1000, gone},
		{"closed at once", cameratest.Options{Trouble: cameratest.ClosesAtOnce}, false, time.Minute, 200, gone},
		{"timed out", cameratest.Options{Trouble: cameratest.Hangs}, false, 3 * time.Millisecond, 1000, late},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := cameratest.Start(t, c.o)
			v.Offline(c.offline)
			client := connect(t, to(v, "wrong"))
			fail := func(times int) {
				for range times {
					ctx, cancel := context.WithTimeout(t.Context(), c.within)
					client.Budget().Forgive(client.Host()) // so that each is really refused
					err := whoIsIt(ctx, client, v)
					cancel()
					if !c.meant(err) {
						t.Fatalf("got %v", err)
					}
				}
			}
			fail(20) // what is made once
			descriptors, goroutines := cameratest.Held(t)
			before := heap()
			fail(c.times)
			cameratest.Flat(t, descriptors, goroutines)
			if grown := heap() - before; grown > 4<<20 {
				t.Errorf("got the heap grown by %d KiB, want at most 4096", grown>>10)
			} else {
				t.Logf("the heap grew by %d KiB", grown>>10)
			}
			if got := v.Logins(); c.o.Password != "" && got.Refused < c.times {
				t.Errorf("got %+v, want %d really refused", got, c.times)
			}
		})
	}
}

// heap is what is in use after everything that can be freed was.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestStuckQuestionsBesideALongPoll promises that a poll that hangs does not hold
// up the questions of others, and that they do not hold up each other for longer
// than they may take.
func TestStuckQuestionsBesideALongPoll(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Trouble: cameratest.Hangs})
	client := connect(t, to(v, ""))
	polling, stop := context.WithCancel(t.Context())
	polls := make(chan error)
	for range 2 {
		go func() {
			polls <- client.Call(polling, onvif.Call{To: "http://" + v.Address() + "/onvif/events", Question: struct {
				XMLName string `xml:"tev:PullMessages"`
			}{}, Within: time.Minute})
		}()
	}
	began := time.Now()
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		err := whoIsIt(ctx, client, v)
		if !errors.As(err, new(*onvif.Unreachable)) {
			t.Errorf("got %v, want an Unreachable: its place was never its own", err)
		}
		cancel()
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	stop()
	<-polls
	<-polls
}

// TestGet promises that a picture is fetched whole, from the camera's own host
// only, with its query, and never longer than asked for; that no password goes in
// clear; and that its refused logins are counted with all others.
func TestGet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, url string
		o         cameratest.Options
		most      int
		want      string
	}{
		{"not at a web address", "ftp://127.0.0.11/p.jpg", cameratest.Options{}, 0, `the camera tells an unusable address "ftp://127.0.0.11/p.jpg"`},
		{"in clear", "http://10.9.9.9/p.jpg", cameratest.Options{Trouble: cameratest.BasicOnly}, 0, "the camera wants the password in clear for its pictures (HTTP Basic), which is not sent (choose digest in the camera's own page)"},
		{"sent elsewhere", "http://10.9.9.9/p.jpg", cameratest.Options{Trouble: cameratest.Redirects}, 0, "it sends us elsewhere (HTTP redirect), which is not followed; is the port right, or does it want https?"},
		{"too long", "http://10.9.9.9/p.jpg", cameratest.Options{Trouble: cameratest.Huge}, 1000, "answer is longer than 1000 bytes"},
		{"nothing there", "http://10.9.9.9/p.jpg", cameratest.Options{}, 0, "the camera answers with HTTP 404"},
		{"a page", "http://u:p@10.9.9.9/p.jpg?channel=1", cameratest.Options{Trouble: cameratest.HTMLAnswer}, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := cameratest.Start(t, c.o)
			body, kind, err := connect(t, to(v, "secret")).Get(cameratest.Soon(t), c.url, c.most)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			page := "<html><head><title>Login</title></head><body>Please log in</body></html>"
			if c.want == "" && (string(body) != page || kind != "text/html") {
				t.Errorf("got %q of type %q", body, kind)
			}
		})
	}
}
