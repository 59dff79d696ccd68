package stream_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/devices/camera/stream"
)

// skip skips the test where a program is not installed. With SITEPOST_ALL set
// nothing may be skipped.
func skip(t *testing.T, what, debian string) {
	t.Helper()
	why := fmt.Sprintf("%s is not installed (apt-get install %s)", what, debian)
	if os.Getenv("SITEPOST_ALL") != "" {
		t.Fatal(why)
	}
	t.Skip(why)
}

// A film is what the stranger plays.
type film struct {
	codec string // as GStreamer calls it
	size  string
	fps   int
	gop   int
	how   string // to encode it
}

// films differ in all that is measured. 636x356 is no whole number of blocks.
func films() []film {
	return []film{
		{"h264", "1280x720", 25, 50, "-c:v libx264 -preset superfast -b:v 3M -maxrate 3M -bufsize 1M -x264-params scenecut=0"},
		{"h265", "960x540", 20, 20, "-c:v libx265 -preset ultrafast -b:v 2M -maxrate 2M -bufsize 1M -x265-params log-level=none:scenecut=0:open-gop=0:keyint=20:min-keyint=20"},
		{"h264", "636x356", 15, 30, "-c:v libx264 -preset ultrafast -b:v 1M -maxrate 1M -bufsize 500k -x264-params scenecut=0"},
		{"h265", "636x356", 12, 18, "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -b:v 800k -maxrate 800k -bufsize 400k -x265-params log-level=none:scenecut=0:open-gop=0:keyint=18:min-keyint=18"},
	}
}

// encode makes two GOPs of a moving, noisy picture and repeats them for 16 s or
// more.
func (f film) encode(t *testing.T, path string) error {
	picture := fmt.Sprintf("testsrc2=size=%s:rate=%d,noise=alls=12:allf=t", f.size, f.fps)
	once := []string{"-v", "error", "-f", "lavfi", "-i", picture, "-frames:v", strconv.Itoa(2 * f.gop), "-pix_fmt", "yuv420p", "-bf", "0", "-g", strconv.Itoa(f.gop)}
	once = append(append(once, strings.Fields(f.how)...), path+".once.mp4")
	again := []string{"-v", "error", "-stream_loop", strconv.Itoa(8 * f.fps / f.gop), "-i", path + ".once.mp4", "-c", "copy", path}
	for _, args := range [][]string{once, again} {
		if out, err := exec.CommandContext(t.Context(), "ffmpeg", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("ffmpeg %q: %w\n%s", args, err, out)
		}
	}
	return nil
}

// encode makes all films.
func encode(t *testing.T, paths []string) {
	t.Helper()
	failures := make([]error, len(paths))
	var all sync.WaitGroup
	for i, f := range films() {
		all.Go(func() { failures[i] = f.encode(t, paths[i]) })
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
}

// serve starts GStreamer's RTSP server and returns the port at which it plays the
// films, as soon as they are there. It ends with the test.
func serve(t *testing.T, paths []string) string {
	t.Helper()
	const python, debian = "/usr/bin/python3", "python3-gi gir1.2-gst-rtsp-server-1.0" // Debian's: another one has no gi
	if _, err := os.Stat(python); err != nil {
		skip(t, python, debian)
	}
	args := []string{"testdata/gst_server.py"}
	for i, f := range films() {
		args = append(args, f.codec+"="+paths[i])
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, python, args...)
	cmd.Env = append(os.Environ(), "GST_REGISTRY="+filepath.Join(t.TempDir(), "registry")) // and not in the home directory
	cmd.Stderr = os.Stderr
	_, inErr := cmd.StdinPipe() // the server ends with it, should we be killed
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // killed
	})
	said, err := bufio.NewReader(out).ReadString('\n')
	said = strings.TrimSpace(said)
	if _, no := strconv.Atoi(said); err == nil && no == nil {
		return said
	}
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() == 3 {
		skip(t, "GStreamer's RTSP server ("+said+")", debian)
	}
	t.Fatalf("the server said %q and ended: %v", said, cmd.ProcessState)
	return ""
}

// within says whether got is there and no further from want than share of it.
func within(got *float64, want, share float64) bool {
	return got != nil && math.Abs(*got-want) <= share*want
}

