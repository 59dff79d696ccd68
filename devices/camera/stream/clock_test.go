package stream

import (
	"context"
	"math"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// TestClockErrorOfASlowCamera is not half of how long the camera thinks before it
// answers: the way there and back is the shortest that was seen.
func TestClockErrorOfASlowCamera(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct {
		name    string
		connect time.Duration
		thinks  map[string]time.Duration
		want    float64 // of a camera that is 250 ms ahead
	}{
		{"thinks over the first answer", 0, map[string]time.Duration{"OPTIONS": 200 * ms}, 250},
		{"thinks over every answer", 4 * ms, map[string]time.Duration{"OPTIONS": 200 * ms, "DESCRIBE": 300 * ms, "SETUP": 90 * ms, "PLAY": 60 * ms}, 252},
		{"its SYN is repeated", 1000 * ms, map[string]time.Duration{"OPTIONS": 200 * ms, "DESCRIBE": 300 * ms, "SETUP": 6 * ms, "PLAY": 60 * ms}, 253},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cam := &fake{play: after(20*ms, reel{gop: 25, ahead: 250 * ms}.play)}
				cam.answer = func(q question) string { time.Sleep(c.thinks[q.method]); return "" }
				target := near(cam)
				target.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
					time.Sleep(c.connect)
					return cam.dial(ctx, network, address)
				}
				s, err := Measure(t.Context(), target, time.Second)
				if err != nil || s.ClockErrorMS == nil || math.Abs(*s.ClockErrorMS-c.want) > 0.1 {
					t.Errorf("got %v ms, %v, want %v", value(s.ClockErrorMS), err, c.want)
				}
			})
		})
	}
}
