package config

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestParsePort holds that a port that is typed means what it means in the file.
func TestParsePort(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Line{
		"/dev/ttyUSB0":               {Port: "/dev/ttyUSB0", Use: Ask, Pause: 10 * time.Millisecond},
		"tcp://10.37.20.60:4001":     {Address: "10.37.20.60:4001", Use: Ask, Pause: 10 * time.Millisecond},
		"modbus-tcp://10.37.20.61":   {Address: "10.37.20.61:502", ModbusTCP: true, Use: Ask},
		"modbus-tcp://localhost:503": {Address: "127.0.0.1:503", ModbusTCP: true, Use: Ask},
	} {
		got, err := ParsePort(text)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", text, err, diff)
		}
	}
	for _, text := range []string{"", "ttyUSB0", "tcp://10.37.20.60", "modbus-tcp://plc-1", "udp://10.37.20.60:1"} {
		if got, err := ParsePort(text); err == nil {
			t.Errorf("%q was taken as %+v, want it refused", text, got)
		}
	}
}

// TestAllows holds which addresses the site lets us dial.
func TestAllows(t *testing.T) {
	t.Parallel()
	c := &Config{Network: Network{DeviceNetworks: []netip.Prefix{netip.MustParsePrefix("10.37.20.0/24"), netip.MustParsePrefix("fd00::/8")}}}
	for address, want := range map[string]bool{
		"10.37.20.1": true, "10.37.20.255:4001": true, "[fd00::1]:502": true,
		"10.37.21.1": false, "127.0.0.1:1": false, "": false, "plc-1:502": false,
	} {
		if got := c.Allows(address); got != want {
			t.Errorf("%q: got %v, want %v", address, got, want)
		}
	}
	if (&Config{}).Allows("10.37.20.1") {
		t.Error("a site without networks lets us dial")
	}
}
