// Virtualsite is a whole site that is not there, around the real daemon:
// instruments on ptys that speak from their own profiles, cameras that answer
// WS-Discovery, ONVIF and RTSP, a broker that plays the city, and a scenario.
// It prints what the city receives.
//
// Nothing here is known to the daemon: it reads an ordinary site.toml and runs
// as it would at a real site.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"sitepost/cmd/sitepost/daemon"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main without the process around it: 0 when all went well, 1 when the
// city did not get everything, 2 when the site could not be set up.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // the second signal kills

	p := &play{stdout: stdout, stderr: stderr}
	c := p.command()
	c.SetArgs(args)
	c.SetOut(stderr)
	c.SetErr(stderr)
	switch err := c.ExecuteContext(ctx); {
	case errors.Is(err, errGap):
		fmt.Fprintln(stderr, "virtualsite:", err)
		return 1
	case err != nil:
		fmt.Fprintln(stderr, "virtualsite:", err)
		return 2
	}
	return 0
}

// A play is one run of the program.
type play struct {
	stdout, stderr io.Writer

	length   time.Duration // --for
	messages bool          // --messages
	write    string        // --write
	log      bool          // --log

	mu     sync.Mutex // guards all below
	began  time.Time
	ledger ledger
	shown  map[string]string // what stands on each retained topic, in words
	born   chan struct{}     // closed when a box has said that it is up
}

func (p *play) command() *cobra.Command {
	c := &cobra.Command{
		Use:   "virtualsite",
		Short: "play a whole site that is not there around the real daemon",
		Long: `virtualsite sets up a site on this machine, runs the daemon on it, plays a
scenario and prints what the city receives:

  virtualsite --for 30s              the whole scenario once, then an orderly end
  virtualsite                        again and again, until Ctrl-C
  virtualsite --for 30s --messages   the messages themselves, one JSON object a line
  virtualsite --write DIR            only the site: start the daemon by hand with
                                     sitepost run --config DIR/site.toml`,
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("for") && p.length <= 0 {
				return fmt.Errorf("--for %v is no time to play: write one such as 30s, or leave it out", p.length)
			}
			return p.perform(c.Context())
		},
	}
	c.Flags().DurationVar(&p.length, "for", 0, "end after this time; 30s is the whole scenario")
	c.Flags().BoolVar(&p.messages, "messages", false, "print the messages as JSON lines to standard output, all else to standard error")
	c.Flags().StringVar(&p.write, "write", "", "write site.toml into this folder and keep the simulators running for a daemon started by hand")
	c.Flags().BoolVar(&p.log, "log", false, "show the daemon's log on standard error")
	return c
}

// perform sets the stage, lets the daemon and the scenario run on it, and
// closes the books.
func (p *play) perform(ctx context.Context) (err error) {
	p.born, p.shown = make(chan struct{}), map[string]string{}
	dir := p.write
	if dir == "" {
		if dir, err = os.MkdirTemp("", "virtualsite-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	p.began = time.Now()
	s, err := setStage(dir, p.receive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if p.length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.length)
		defer cancel()
	}
	if p.write != "" {
		return p.wait(ctx, s)
	}
	return p.around(ctx, s)
}

// wait keeps the simulators running for a daemon that somebody starts by hand.
func (p *play) wait(ctx context.Context, s *stage) error {
	fmt.Fprintf(p.stderr, "wrote %s\nstart the daemon:  sitepost run --config %s\nthe city listens at %s; Ctrl-C ends\n", s.config.Path, s.config.Path, s.city.url())
	select {
	case <-ctx.Done():
		return nil
	case <-p.born:
	}
	return p.scenario(ctx, s)
}

// around runs the daemon in this process, as `sitepost run` would.
func (p *play) around(ctx context.Context, s *stage) error {
	log := slog.New(slog.DiscardHandler)
	if p.log {
		log = slog.New(slog.NewTextHandler(p.stderr, nil))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- daemon.Run(ctx, daemon.Options{Config: s.config, Version: "demo", Log: log})
		cancel()
	}()
	played := p.scenario(ctx, s)
	cancel()
	if err := errors.Join(<-ended, played); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	summary, err := p.ledger.close()
	fmt.Fprintln(p.words(), summary)
	return err
}

// show prints a message in words; what stands already is not said again.
func (p *play) show(topic, text string, retained bool) {
	if text == "" || retained && p.shown[topic] == text {
		return
	}
	if retained {
		p.shown[topic] = text
	}
	fmt.Fprintf(p.words(), "%5.1f s  %s\n", time.Since(p.began).Seconds(), text)
}

// words is where what is meant for a person goes.
func (p *play) words() io.Writer {
	if p.messages {
		return p.stderr
	}
	return p.stdout
}

// say prints one line of the play itself.
func (p *play) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.words(), "%5.1f s  —— %s\n", time.Since(p.began).Seconds(), fmt.Sprintf(format, args...))
}

// A received message as --messages prints it. Payload is null for a topic that
// was emptied.
type received struct {
	Topic    string          `json:"topic"`
	Retained bool            `json:"retained"`
	Payload  json.RawMessage `json:"payload"`
}

// receive is what the city does with a message: it books it and shows it.
func (p *play) receive(topic string, payload []byte, retained bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ledger.book(topic, payload) {
		select {
		case <-p.born:
		default:
			close(p.born)
		}
	}
	p.show(topic, words(topic, payload, retained), retained)
	if !p.messages {
		return
	}
	m := received{Topic: topic, Retained: retained}
	if json.Valid(payload) {
		m.Payload = payload
	}
	line, err := json.Marshal(m)
	if err != nil {
		fmt.Fprintln(p.stderr, "virtualsite: a message cannot be shown:", err)
		return
	}
	fmt.Fprintf(p.stdout, "%s\n", line)
}
