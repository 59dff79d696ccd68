// Package osdp is a control panel that only asks: the panel's side of OSDP
// with one reader of cards and keys, in the clear or in a Secure Channel.
//
// Its rules:
//
// It reads. The eight commands in commands.go are all that can be sent: no
// output, lamp, buzzer, text, key or address can be set.
//
// A card comes exactly once. A question that was not answered is put again as
// the same bytes, and the reader answers it as it did before. Only after 8 s
// without an answer the conversation starts over.
//
// Where the site has a key, nothing in the clear is believed. A reader can then
// say in the clear that it is busy or refuses, which makes us wait, start over
// or say that reader and panel do not come together, and no more. The key that
// every reader has from the factory is no key.
//
// Whoever is on the wire can therefore keep cards from us. With a key he can
// make none appear: each answer bears 32 bits of a MAC, and a question has few
// tries. Without a key he can show any card, also one that he has heard before,
// and hears all of them.
//
// Card numbers are [devices.Secret], keys that were pressed are only counted,
// and no byte of an answer is in a log or an error.
//
// It does not know who else is on the line, who may pass, how a card's number
// leaves the site, or when a reader that says nothing is to be called silent.
//
// Layouts are those of IEC 60839-11-5 and SIA OSDP 2.2, taken second hand: from
// goToMain/libosdp (doc/ and src/osdp_phy.c, osdp_sc.c, osdp_pd.c), against
// whose reader side this package was run.
package osdp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"sitepost/devices"
	"sitepost/devices/line"
)

// lastAddress is the highest address of a reader; 127 is everybody.
const lastAddress = 126

// Options say which reader hangs where, and what it is for.
type Options struct {
	Line    *line.Line
	Address int    // of the reader, 0 to 126
	Device  string // name of the reader, for errors
	Role    string // "access" or "", "patrol", "post": what a card shown here means

	// Key returns the site's key of this reader (SCBK): 16 bytes, or their 32 hex
	// digits. It is called at each handshake. nil: there is no Secure Channel.
	Key func() ([]byte, error)

	// Install accepts the key that readers have from the factory (SCBK-D). Every
	// event bears mode test then.
	Install bool

	Log *slog.Logger // knows the reader's name already; nil: nobody is told
}

// New returns the conversation with one reader. Several readers share a line,
// each with a conversation of its own.
//
// It says access.card, access.keypad (with the number of keys as its detail),
// tamper.contact, device.fault at the point "power", contact.input, and
// [devices.Heard] when there is no news. device.fault at the point
// "conversation" says why reader and panel do not come together and what a
// person can do. A reader that does not answer is asked ever more rarely; that
// it is silent is for others to notice.
func New(o Options) devices.Device { return &conversation{o} }

type conversation struct{ Options }

// Run is as devices.Device says. It breaks on options that cannot work and on
// what a line does not recover from by itself.
func (c *conversation) Run(ctx context.Context, emit func(devices.Event) error) error {
	if c.Address < 0 || c.Address > lastAddress {
		return fmt.Errorf("reader %q: address %d: OSDP has 0 to %d (write the one set on the reader)", c.Device, c.Address, lastAddress)
	}
	err := newTalk(c.Options, emit).run(ctx)
	switch {
	case errors.Is(err, line.ErrListenOnly):
		return fmt.Errorf("reader %q: %w (OSDP has to ask: take use = \"listen\" out of the line)", c.Device, err)
	case err != nil:
		return fmt.Errorf("reader %q: %w", c.Device, err)
	}
	return nil
}
