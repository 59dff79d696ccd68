package virtual

import "time"

// A controller is one device on a line with several channels, each of which is
// an instrument of the site. A question goes to the channel that has what is
// asked for; what none of them has is refused by the last. It is a [Speaker].
type controller struct{ channels []*Instrument }

// Hear answers the first question to the controller.
func (c *controller) Hear(heard []byte) (answer []byte, used int) {
	for _, i := range c.channels {
		if a, n := i.Hear(heard); n > 0 {
			answer, used = a, n
		}
		if used > 0 && !refused(answer) {
			return answer, used
		}
	}
	return answer, used
}

// refused says whether an answer in Modbus is an exception.
func refused(answer []byte) bool { return len(answer) > 1 && answer[1]&0x80 != 0 }

// Speaks is false: what has channels is asked.
func (c *controller) Speaks() bool { return false }

// Unasked returns nothing.
func (c *controller) Unasked(time.Time) []byte { return nil }
