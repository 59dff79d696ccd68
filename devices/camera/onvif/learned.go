package onvif

import (
	"fmt"
	"strings"
	"time"
)

// Learned is what a client found out of its camera, for the next start: it need
// not find out again, which costs refused logins and, over https, a moment in
// which anybody is trusted. It holds no secret.
type Learned struct {
	Secure     bool          `json:"secure,omitempty"`              // it speaks https
	Pin        string        `json:"pin,omitempty"`                 // fingerprint of its certificate
	Way        string        `json:"way,omitempty"`                 // how its login travels: "wsse", "digest"
	Correction time.Duration `json:"clock_correction_ns,omitempty"` // of the clock it tells, to that of its logins
	DevicePath string        `json:"device_path,omitempty"`         // of its device service
}

// Learned tells what was found out until now.
func (c *Client) Learned() Learned {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := Learned{Secure: c.at.secure, Way: string(c.way), Correction: c.clock.correction, DevicePath: c.device}
	if l.Secure {
		l.Pin = c.guard.trusted()
	}
	return l
}

// use takes over what was learnt before. What cannot be is learnt anew, except a
// certificate: to trust another one without a word would be wrong.
func (c *Client) use(l Learned) error {
	if err := checkPin(l.Pin); err != nil {
		return fmt.Errorf("learnt before: %w", err)
	}
	c.at.secure = l.Secure || l.Pin != ""
	c.guard.trust(l.Pin)
	switch w := way(l.Way); w {
	case wsse, digest:
		c.way = w
	}
	if l.Correction.Abs() <= maxCorrection {
		c.clock.correction = l.Correction
	}
	if strings.HasPrefix(l.DevicePath, "/") {
		c.device = l.DevicePath
	}
	return nil
}
