package onvif

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/cameratest"
)

// knows is a client that knows the login of a virtual camera.
func knows(t *testing.T, v *cameratest.Camera) *Client {
	t.Helper()
	c, err := New(Options{
		Host: v.Address(), User: "onvif", Password: func() (string, error) { return "secret", nil }, Networks: cameratest.Loopback,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestServices promises that the services are found on cameras new, old and behind
// NAT, each where it is, and Media2 only where the camera says it is (quirk 21).
func TestServices(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]cameratest.Options{
		"as told":           {},
		"behind NAT":        {InnerHost: "192.168.1.64"},
		"0.0.0.0":           {InnerHost: "0.0.0.0"},
		"127.0.0.1":         {InnerHost: "127.0.0.1"},
		"made-up address":   {InnerHost: "169.254.7.7"},
		"IPv6 of the link":  {InnerHost: "fe80::1"},
		"no GetServices":    {NoServices: true},
		"old and inner":     {NoServices: true, InnerHost: "192.168.1.64"},
		"no Media2":         {Media1Only: true},
		"without recording": {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o.Password, o.Inputs = "secret", 2
			if name != "without recording" {
				o.Archive = &cameratest.Archive{}
			}
			v := cameratest.Start(t, o)
			got, err := knows(t, v).Services(cameratest.Soon(t))
			if err != nil {
				t.Fatal(err)
			}
			at := func(path string) string { return "http://" + v.Address() + path }
			want := Services{DeviceSpace: at("/onvif/device_service"), MediaSpace: at("/onvif/media_service"), DeviceIOSpace: at("/onvif/deviceio_service")}
			if o.Archive != nil {
				want[RecordingSpace], want[SearchSpace] = at("/onvif/recording_service"), at("/onvif/search_service")
			}
			if !o.NoServices && !o.Media1Only {
				want[Media2Space] = at("/onvif/media2_service")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestServicesAreRemembered promises that the camera is not asked again for ten
// minutes, and at once after it moved or a service is not where it was.
func TestServicesAreRemembered(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Auth: "open"})
	c := knows(t, v)
	asked := func() int {
		before := v.Questions()
		if _, err := c.Services(cameratest.Soon(t)); err != nil {
			t.Fatal(err)
		}
		return v.Questions() - before
	}
	got := []int{asked(), asked()}
	if err := c.MoveTo(v.Address()); err != nil {
		t.Fatal(err)
	}
	got = append(got, asked(), asked())
	err := c.Ask(cameratest.Soon(t), "http://"+v.Address()+"/onvif/not_here", inputsQuestion{}, nil)
	if f, ok := errors.AsType[*Fault](err); !ok || f.Status != 404 {
		t.Fatalf("got %v, want HTTP 404", err)
	}
	got = append(got, asked(), asked())
	if diff := cmp.Diff([]int{1, 0, 1, 0, 1, 0}, got); diff != "" {
		t.Error(diff)
	}
	synctest.Test(t, func(t *testing.T) {
		c := &Client{services: Services{MediaSpace: "x"}, servicesUntil: time.Now().Add(servicesKeptFor)}
		time.Sleep(servicesKeptFor)
		if c.knownServices() == nil {
			t.Error("forgotten too early")
		}
		time.Sleep(time.Nanosecond)
		if c.knownServices() != nil {
			t.Error("still remembered")
		}
	})
}

// TestHardwareAddress promises one spelling of a MAC address, and none for what is
// no address of one device (quirk 9).
func TestHardwareAddress(t *testing.T) {
	t.Parallel()
	for told, want := range map[string]string{
		"BC:AD:28:01:02:03": "bc:ad:28:01:02:03", " bc-ad-28-01-02-03\r\n": "bc:ad:28:01:02:03",
		"bcad.2801.0203": "bc:ad:28:01:02:03", "BCAD28010203": "bc:ad:28:01:02:03",
		"": "", "00:00:00:00:00:00": "", "ff:ff:ff:ff:ff:ff": "", "01:00:5e:00:00:01": "", "bc:ad:28:01:02": "",
		"bc:ad:28:01:02:03:04:05": "", "b:a:2:1:2:3": "", "eth0": "", "bc:ad:28:01:02:zz": "",
	} {
		got, ok := hardwareAddress(told)
		if got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", told, got, ok, want)
		}
	}
}
