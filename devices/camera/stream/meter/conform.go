package meter

import "github.com/pion/rtp"

// A conform holds a stream against the rule that all packets of one frame carry
// the same RTP time stamp and different frames different ones (GB/T 28181-2022).
// What breaks it is seen in two neighbouring packets only, so that neither loss
// nor another order of arrival accuses a camera:
//
//	ts 1 ▐FU begins▌  ts 2 ▐goes on▌              one frame, two time stamps
//	ts 1 ▐slice 1  ▌  ts 2 ▐slice 2▌              likewise, if no marker stands between
//	ts 1 ▐slice 1  ▌  ts 1 ▐… ▌  ts 1 ▐slice 1▌   two frames, one time stamp
//
// Decoding order numbers in H.265 (sprop-max-don-diff) are not known here; no
// camera is known to send them.
type conform struct {
	began  bool   // there is a packet before
	number uint16 // of it
	ts     uint32 // of it
	open   bool   // it left a unit open
	slice  bool   // it was of a picture, and not marked as its end
	firsts int    // first slices under its time stamp
	broken bool   // in this window
}

// packet takes a packet that is newer than all before. With fields two pictures
// may share a time stamp: they are the two halves of a frame.
func (c *conform) packet(p *rtp.Packet, s *sight, fields bool) {
	if !c.began || p.Timestamp != c.ts {
		split := c.open && s.goes || c.slice && s.slice && s.firsts == 0 && !s.goes
		if split && c.follows(p) {
			c.broken = true
		}
		c.firsts = 0
	}
	c.firsts += s.firsts
	if c.firsts > 1 && !fields {
		c.broken = true
	}
	c.began, c.number, c.ts = true, p.SequenceNumber, p.Timestamp
	c.open, c.slice = s.open, s.slice && !p.Marker
}

// follows says whether p is the packet behind the newest.
func (c *conform) follows(p *rtp.Packet) bool { return c.began && p.SequenceNumber == c.number+1 }

// jump is called where a new run of sequence numbers begins.
func (c *conform) jump() { *c = conform{broken: c.broken} }

func (c *conform) renew() { c.broken = false }
