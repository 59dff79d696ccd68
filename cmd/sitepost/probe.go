package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sitepost/devices"
	"sitepost/devices/camera/stream"
)

// probeCommand measures one camera's stream without decoding it.
func probeCommand(t *tool) *cobra.Command {
	var look time.Duration
	var user, passwordFile string
	c := &cobra.Command{
		Use:   "probe rtsp://ADDRESS/PATH",
		Short: "measure one stream: codec, size, fps, bitrate, GOP, loss, jitter",
		Long: `probe dials the one address given, plays its stream and measures what arrives.
A password typed into the URL is taken out of it before anything is dialled or
printed; --password-file keeps it out of the shell's history too.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			target, err := parseTarget(args[0], user, passwordFile)
			if err != nil {
				return err
			}
			got, err := stream.Measure(cmd.Context(), target, look)
			if printed := t.printStream(got); printed != nil {
				return printed
			}
			if err != nil {
				fmt.Fprintf(t.stderr, "sitepost: %v\n", err)
				return errFindings
			}
			return nil
		},
	}
	c.Flags().DurationVar(&look, "for", 5*time.Second, "how long to look")
	c.Flags().StringVar(&user, "user", "", "user name")
	c.Flags().StringVar(&passwordFile, "password-file", "", "file that holds the password")
	return c
}

// parseTarget takes the credentials out of the URL; flags win over it.
func parseTarget(raw, user, passwordFile string) (stream.Target, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "rtsp" && u.Scheme != "rtsps") {
		return stream.Target{}, fmt.Errorf("%q is no stream: write rtsp://ADDRESS/PATH", withoutUser(raw))
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

// printStream prints the figures; what was not observed is not printed.
func (t *tool) printStream(s devices.Stream) error {
	if t.json {
		return json.NewEncoder(t.stdout).Encode(s)
	}
	w := tabwriter.NewWriter(t.stdout, 0, 0, 2, ' ', 0)
	row := func(name, format string, v *float64, sample string) {
		if v != nil {
			fmt.Fprintf(w, "%s\t"+format+"\t%s\n", name, *v, sample)
		}
	}
	fmt.Fprintf(w, "state\t%s\t\n", s.State)
	for _, why := range s.Why {
		fmt.Fprintf(w, "why\t%s\t\n", why)
	}
	if s.Codec != "" {
		fmt.Fprintf(w, "codec\t%s %s %s\t\n", s.Codec, s.Profile, s.Level)
	}
	if s.Width > 0 {
		fmt.Fprintf(w, "size\t%dx%d\t\n", s.Width, s.Height)
	}
	row("fps nominal", "%.2f", s.FPSNominal, "from the parameter sets")
	row("fps", "%.2f", s.FPS, fmt.Sprintf("%d frames", s.Frames))
	row("bitrate", "%.0f bit/s", s.BitrateBPS, fmt.Sprintf("%.1f s", s.Seconds))
	row("peak", "%.0f bit/s", s.PeakBPS, "busiest second")
	if s.GOPFrames != nil {
		fmt.Fprintf(w, "gop\t%d frames\t%d key frames\n", *s.GOPFrames, s.KeyFrames)
	}
	row("loss", "%.5f", s.Loss, fmt.Sprintf("%d packets", s.Packets))
	row("jitter", "%.2f ms", s.JitterMS, "")
	row("first frame", "%.0f ms", s.FirstFrameMS, "")
	row("clock error", "%.0f ms", s.ClockErrorMS, "camera minus box")
	return w.Flush()
}
