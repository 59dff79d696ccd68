package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sitepost/devices"
)

// heard is as much of a message as a person at the city's desk would read.
type heard struct {
	Type      devices.Code `json:"type"`
	Subject   string       `json:"subject"`
	Mode      string       `json:"mode"`
	Time      time.Time    `json:"time"`
	Now       string       `json:"state"` // of up/state, up/device and up/stream
	Why       any          `json:"why"`
	Open      []struct{}   `json:"open"`
	Devices   []struct{}   `json:"devices"`
	Codec     string       `json:"codec"`
	Width     int          `json:"width"`
	Height    int          `json:"height"`
	FPS       float64      `json:"fps"`
	Bitrate   float64      `json:"bitrate_bps"`
	GOP       int          `json:"gop_frames"`
	Late      bool         `json:"historical"`
	Redeliver bool         `json:"redelivery"`
	Data      struct {
		State     string `json:"state"`
		Severity  string `json:"severity"`
		Direction string `json:"direction"`
		Is        string `json:"is"`
		Detail    string `json:"detail"`
		Count     int    `json:"count"`
		Value     *struct {
			Value float64 `json:"value"`
			Unit  string  `json:"unit"`
			Max   float64 `json:"max"`
			N     int     `json:"n"`
		} `json:"value"`
		Stream *struct {
			State string `json:"state"`
		} `json:"stream"`
		Incident string    `json:"incident"`
		Picture  *struct{} `json:"picture"`
	} `json:"data"`
}

// words says a message in one line, "" for one that a person need not see.
func words(topic string, payload []byte, retained bool) string {
	parts := strings.SplitN(topic, "/", 6) // sitepost/1/<site>/up/<what>/<device>
	if len(parts) < 5 || parts[3] != "up" {
		return ""
	}
	what, device := parts[4], ""
	if len(parts) == 6 {
		device = parts[5]
	}
	if len(payload) == 0 {
		return line(what, device, "emptied")
	}
	var m heard
	if json.Unmarshal(payload, &m) != nil {
		return line(what, device, "not to be read")
	}
	if retained {
		return line("· "+what, device, m.standing(what))
	}
	if m.Type == "" {
		return ""
	}
	return line(strings.ToUpper(what), device, m.happened())
}

func line(what, device, text string) string {
	if text == "" {
		return ""
	}
	return strings.TrimRight(fmt.Sprintf("%-10s %-9s %s", what, device, text), " ")
}

// standing says a retained message: how something stands now.
func (m heard) standing(what string) string {
	switch what {
	case "open":
		return fmt.Sprintf("%d open", len(m.Open))
	case "inventory":
		return fmt.Sprintf("%d devices", len(m.Devices))
	case "stream":
		return m.stream()
	}
	if why, ok := m.Why.(string); ok && why != "" {
		return m.Now + ": " + why
	}
	return m.Now
}

// stream says how a stream stands: its figures while pictures come, and its reasons.
func (m heard) stream() string {
	text := m.Now
	if m.Now == devices.StreamLive || m.Now == devices.StreamIsDegraded {
		text += fmt.Sprintf(", %s %dx%d, %.1f fps, %.1f Mbit/s, key frame every %d", m.Codec, m.Width, m.Height, m.FPS, m.Bitrate/1e6, m.GOP)
	}
	if why, ok := m.Why.([]any); ok && len(why) > 0 {
		text += fmt.Sprintf(": %v", why[0])
	}
	return text
}

// happened says an event in the dictionary's words, with what it carried.
func (m heard) happened() string {
	text := string(m.Type)
	if meaning, ok := m.Type.Meaning(); ok {
		text = meaning.English
	}
	var more []string
	add := func(format string, args ...any) { more = append(more, fmt.Sprintf(format, args...)) }
	if m.Data.State != "" {
		add("%s", strings.ToUpper(m.Data.State))
	}
	if m.Data.Is != "" {
		add("%s", m.Data.Is)
	}
	if m.Data.Count > 0 {
		add("+%d", m.Data.Count)
	}
	if m.Data.Direction != "" {
		add("%s", m.Data.Direction)
	}
	switch v := m.Data.Value; {
	case v == nil:
	case m.Type == devices.CameraObjects:
		add("%s %g", m.Subject, v.Value)
		if v.N > 1 {
			add("(%g at most, of %d counts)", v.Max, v.N)
		}
	default:
		add("%g %s", v.Value, v.Unit)
		if v.N > 1 {
			add("of %d readings", v.N)
		}
	}
	if m.Data.Stream != nil {
		add("%s", m.Data.Stream.State)
	}
	if m.Data.Picture != nil {
		_, alarm, _ := strings.Cut(m.Data.Incident, "-")
		add("of %s", alarm)
	}
	if m.Data.Detail != "" {
		add("[%s]", m.Data.Detail)
	}
	if m.Mode != "normal" {
		add("in mode %s", m.Mode)
	}
	if m.Late {
		add("(told late)")
	}
	if len(more) == 0 {
		return text
	}
	return text + ": " + strings.Join(more, " ")
}
