package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"sitepost/config"
	"sitepost/devices"
	"sitepost/devices/camera/norm"
	"sitepost/devices/camera/stream"
)

// A probe is one run of probe.
type probe struct {
	*tool
	look         time.Duration
	user         string
	passwordFile string
	transport    string
	pin          string

	limits   norm.Limits
	judgedBy string // whose limits these are
	mu       sync.Mutex
	seen     string // the camera's certificate, where none was pinned
}

// probeCommand measures one camera's stream without decoding it.
func probeCommand(t *tool) *cobra.Command {
	p := &probe{tool: t}
	c := &cobra.Command{
		Use:   "probe rtsp://ADDRESS/PATH",
		Short: "measure one stream and judge it: codec, size, fps, bitrate, GOP, loss, jitter, clock",
		Long: `probe dials the one address given, plays its video and measures what arrives: no
picture is decoded, and nothing the camera says of itself is taken for measured.
Then it holds the figures against the norm and says what to do about each that is
not met. Beside each figure stands how much it rests on. What was not observed is
not printed, and what was seen too little of to be judged is listed as such: a loss
takes 5,000 packets, which is 15 s of a stream of 4 Mbit/s.
"sitepost explain rtsp" says what to set in a camera, and why.

Ten seconds hold a few whole GOPs and mostly an RTCP sender report, which tells how
far the camera's clock is off. Look longer with --for if it is missing.

The limits are [stream] and [hd] of the site file, if there is one at --config;
else loss 0.1 %, jitter 50 ms, 25 frames a second and 2 Mbit/s by GB/T 28181-2016
chapter 5, and sitepost's own for the clock and the first picture, 5 s each. Which
were used is said in the last line.

Over TCP, the default, a network's losses are repaired and cannot be seen: the loss
is what the camera itself dropped. With --transport udp or multicast the network is
measured too. For rtsps the certificate that was seen is printed; with --pin no
other one is taken.

A password typed into the URL is taken out of it before anything is dialled or
printed; --password-file keeps it out of the shell's history too. One run makes one
attempt to log in, so that no camera is locked by it.

The exit code is 0 if all that could be judged is met, 1 if something is not or no
picture came, and 2 for a bad command line.`,
		Example: `  sitepost probe rtsp://10.37.20.11/Streaming/Channels/101 --user onvif --password-file cam.txt
  sitepost probe rtsp://10.37.20.11/Streaming/Channels/101 --transport udp --for 1m
  sitepost probe rtsp://10.37.20.12/live --config site.toml --json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return p.run(cmd, args[0]) },
	}
	flags := c.Flags()
	flags.DurationVar(&p.look, "for", 10*time.Second, "how long to look")
	flags.StringVar(&p.user, "user", "", "user name")
	flags.StringVar(&p.passwordFile, "password-file", "", "file that holds the password")
	flags.StringVar(&p.transport, "transport", "tcp", "how the packets come: tcp, udp or multicast")
	flags.StringVar(&p.pin, "pin", "", "the only certificate to take, for rtsps: sha256:…")
	return c
}

func (p *probe) run(cmd *cobra.Command, address string) error {
	target, err := p.target(address)
	if err != nil {
		return err
	}
	if err := p.chooseLimits(cmd.Flags().Changed("config")); err != nil {
		return err
	}
	ctx := cmd.Context()
	told := p.progress(ctx)
	got, err := stream.Measure(ctx, target, p.look)
	told()
	if ctx.Err() != nil {
		p.remark("broken off, nothing was measured")
		return errFindings
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.judge(got, err)
	if err := p.print(v); err != nil {
		return err
	}
	if !v.Good {
		return errFindings
	}
	return nil
}

// target is what shall be looked at, by the command line.
func (p *probe) target(address string) (stream.Target, error) {
	target, err := parseTarget(address, p.user, p.passwordFile)
	if err != nil {
		return target, err
	}
	switch t := stream.Transport(p.transport); t {
	case stream.TCP, stream.UDP, stream.Multicast:
		target.Transport = t
	default:
		return target, fmt.Errorf("--transport %q: choose tcp, udp or multicast", p.transport)
	}
	if p.look < time.Second || p.look > time.Hour {
		return target, fmt.Errorf("--for %v: look for 1s to 1h", p.look)
	}
	secure := strings.HasPrefix(target.URL, "rtsps://")
	if digits, ok := strings.CutPrefix(p.pin, "sha256:"); p.pin != "" {
		if sum, err := hex.DecodeString(digits); !ok || err != nil || len(sum) != 32 {
			return target, fmt.Errorf("--pin %q: write sha256: and 64 hex digits, as probe prints them", p.pin)
		}
		if !secure {
			return target, errors.New("--pin is for rtsps://: over rtsp:// there is no certificate")
		}
	}
	target.Pin = p.pin
	if p.pin == "" && secure {
		target.Seen = func(pin string) { p.mu.Lock(); defer p.mu.Unlock(); p.seen = pin }
	}
	return target, nil
}

// chooseLimits takes those of the site file where there is one. One that was
// named must be good; the one at the usual place need not be.
func (p *probe) chooseLimits(named bool) error {
	if named {
		site, err := p.load()
		if err != nil {
			return err
		}
		p.limits, p.judgedBy = siteLimits(site), p.config
		return nil
	}
	p.limits, p.judgedBy = norm.Defaults(), byDefaults
	site, found := config.Load(p.config, p.env())
	switch {
	case len(found.Errors()) == 0:
		p.limits, p.judgedBy = siteLimits(site), p.config
	case !missing(p.config):
		p.remark("%s cannot be used, see sitepost check; judged by the defaults", p.config)
	}
	return nil
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist)
}

// siteLimits are the limits of a site.
func siteLimits(c *config.Config) norm.Limits {
	l := norm.Defaults()
	l.Loss, l.Jitter, l.FPS, l.Bitrate, l.Clock = c.Stream.Loss, c.Stream.Jitter, c.Stream.FPS, c.Stream.Bitrate, c.Stream.Clock
	l.HDWidth, l.HDHeight, l.HDFPS = c.HD.Width, c.HD.Height, c.HD.FPS
	return l
}

// progress tells a person at a terminal how long it will take, once a second,
// until the returned function is called, which wipes it away.
func (p *probe) progress(ctx context.Context) (end func()) {
	if !atTerminal(p.stderr) {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { p.countDown(ctx, p.stderr, p.look) })
	return func() { cancel(); running.Wait() }
}

// parseTarget takes the credentials out of the URL; flags win over it.
func parseTarget(raw, user, passwordFile string) (stream.Target, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "rtsp" && u.Scheme != "rtsps") {
		return stream.Target{}, fmt.Errorf("%q is no stream: write rtsp://ADDRESS/PATH", withoutUser(raw))
	}
	if _, notIP := netip.ParseAddr(u.Hostname()); notIP != nil && u.User == nil && u.Port() != "" && strings.Contains(raw, "@") {
		return stream.Target{}, fmt.Errorf("%q: is what stands before the @ user and password? Give them with --user and --password-file, for / ? # in a password end the address", withoutUser(raw))
	}
	target := stream.Target{User: user}
	if u.User != nil {
		if user == "" {
			target.User = u.User.Username()
		}
		typed, _ := u.User.Password()
		target.Password = devices.Secret(typed)
		u.User = nil
	}
	if passwordFile != "" {
		text, err := os.ReadFile(passwordFile)
		if err != nil {
			return stream.Target{}, err
		}
		target.Password = devices.Secret(trimNewline(text))
	}
	target.URL = u.String()
	return target, nil
}

// withoutUser hides all that stands before the host, also where the address is
// too odd to say what of it is the password.
func withoutUser(raw string) string {
	if i := strings.LastIndexByte(raw, '@'); i >= 0 {
		return "…" + raw[i:]
	}
	return raw
}

func trimNewline(b []byte) string {
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return string(b)
}
