//go:build !linux

package line

import (
	"context"
	"errors"
)

// OpenTTY has no serial ports to offer on this system: sitepost runs on Linux.
// TCP serial servers and everything that is not a line work here too, so that
// the rest can be built and tested.
func OpenTTY(path string, _ Settings) Opener {
	return func(context.Context) (Port, error) {
		return nil, &Trouble{
			Err:   errors.New("open " + path + ": no serial ports on this system"),
			Short: "not a port",
			Step:  "run sitepost on Linux, or use a TCP serial server",
		}
	}
}
