package cameratest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

const (
	media1Path   = "/onvif/media_service"
	media2Path   = "/onvif/media2_service" // its own path, as on cameras where the two differ
	deviceIOPath = "/onvif/deviceio_service"
)

// A Profile is a stream that a virtual camera offers. H265 profiles are told by
// Media2 only, as of every camera (node-onvif#78).
type Profile struct {
	Token, Name   string
	Source        string // token of the video source
	SourceSetting string // token of its configuration; "" = "vs"
	Analytics     string // token of the analytics configuration; "" = it has none
	Codec         string // default "H264"
	Width, Height int
	FPS, Kbit     int
	URI           string // "" = no stream address is told
	Old           bool   // told by Media1 only
}

// Channels are the profiles of a recorder with n channels, a main and a sub stream
// each. Those that are offline are not listed (onvif/specs#470).
func Channels(n int, offline ...int) (all []Profile) {
	for channel := 1; channel <= n; channel++ {
		if slices.Contains(offline, channel) {
			continue
		}
		source := fmt.Sprintf("VideoSource_%d", channel)
		for stream, width := range []int{1920, 640} {
			token := fmt.Sprintf("Profile_%d%02d", channel, stream+1)
			all = append(all, Profile{
				Token: token, Name: token, Source: source, SourceSetting: fmt.Sprintf("VideoSourceConfig_%d", channel),
				Analytics: fmt.Sprintf("Analytics_%d", channel), Codec: "H264", Width: width, Height: width * 9 / 16, FPS: 25, Kbit: 4096,
				URI: fmt.Sprintf("rtsp://127.0.0.11:554/%s", token),
			})
		}
	}
	return all
}

// settings are what a camera's own page changes while it runs.
type settings struct {
	mu       sync.Mutex // protects all below
	firmware string     // "" = that of the options
	profiles []Profile  // nil = those of the options
}

// SetFirmware makes the camera tell another firmware, as after an update.
func (v *Camera) SetFirmware(version string) {
	v.settings.mu.Lock()
	defer v.settings.mu.Unlock()
	v.settings.firmware = version
}

// SetProfiles makes the camera offer other streams.
func (v *Camera) SetProfiles(all []Profile) {
	v.settings.mu.Lock()
	defer v.settings.mu.Unlock()
	v.settings.profiles = all
}

func (v *Camera) firmware() string {
	v.settings.mu.Lock()
	defer v.settings.mu.Unlock()
	if v.settings.firmware != "" {
		return v.settings.firmware
	}
	return v.options.Firmware
}

// offered are the camera's profiles; the sub profile is first where the options
// name none, as on some cameras.
func (v *Camera) offered() (all []Profile) {
	v.settings.mu.Lock()
	defer v.settings.mu.Unlock()
	o := v.options
	switch {
	case v.settings.profiles != nil:
		return v.settings.profiles
	case o.Profiles != nil:
		return o.Profiles
	case o.SubURI != "":
		all = append(all, Profile{Token: "sub", Name: "sub", Source: "video_0", Width: 640, Height: 360, FPS: 25, Kbit: 512, URI: o.SubURI})
	}
	return append(all, Profile{Token: "main", Name: "main", Source: "video_0", Width: 1920, Height: 1080, FPS: 25, Kbit: 4096, URI: o.StreamURI})
}

// mediaAnswer answers as Media and as Media2.
func (v *Camera) mediaAnswer(r *http.Request, q *question) (string, bool) {
	media2 := r.URL.Path == media2Path
	switch q.Body.Asked.XMLName.Local {
	case "GetProfiles":
		return v.profilesAnswer(media2), true
	case "GetStreamUri":
		uri := ""
		for _, p := range v.offered() {
			if p.Token == q.Body.Asked.ProfileToken && p.isTold(media2) {
				uri = p.URI
			}
		}
		return uriAnswer("GetStreamUri", media2, uri), uri != ""
	case "GetSnapshotUri":
		return uriAnswer("GetSnapshotUri", media2, v.snapshotURI()), v.snapshotURI() != "" && !(media2 && v.options.SnapshotOld)
	case "GetVideoSources":
		return v.sourcesAnswer(), !media2 && !slices.Equal(v.options.Sources, []string{""})
	}
	return "", false
}

// space is the prefix of a media service.
func space(media2 bool) string {
	if media2 {
		return "tr2"
	}
	return "trt"
}

func (v *Camera) profilesAnswer(media2 bool) string {
	var b strings.Builder
	for _, p := range v.offered() {
		if p.isTold(media2) {
			b.WriteString(p.element(media2))
		}
	}
	for i := range v.options.ExtraProfiles {
		fmt.Fprintf(&b, `<%[1]s:Profiles token="extra%[2]d"><tt:VideoEncoderConfiguration/><tr2:Configurations><tr2:VideoEncoder/></tr2:Configurations></%[1]s:Profiles>`, space(media2), i)
	}
	return fmt.Sprintf("<%[1]s:GetProfilesResponse>%[2]s</%[1]s:GetProfilesResponse>", space(media2), b.String())
}