func show(v *float64) string {
	if v == nil {
		return "nothing"
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}

const (
	look = 10500 * time.Millisecond // at every stream
	late = 0.25                     // seconds that a busy machine may be late once
)

// TestGStreamer promises that what we measure of the streams of a stranger,
// GStreamer's RTSP server, is what ffprobe, another, finds in the files: codec,
// profile, level, size, nominal rate and GOP exactly, and the bits of all whole
// GOPs within 2 %. Nothing is lost, every frame has its own RTP time stamp, there
// is no sound, and the clock of the stranger, which is on this machine, is ours.
func TestGStreamer(t *testing.T) {
	for _, program := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(program); err != nil {
			skip(t, program, "ffmpeg")
		}
	}
	paths := make([]string, len(films()))
	for i, dir := 0, t.TempDir(); i < len(paths); i++ {
		paths[i] = filepath.Join(dir, strconv.Itoa(i)+".mp4")
	}
	port := serve(t, paths)
	encode(t, paths)
	visits := visitAll(t, port)
	for i, path := range paths {
		file := ffprobe(t, path)
		for _, v := range visits[i] {
			t.Run(fmt.Sprintf("%s %s over %s", films()[i].codec, films()[i].size, v.by), func(t *testing.T) {
				if v.err != nil || v.got.Transport != string(v.by) {
					t.Fatalf("got %+v, %v", v.got, v.err)
				}
				judge(t, v.got, file)
			})
		}
	}
}

// A visit is one look at a film.
type visit struct {
	by  stream.Transport
	got devices.Stream
	err error
}

// visitAll looks at every film over TCP and over UDP, all at once.
func visitAll(t *testing.T, port string) [][]*visit {
	t.Helper()
	visits := make([][]*visit, len(films()))
	var all sync.WaitGroup
	for i := range visits {
		at := fmt.Sprintf("rtsp://127.0.0.1:%s/%d", port, i)
		visits[i] = []*visit{{by: stream.TCP}, {by: stream.UDP}}
		for _, v := range visits[i] {
			all.Go(func() { v.got, v.err = stream.Measure(t.Context(), stream.Target{URL: at, Transport: v.by}, look) })
		}
	}
	all.Wait()
	return visits
}

// judge compares what was measured with what is in the file.
//
// On a busy machine the stranger begins late, and hurries then: frames and bits
// come faster by as much. So the bit rate is compared at the frame rate that was
// measured, and the frame rate itself may be 5 % off, which is half a second.
func judge(t *testing.T, got devices.Stream, file facts) {
	want := file.stream(t)
	same := devices.Stream{State: got.State, Why: got.Why, Codec: got.Codec, Profile: got.Profile, Level: got.Level, Width: got.Width, Height: got.Height,
		FPSNominal: got.FPSNominal, GOPFrames: got.GOPFrames, Audio: got.Audio, Metadata: got.Metadata, Loss: got.Loss, Duplicates: got.Duplicates, Resets: got.Resets,
		Parameters: got.Parameters, Conform: got.Conform}
	if diff := cmp.Diff(want, same); diff != "" {
		t.Errorf("(-ffprobe +measured):\n%s", diff)
	}
	if !within(got.FPS, *want.FPSNominal, 0.05) {
		t.Fatalf("got %s frames a second, want %g", show(got.FPS), *want.FPSNominal)
	}
	gops := got.KeyFrames - 1 // from the first: the stranger begins at the beginning for everyone
	if most := int(look.Seconds() * *want.FPSNominal / float64(*want.GOPFrames)); gops < most-1 || gops > most {
		t.Fatalf("got %d GOPs, want %d", gops, most)
	}
	frame := file.bits(gops) / float64(gops**want.GOPFrames)
	if want := frame * *got.FPS; !within(got.BitrateBPS, want, 0.02) {
		t.Errorf("got %s bit/s over %d GOPs, want %.0f", show(got.BitrateBPS), gops, want)
	}
	if every := float64(*want.GOPFrames) / *want.FPSNominal; got.KeySeconds == nil || math.Abs(*got.KeySeconds-every) > late {
		t.Errorf("got a key frame every %s s, want %g", show(got.KeySeconds), every)
	}
	if e := got.ClockErrorMS; e == nil || got.SenderReports == 0 || math.Abs(*e) > 1000*late {
		t.Errorf("got a clock error of %s ms from %d reports, want about 0", show(e), got.SenderReports)
	}
}
