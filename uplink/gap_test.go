package uplink_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
	"sitepost/ingest/store"
	"sitepost/uplink"
	"sitepost/uplink/uplinktest"
)

// TestGap: what the store dropped is told when the link is up and what comes
// behind it has arrived, and each of it once.
func TestGap(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		gaps := func() []string {
			p.mu.Lock()
			defer p.mu.Unlock()
			var list []string
			for _, e := range p.said {
				if e.Code == devices.StoreGap {
					list = append(list, e.Point+" "+e.Detail+": "+e.Text)
				}
			}
			return list
		}
		p.store.gaps = []store.Gap{{Lane: devices.ReadingLane, First: 1, Last: 2, Why: "dropped: no room"}, {Lane: devices.ReadingLane, First: 4, Last: 4, Why: "damaged"}}
		p.broker.Away(fmt.Errorf("no network"))
		p.start(p.options())
		after(10 * time.Minute)
		if got := gaps(); got != nil {
			t.Errorf("while the link is down: got %q, want none", got)
		}
		p.broker.Away(nil)
		p.store.add(devices.ReadingLane, 3)
		after(5 * time.Minute)
		first := []string{"reading 1-2: 2 records are missing: dropped: no room"}
		if diff := cmp.Diff(first, gaps()); diff != "" {
			t.Errorf("when three records have arrived (-want +got):\n%s", diff)
		}
		p.store.add(devices.ReadingLane, 2)
		after(5 * time.Minute)
		if diff := cmp.Diff(append(first, "reading 4-4: 1 records are missing: damaged"), gaps()); diff != "" {
			t.Errorf("when five records have arrived (-want +got):\n%s", diff)
		}
	})
}

// TestLoss: what the disk refused is told whether the link is up or not, and once,
// also if the store does not take for a while that it was told.
func TestLoss(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.losses = []store.Loss{{Lane: devices.EventLane, Count: 12, Why: store.WhyRefused}}
		p.store.broken = fmt.Errorf("it is read-only")
		p.broker.Away(fmt.Errorf("no network"))
		p.start(p.options())
		after(5 * time.Minute)
		p.store.mu.Lock()
		p.store.broken = nil
		p.store.mu.Unlock()
		after(5 * time.Minute)
		p.mu.Lock()
		defer p.mu.Unlock()
		var got []string
		for _, e := range p.said {
			if e.Code == devices.StoreGap {
				got = append(got, fmt.Sprint(e.Point, " ", e.Detail, ": ", e.Value.Number, " ", e.Value.Quantity))
			}
		}
		if diff := cmp.Diff([]string{"event disk refused: 12 records"}, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
		if left := p.store.Lost(); len(left) > 0 {
			t.Errorf("got %v not told yet, want none", left)
		}
	})
}