// isTold says whether a media service knows of the profile.
func (p Profile) isTold(media2 bool) bool {
	if media2 {
		return !p.Old
	}
	return p.Codec != "H265"
}

// element is the profile as either service writes it (tt:Profile,
// tr2:MediaProfile).
func (p Profile) element(media2 bool) string {
	codec, setting := p.Codec, p.SourceSetting
	if codec == "" {
		codec = "H264"
	}
	if setting == "" {
		setting = "vs"
	}
	source := fmt.Sprintf(`<tt:Name>source</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>%s</tt:SourceToken>`+
		`<tt:Bounds x="0" y="0" width="1920" height="1080"/>`, asText(p.Source))
	encoder := fmt.Sprintf(`<tt:Encoding>%s</tt:Encoding><tt:Resolution><tt:Width>%d</tt:Width><tt:Height>%d</tt:Height></tt:Resolution>`+
		`<tt:RateControl><tt:FrameRateLimit>%d</tt:FrameRateLimit><tt:BitrateLimit>%d</tt:BitrateLimit></tt:RateControl>`,
		asText(codec), p.Width, p.Height, p.FPS, p.Kbit)
	form := `<trt:Profiles token="%[1]s" fixed="true"><tt:Name>%[2]s</tt:Name>` +
		`<tt:VideoSourceConfiguration token="%[3]s">%[4]s</tt:VideoSourceConfiguration>` +
		`<tt:VideoEncoderConfiguration token="ve_%[1]s">%[5]s</tt:VideoEncoderConfiguration>%[6]s</trt:Profiles>`
	analytics := fmt.Sprintf(`<tt:VideoAnalyticsConfiguration token="%s"/>`, asText(p.Analytics))
	if media2 {
		form = `<tr2:Profiles token="%[1]s" fixed="true"><tr2:Name>%[2]s</tr2:Name><tr2:Configurations>` +
			`<tr2:VideoSource token="%[3]s">%[4]s</tr2:VideoSource><tr2:VideoEncoder token="ve_%[1]s">%[5]s</tr2:VideoEncoder>` +
			`%[6]s</tr2:Configurations></tr2:Profiles>`
		analytics = fmt.Sprintf(`<tr2:Analytics token="%s"/>`, asText(p.Analytics))
	}
	if p.Analytics == "" {
		analytics = ""
	}
	return fmt.Sprintf(form, asText(p.Token), asText(p.Name), asText(setting), source, encoder, analytics)
}

// uriAnswer is written with the line ends that go2rtc#638 met.
func uriAnswer(question string, media2 bool, uri string) string {
	if media2 {
		return fmt.Sprintf("<tr2:%[1]sResponse><tr2:Uri>\r\n%[2]s\r\n</tr2:Uri></tr2:%[1]sResponse>", question, asText(uri))
	}
	return fmt.Sprintf("<trt:%[1]sResponse><trt:MediaUri><tt:Uri>\r\n%[2]s\r\n</tt:Uri>"+
		"<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>"+
		"<tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:%[1]sResponse>", question, asText(uri))
}

// sourcesAnswer tells the video sources, also those that no profile is of.
func (v *Camera) sourcesAnswer() string {
	all := v.options.Sources
	for _, p := range v.offered() {
		if v.options.Sources == nil && !slices.Contains(all, p.Source) {
			all = append(all, p.Source)
		}
	}
	var b strings.Builder
	for _, token := range all {
		fmt.Fprintf(&b, `<trt:VideoSources token="%s"><tt:Framerate>25.000000</tt:Framerate><tt:Resolution><tt:Width>1920</tt:Width>`+
			`<tt:Height>1080</tt:Height></tt:Resolution></trt:VideoSources>`, asText(token))
	}
	return "<trt:GetVideoSourcesResponse>" + b.String() + "</trt:GetVideoSourcesResponse>"
}

// interfacesAnswer tells the MAC addresses, whatever they are.
func (v *Camera) interfacesAnswer() string {
	var b strings.Builder
	for i, mac := range v.options.MACs {
		fmt.Fprintf(&b, `<tds:NetworkInterfaces token="eth%[1]d"><tt:Enabled>true</tt:Enabled><tt:Info><tt:Name>eth%[1]d</tt:Name>`+
			`<tt:HwAddress>%[2]s</tt:HwAddress><tt:MTU>1500</tt:MTU></tt:Info></tds:NetworkInterfaces>`, i, asText(mac))
	}
	return "<tds:GetNetworkInterfacesResponse>" + b.String() + "</tds:GetNetworkInterfacesResponse>"
}

// deviceIOAnswer answers as DeviceIO.
func (v *Camera) deviceIOAnswer(_ *http.Request, q *question) (string, bool) {
	var b strings.Builder
	switch q.Body.Asked.XMLName.Local {
	case "GetDigitalInputs":
		for i := range v.options.Inputs {
			fmt.Fprintf(&b, `<tmd:DigitalInputs token="DI_%d"/>`, i)
		}
		return `<tmd:GetDigitalInputsResponse xmlns:tmd="http://www.onvif.org/ver10/deviceIO/wsdl">` + b.String() + `</tmd:GetDigitalInputsResponse>`, true
	}
	return "", false
}
