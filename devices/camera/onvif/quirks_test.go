package onvif_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/cameratest"
	"sitepost/devices/camera/onvif"
)

// whoIsIt asks for the model, which only a login may, and nothing beside: neither
// the clock nor anything else.
func whoIsIt(ctx context.Context, c *onvif.Client, v *cameratest.Camera) error {
	var question struct {
		XMLName string `xml:"tds:GetDeviceInformation"`
	}
	var a struct {
		Body struct {
			GetDeviceInformationResponse struct{ Model string }
		}
	}
	err := c.Ask(ctx, "http://"+v.Address()+"/onvif/device_service", question, &a)
	if err == nil && a.Body.GetDeviceInformationResponse.Model != "V-1" {
		return errors.New("the answer has no model")
	}
	return err
}

func connect(t *testing.T, o onvif.Options) *onvif.Client {
	t.Helper()
	c, err := onvif.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestQuirk13ClockOfTheCamera promises that a token is made by the camera's own
// clock: it is asked before the first login, again after the camera was gone
// (HA#121952) and again after a refusal (onvif-rs#79).
func TestQuirk13ClockOfTheCamera(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		o       cameratest.Options
		between func(ctx context.Context, c *onvif.Client, v *cameratest.Camera)
		refused int
	}{
		{"8 hours behind", cameratest.Options{Clock: -8 * time.Hour}, nil, 0},
		{"back half a year at a reboot", cameratest.Options{}, func(ctx context.Context, c *onvif.Client, v *cameratest.Camera) {
			v.Offline(true)
			if err := whoIsIt(ctx, c, v); !errors.As(err, new(*onvif.Unreachable)) {
				t.Errorf("offline: got %v, want an Unreachable", err)
			}
			v.SetClock(-4000 * time.Hour)
			v.Offline(false)
		}, 0},
		{"set by hand meanwhile", cameratest.Options{}, func(_ context.Context, _ *onvif.Client, v *cameratest.Camera) {
			v.SetClock(20 * time.Second) // Axis refuses that (onvif-rs#121)
		}, 1},
		{"tells no time, but stamps its answers", cameratest.Options{NoTime: true, Clock: -8 * time.Hour}, nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx := cameratest.Soon(t)
			c.o.Password = "secret"
			v := cameratest.Start(t, c.o)
			client := connect(t, to(v, "secret"))
			if err := whoIsIt(ctx, client, v); err != nil {
				t.Fatal(err)
			}
			if c.between != nil {
				c.between(ctx, client, v)
			}
			for range 3 {
				if err := whoIsIt(ctx, client, v); err != nil {
					t.Fatal(err)
				}
			}
			if got := v.Logins(); got.Refused != c.refused {
				t.Errorf("got %+v, want %d refused", got, c.refused)
			}
		})
	}
}

