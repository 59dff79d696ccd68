// Package survey looks at a line nobody knows: which Modbus addresses answer,
// and what an unknown stream of bytes might be.
//
//	addresses ─► a read each ─► who is there              Scan
//	settings ─► heard bytes ─► what counts frames in them
//	                           against the same bytes shuffled ─► Guess
//
// Its rules: Scan asks for one register and nothing else. Guess sends nothing,
// ever. What it says is an opinion with its reasons, and noise has none: a
// number of frames counts only against what the same bytes would hold by
// chance.
//
// It does not know whether the line may be asked or taken away from others;
// nor what the frames it finds mean for the site.
package survey

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sitepost/devices/line"
	"sitepost/devices/modbus"
)

// scanWithin is how long a device may take to answer. A line waits as long
// again for a late answer, so an address where nobody is takes twice that, and
// a whole scan of an empty line a hundred seconds.
const scanWithin = 200 * time.Millisecond

// A Found is what came from an address.
type Found struct {
	Unit   byte
	There  bool   // it answered
	Answer string // in words: a value, an exception, or why bytes that came are no answer; "" for silence
}

// LastUnit is the highest address on a serial line (Modbus over Serial Line
// V1.02, 2.2).
const LastUnit = 247

// mayOpen lists the addresses that are never asked: a question to one of them
// begins as a command to a gate does, 7E of the 7E/7F boards and EB of the EB
// boards, and somebody may have wired such a gate to the line.
var mayOpen = [...]byte{0x7E, 0xEB}

// Scan asks the addresses from first to last, within 1 and [LastUnit], once each
// for holding register 0, and calls each with what came, silence included. A
// device that refuses is there too. Addresses 126 and 235 are left out, for a
// gate could take a question to them for a command.
//
// ask is [line.Line.Ask]. An error other than silence ends the scan: the line
// is only listened to, another master asks, or ctx has ended.
func Scan(ctx context.Context, first, last byte, ask func(context.Context, line.Question) (line.Answer, error), each func(Found)) error {
	for unit := max(first, 1); unit <= min(last, LastUnit); unit++ {
		if slices.Contains(mayOpen[:], unit) {
			continue
		}
		b := modbus.Block{Unit: unit, Function: modbus.Holding, Count: 1}
		answer, err := ask(ctx, b.Question(scanWithin))
		if err != nil && !errors.Is(err, line.ErrSilent) {
			return fmt.Errorf("scan of address %d: %w", unit, err)
		}
		each(found(b, answer, err))
	}
	return nil
}

// found puts an answer, or its absence, into words.
func found(b modbus.Block, answer line.Answer, silence error) Found {
	f := Found{Unit: b.Unit, There: silence == nil}
	if silence != nil {
		if silence.Error() != line.ErrSilent.Error() { // bytes came
			f.Answer = silence.Error()
		}
		return f
	}
	values, err := b.Decode(answer.Bytes)
	if err != nil {
		f.Answer = err.Error()
		return f
	}
	f.Answer = fmt.Sprintf("holding register 0 is %d", values[0])
	return f
}
