package devices

import "time"

// A Stream is what one visit to a camera's stream found: measured, never
// declared. A figure that was not observed is nil and stays absent; every
// figure that depends on how long one looked has its sample beside it. The
// rules of measuring are in package stream.
type Stream struct {
	State   string    `json:"state"`             // live, degraded, stalled, offline, auth_failed, unsupported, conflict
	Since   time.Time `json:"since,omitzero"`    // of the state
	Why     []string  `json:"why,omitempty"`     // reasons of anything but live
	URI     string    `json:"uri,omitempty"`     // without credentials
	Seconds float64   `json:"seconds,omitempty"` // how long was looked

	Codec      string   `json:"codec,omitempty"`   // "H264", "H265", or the rtpmap's word
	Profile    string   `json:"profile,omitempty"` // "High", "Main"
	Level      string   `json:"level,omitempty"`   // "4.0"
	Width      int      `json:"width,omitempty"`   // pixels, after cropping
	Height     int      `json:"height,omitempty"`
	FPSNominal *float64 `json:"fps_nominal,omitempty"` // from the parameter sets
	HD         *bool    `json:"hd,omitempty"`          // against the site's [hd]

	FPS        *float64 `json:"fps,omitempty"`         // frames (distinct RTP time stamps) per second
	Frames     int      `json:"frames,omitempty"`      // sample of FPS
	BitrateBPS *float64 `json:"bitrate_bps,omitempty"` // mean, RTP payload and header
	PeakBPS    *float64 `json:"peak_bps,omitempty"`    // of the busiest second
	GOPFrames  *int     `json:"gop_frames,omitempty"`  // frames from key frame to key frame, the last whole one
	KeyFrames  int      `json:"key_frames,omitempty"`  // sample of GOPFrames

	Packets    int      `json:"packets,omitempty"`    // sample of Loss
	Loss       *float64 `json:"loss,omitempty"`       // share of packets that never came, 0 to 1
	Duplicates int      `json:"duplicates,omitempty"` // packets that came twice
	Resets     int      `json:"resets,omitempty"`     // jumps of the sequence
	JitterMS   *float64 `json:"jitter_ms,omitempty"`  // RFC 3550 6.4.1 over the first packet of each frame

	FirstFrameMS *float64 `json:"first_frame_ms,omitempty"` // from dialling to the end of the first key frame
	ConnectMS    *float64 `json:"connect_ms,omitempty"`     // parts of it
	DescribeMS   *float64 `json:"describe_ms,omitempty"`
	PlayMS       *float64 `json:"play_ms,omitempty"`
	ClockErrorMS *float64 `json:"clock_error_ms,omitempty"` // camera minus box, from RTCP sender reports
	Audio        *bool    `json:"audio,omitempty"`          // an audio track is offered
}