// TestQuirk14SummerTimeToldWrong promises that a camera that tells another time
// than it checks logins by is logged in to after one refusal, never more, and that
// neither later questions nor a restart cost another one. (HA#90794, #91587)
func TestQuirk14SummerTimeToldWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		o    cameratest.Options
	}{
		{"an hour ahead, its HTTP server knows better", cameratest.Options{Told: time.Hour, Clock: 7 * time.Minute}},
		{"an hour ahead", cameratest.Options{Told: time.Hour, NoDate: true}},
		{"an hour behind", cameratest.Options{Told: -time.Hour, NoDate: true, Clock: 20 * time.Second}},
		{"local time told as UTC", cameratest.Options{Told: 8 * time.Hour, NoDate: true}},
		{"it put itself forward and tells so", cameratest.Options{Clock: time.Hour, Told: -time.Hour, NoDate: true, Summer: true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx := cameratest.Soon(t)
			c.o.Password = "secret"
			v := cameratest.Start(t, c.o)
			first := connect(t, to(v, "secret"))
			again := to(v, "secret")
			for range 3 {
				if err := whoIsIt(ctx, first, v); err != nil {
					t.Fatal(err)
				}
				if err := first.LearnClock(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if got, _ := first.ClockOffset(); (got - c.o.Clock).Abs() > 2*time.Second {
				t.Errorf("got the clock %v ahead, want %v", got, c.o.Clock)
			}
			again.Learned = first.Learned()
			if err := whoIsIt(ctx, connect(t, again), v); err != nil {
				t.Errorf("after a restart: %v", err)
			}
			v.SetTold(0) // summer is over
			if err := first.LearnClock(ctx); err != nil {
				t.Fatal(err)
			}
			if err := whoIsIt(ctx, first, v); err != nil {
				t.Errorf("after summer: %v", err)
			}
			if diff := cmp.Diff(cameratest.LoginCount{Tried: 6, Refused: 1}, v.Logins()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestQuirk14WrongPassword promises that a wrong clock is no excuse to try a wrong
// password more often than the budget allows.
func TestQuirk14WrongPassword(t *testing.T) {
	t.Parallel()
	v := cameratest.Start(t, cameratest.Options{Password: "right", Told: time.Hour, Summer: true})
	client := connect(t, to(v, "wrong"))
	for range 5 {
		if err := whoIsIt(cameratest.Soon(t), client, v); !errors.As(err, new(*onvif.LoginRefused)) {
			t.Fatalf("got %v, want a LoginRefused", err)
		}
	}
	if diff := cmp.Diff(cameratest.LoginCount{Tried: 2, Refused: 2}, v.Logins()); diff != "" {
		t.Error(diff)
	}
}

// TestManyFindOutTogether promises that conversations that begin together do not
// use up the budget together, where the first login must be refused to be learnt
// from.
func TestManyFindOutTogether(t *testing.T) {
	t.Parallel()
	ctx := cameratest.Soon(t)
	v := cameratest.Start(t, cameratest.Options{Password: "secret", Told: time.Hour})
	client := connect(t, to(v, "secret"))
	done := make(chan error)
	for range 8 {
		go func() { done <- whoIsIt(ctx, client, v) }()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := v.Logins(); got.Refused != 1 {
		t.Errorf("got %+v, want one refused", got)
	}
}

// TestQuirk16OneScheme promises that no question carries two logins, whichever the
// camera knows. (ONVIF Core 5.12.1)
func TestQuirk16OneScheme(t *testing.T) {
	t.Parallel()
	for _, auth := range []string{"wsse", "digest", "digest-sha256", "both"} {
		for _, password := range []string{"right", "wrong"} {
			v := cameratest.Start(t, cameratest.Options{Auth: auth, Password: "right"})
			client := connect(t, to(v, password))
			for range 3 {
				_ = whoIsIt(cameratest.Soon(t), client, v) // its outcome is TestLogin's and TestWrongPassword's
			}
			if got := v.Logins(); got.Twice != 0 || got.Tried == 0 {
				t.Errorf("%s, %s: got %+v, want none with two logins", auth, password, got)
			}
		}
	}
}

// TestQuirk17LockedOut promises that nothing is tried again after the camera has
// said that the user is locked, and that a person can open the budget again.
// (agsh/onvif PR#501)
func TestQuirk17LockedOut(t *testing.T) {
	t.Parallel()
	ctx := cameratest.Soon(t)
	v := cameratest.Start(t, cameratest.Options{Password: "right", Trouble: cameratest.LocksOut, Told: time.Hour})
	client := connect(t, to(v, "wrong"))
	for range 3 {
		err := whoIsIt(ctx, client, v)
		if refused, ok := errors.AsType[*onvif.LoginRefused](err); !ok || time.Until(refused.Until) < 29*time.Minute {
			t.Errorf("got %v, want a LoginRefused for half an hour", err)
		}
	}
	if diff := cmp.Diff(cameratest.LoginCount{Tried: 1, Refused: 1}, v.Logins()); diff != "" {
		t.Error(diff)
	}
	client.Budget().Forgive(client.Host())
	_ = whoIsIt(ctx, client, v) // still the wrong one
	if got := v.Logins(); got.Tried != 2 {
		t.Errorf("forgiven: got %+v, want one more try", got)
	}
}

// TestQuirk18Text promises that who reads of a refused login is told that the user
// of the web page may not be one of ONVIF. (HA#115663, #119024)
func TestQuirk18Text(t *testing.T) {
	t.Parallel()
	want := "camera \"10.0.0.1\" refuses user \"admin\": look in the camera's own page whether this user exists for ONVIF (on many makes it is not the web user) and correct the password, then say `sitepost login NAME`"
	if diff := cmp.Diff(want, (&onvif.LoginRefused{Host: "10.0.0.1", User: "admin"}).Error()); diff != "" {
		t.Error(diff)
	}
}

// TestQuirk19Refusals promises that a refusal is known in every dress, so that the
// right password comes through and the wrong one is not tried for ever.
// (frigate#22622, HA's is_auth_error)
func TestQuirk19Refusals(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]cameratest.Trouble{
		"HTTP 400, empty text": cameratest.NoTrouble, "HTTP 200": cameratest.FaultAt200,
		"HTTP 401, a web page": cameratest.HTMLRefusal, "words only": cameratest.WordyRefusal,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := cameratest.Start(t, cameratest.Options{Password: "right", Trouble: trouble})
			if err := whoIsIt(cameratest.Soon(t), connect(t, to(v, "right")), v); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(cameratest.LoginCount{Tried: 1}, v.Logins()); diff != "" {
				t.Error(diff)
			}
			wrong := connect(t, to(v, "wrong"))
			for range 4 {
				if err := whoIsIt(cameratest.Soon(t), wrong, v); !errors.As(err, new(*onvif.LoginRefused)) {
					t.Fatalf("got %v, want a LoginRefused", err)
				}
			}
			if got := v.Logins(); got.Refused < 1 || got.Refused > 2 {
				t.Errorf("got %+v, want one or two refused", got)
			}
		})
	}
}
