package devices

import "time"

// A Stream is what one visit to a camera's stream found: measured, never
// declared. A figure that was not observed is nil and stays absent; every
// figure that depends on how long one looked has its sample beside it. The
// rules of measuring are in package meter.
type Stream struct {
	State     string    `json:"state"`               // one of the words below
	Since     time.Time `json:"since,omitzero"`      // of the state
	Why       []string  `json:"why,omitempty"`       // reasons of anything but live; of live only that the clock is off
	URI       string    `json:"uri,omitempty"`       // without credentials
	Transport string    `json:"transport,omitempty"` // tcp, udp, multicast
	Seconds   float64   `json:"seconds,omitempty"`   // how long was looked

	Codec      string   `json:"codec,omitempty"`   // "H264", "H265", or the rtpmap's word
	Profile    string   `json:"profile,omitempty"` // "High", "Main"
	Level      string   `json:"level,omitempty"`   // "4.0"
	Width      int      `json:"width,omitempty"`   // pixels, after cropping
	Height     int      `json:"height,omitempty"`
	FPSNominal *float64 `json:"fps_nominal,omitempty"` // from the parameter sets
	Parameters string   `json:"parameters,omitempty"`  // where codec, profile, level, size and nominal rate are from: "stream", in band, or "description", which may be stale
	HD         *bool    `json:"hd,omitempty"`          // against the site's [hd]

	FPS        *float64 `json:"fps,omitempty"`         // frames (distinct RTP time stamps) per second
	Frames     int      `json:"frames,omitempty"`      // sample of FPS
	BitrateBPS *float64 `json:"bitrate_bps,omitempty"` // mean, RTP payload and header
	PeakBPS    *float64 `json:"peak_bps,omitempty"`    // of the busiest second
	GOPFrames  *int     `json:"gop_frames,omitempty"`  // frames from key frame to key frame, the last whole one
	KeySeconds *float64 `json:"key_seconds,omitempty"` // time from key frame to key frame, likewise
	KeyFrames  int      `json:"key_frames,omitempty"`  // sample of both

	RateMode    string   `json:"rate_mode,omitempty"`    // "cbr" or "vbr": whether the seconds differ in bytes; absent when too few were seen
	SmallFrames *float64 `json:"small_frames,omitempty"` // share of the frames between key frames that hold next to nothing: a picture that does not move, or none. Says little under cbr
	InterFrames int      `json:"inter_frames,omitempty"` // sample of SmallFrames

	Packets    int      `json:"packets,omitempty"`        // sample of Loss
	Loss       *float64 `json:"loss,omitempty"`           // share of packets that never came, 0 to 1
	Dropped    int      `json:"dropped,omitempty"`        // packets that came and that this box was too busy to take: then Loss is absent, for it would be ours
	Duplicates int      `json:"duplicates,omitempty"`     // packets that came twice
	Resets     int      `json:"resets,omitempty"`         // jumps of the sequence
	JitterMS   *float64 `json:"jitter_ms,omitempty"`      // RFC 3550 6.4.1 over the first packet of each frame; its sample is Frames
	Conform    *bool    `json:"rtp_ts_conform,omitempty"` // every frame has one RTP time stamp, and each its own (GB/T 28181-2022); its sample is Frames

	FirstFrameMS  *float64 `json:"first_frame_ms,omitempty"`  // from dialling to the end of the first key frame; the five below add up to it
	ConnectMS     *float64 `json:"connect_ms,omitempty"`      // until the connection stood
	DescribeMS    *float64 `json:"describe_ms,omitempty"`     // until DESCRIBE was answered
	PlayMS        *float64 `json:"play_ms,omitempty"`         // until PLAY was answered
	FirstPacketMS *float64 `json:"first_packet_ms,omitempty"` // until the first packet came
	KeyFrameMS    *float64 `json:"key_frame_ms,omitempty"`    // until a key frame was whole

	ClockErrorMS  *float64 `json:"clock_error_ms,omitempty"` // camera minus box, from RTCP sender reports
	SenderReports int      `json:"sender_reports,omitempty"` // sample of ClockErrorMS
	Audio         *bool    `json:"audio,omitempty"`          // an audio track is offered
	Metadata      *bool    `json:"metadata,omitempty"`       // an ONVIF metadata track is offered
}

// What a [Stream] may say in Parameters.
const (
	InStream      = "stream"
	InDescription = "description"
)

// What a [Stream] may say in State, in the order of a stream's life. The first
// five pass by: they are shown, and never recorded.
const (
	StreamDisabled   = "disabled"    // nobody looks, because the site says so
	StreamResolving  = "resolving"   // the camera is asked where its stream is
	StreamConnecting = "connecting"  // its stream is dialled
	StreamDescribed  = "described"   // it has said what it offers
	StreamStarting   = "starting"    // it plays, and no key frame came yet
	StreamLive       = "live"        // pictures come
	StreamIsDegraded = "degraded"    // pictures come, but see Why
	StreamIsStalled  = "stalled"     // the session plays and no pictures come
	StreamIsOffline  = "offline"     // no session came about, or it broke
	StreamAuthFailed = "auth_failed" // the login was refused, or could not be given safely
	StreamUnusable   = "unsupported" // the camera speaks, but nothing we can measure
	StreamConflict   = "conflict"    // the camera has no session left for us
)

// Passes says whether a state is on the way to another: nothing was found out yet.
func (s *Stream) Passes() bool {
	switch s.State {
	case StreamDisabled, StreamResolving, StreamConnecting, StreamDescribed, StreamStarting:
		return true
	}
	return false
}