// TestGapOfAFileBefore: what a damaged file took with it is told as soon as the link is
// up: nothing comes behind it any more.
func TestGapOfAFileBefore(t *testing.T) {
	bubble(t, func(t *testing.T, p *place) {
		p.store.gaps = []store.Gap{{Lane: devices.AlarmLane, First: 7, Last: 9, Epoch: "7f3a9c51d20b44e6", Why: "damaged"}}
		p.start(p.options())
		after(time.Minute)
		p.mu.Lock()
		defer p.mu.Unlock()
		var got []string
		for _, e := range p.said {
			if e.Code == devices.StoreGap {
				got = append(got, e.Point+" "+e.Detail+": "+e.Text)
			}
		}
		want := []string{"alarm 7f3a9c51d20b44e6 7-9: 3 records are missing: damaged (their epoch is 7f3a9c51d20b44e6)"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// measured is a stream as it is recorded, about as long as they get.
func measured(n int) *devices.Stream {
	return &devices.Stream{
		State: devices.StreamLive, Since: time.Now(), URI: "rtsp://10.37.20.12:554/Streaming/Channels/101", Transport: "tcp", Seconds: 4, Codec: "H264",
		Profile: "High", Level: "4.0", Width: 1920, Height: 1080, FPSNominal: new(25.0), Parameters: "stream", KeySeconds: new(2.0), RateMode: "vbr",
		SmallFrames: new(0.01), InterFrames: 98, Conform: new(true), HD: new(true), FPS: new(25.0), Frames: 100 + n%2, BitrateBPS: new(4012345.0),
		PeakBPS: new(4400120.0), GOPFrames: new(50), KeyFrames: 2, Packets: 1440 + n%7, Loss: new(0.0), JitterMS: new(1.2), FirstFrameMS: new(412.0),
		ConnectMS: new(1.0), DescribeMS: new(11.0), PlayMS: new(20.0), FirstPacketMS: new(30.0), KeyFrameMS: new(350.0), ClockErrorMS: new(-80.0),
		SenderReports: 1, Audio: new(false), Metadata: new(true),
	}
}

// readingsIn is how much disk the readings of a store take.
func readingsIn(t *testing.T, directory string) (sum int64) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(directory, "readings-*.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil { // it may just have gone
			sum += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
	}
	return sum
}

// TestDeadUplinkForADay: 16 cameras that are visited every minute, and an alarm
// every ten, cost a bounded file while there is no link for a day; no alarm is
// lost, and which readings were dropped is told when the link is back.
func TestDeadUplinkForADay(t *testing.T) {
	t.Parallel()
	const cameras, room = 16, 2 << 20
	synctest.Test(t, func(t *testing.T) {
		directory := t.TempDir()
		st, err := store.Open(store.Options{Directory: directory, Site: site, MaxBytes: 16 << 20, ReadingBytes: room})
		if err != nil {
			t.Fatal(err)
		}
		defer st.Close()
		at := func(name string) devices.Place {
			return devices.Place{Site: devices.Site{Name: site}, Device: devices.Named{Name: name, Kind: devices.Camera}}
		}
		say := func(name string, e devices.Event) {
			t.Helper()
			e.Time = time.Now()
			if err := st.Append(at(name), e); err != nil {
				t.Fatal(err)
			}
		}
		broker := uplinktest.New()
		broker.Away(fmt.Errorf("no network"))
		ctx, cancel := context.WithCancel(context.Background())
		link := uplink.NewLink(uplink.Options{
			Site: site, Store: st, Dials: []uplink.Dial{broker.Dial("box1", uplink.Subscriptions(site))}, DrainRate: 500,
			Say: func(e devices.Event) error { return st.Append(at("box"), e) },
		})
		ended := make(chan error, 1)
		go func() { ended <- link.Run(ctx) }()

		var largest int64
		for minute := range 24 * 60 {
			for camera := range cameras {
				say(fmt.Sprintf("cam-%d", camera), devices.Event{Code: devices.StreamReading, Stream: measured(minute)})
			}
			if minute%10 == 0 {
				say("cam-1", devices.Event{Code: "camera.line_crossed", Text: fmt.Sprint(minute)})
			}
			time.Sleep(time.Minute)
			largest = max(largest, readingsIn(t, directory))
		}
		readings, alarms := st.Marks(devices.ReadingLane), st.Marks(devices.AlarmLane)
		t.Logf("%d readings, %d kept; they had %d KiB at most", readings.Last, readings.Last-readings.First+1, largest>>10)
		if most := int64(room + room/4); largest > most {
			t.Errorf("got %d bytes of readings, want at most %d", largest, most)
		}
		dropped := readings.First - 1
		if want := uint64(24 * 60 * cameras); readings.Last != want || dropped == 0 || dropped > want*19/20 {
			t.Errorf("got readings %+v, want %d, and some of them kept", readings, want)
		}
		if alarms.First != 1 || alarms.Last != 144+1 { // and that the link is lost
			t.Errorf("got alarms %+v, want all 145", alarms)
		}

		broker.Away(nil)
		after(time.Hour)
		var gap string
		crossed, arrived := 0, uint64(0)
		for _, m := range broker.Messages() {
			switch {
			case strings.Contains(string(m.Payload), `"store.gap"`):
				gap += string(m.Payload)
			case strings.Contains(string(m.Payload), `"camera.line_crossed"`):
				crossed++
			case strings.Contains(m.Topic, "/up/reading/"):
				arrived++
			}
		}
		if want := fmt.Sprintf(`"detail":"1-%d"`, dropped); strings.Count(gap, want) != 1 || strings.Count(gap, `"detail"`) != 1 {
			t.Errorf("got the gap %q, want one with %s", gap, want)
		}
		if crossed != 144 || arrived+dropped != readings.Last {
			t.Errorf("got %d alarms and %d readings with %d dropped, want 144, and %d together", crossed, arrived, dropped, readings.Last)
		}
		if gaps := st.Gaps(); len(gaps) > 0 {
			t.Errorf("got %v, want no gap left to tell", gaps)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
