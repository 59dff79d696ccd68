package cameratest

import (
	"fmt"
	"net/http"
	"strings"
)

const (
	media1Path = "/onvif/media_service"
	media2Path = "/onvif/media2_service" // its own path, as on cameras where the two differ
)

// mediaAnswer answers as Media and as Media2.
func (v *Camera) mediaAnswer(r *http.Request, q *question) (string, bool) {
	media2 := r.URL.Path == media2Path
	switch q.Body.Asked.XMLName.Local {
	case "GetProfiles":
		return v.profiles(media2), true
	case "GetStreamUri":
		return v.streamURI(media2, q.Body.Asked.ProfileToken)
	}
	return "", false
}

// profiles tells the sub profile first, as some cameras do.
func (v *Camera) profiles(media2 bool) string {
	var b strings.Builder
	if v.options.SubURI != "" {
		b.WriteString(profile(media2, "sub", 640, 360, 512))
	}
	b.WriteString(profile(media2, "main", 1920, 1080, 4096))
	space := "trt"
	if media2 {
		space = "tr2"
	}
	return fmt.Sprintf("<%[1]s:GetProfilesResponse>%[2]s</%[1]s:GetProfilesResponse>", space, b.String())
}

func profile(media2 bool, token string, width, height, kbit int) string {
	source := `<tt:Name>source</tt:Name><tt:UseCount>2</tt:UseCount><tt:SourceToken>video_0</tt:SourceToken>` +
		`<tt:Bounds x="0" y="0" width="1920" height="1080"/>`
	encoder := fmt.Sprintf(`<tt:Encoding>H264</tt:Encoding><tt:Resolution><tt:Width>%d</tt:Width><tt:Height>%d</tt:Height></tt:Resolution>`+
		`<tt:RateControl><tt:FrameRateLimit>25</tt:FrameRateLimit><tt:BitrateLimit>%d</tt:BitrateLimit></tt:RateControl>`, width, height, kbit)
	if media2 {
		return fmt.Sprintf(`<tr2:Profiles token="%[1]s" fixed="true"><tr2:Name>%[1]s</tr2:Name><tr2:Configurations>`+
			`<tr2:VideoSource token="vs">%[2]s</tr2:VideoSource><tr2:VideoEncoder token="ve_%[1]s">%[3]s</tr2:VideoEncoder>`+
			`</tr2:Configurations></tr2:Profiles>`, token, source, encoder)
	}
	return fmt.Sprintf(`<trt:Profiles token="%[1]s" fixed="true"><tt:Name>%[1]s</tt:Name>`+
		`<tt:VideoSourceConfiguration token="vs">%[2]s</tt:VideoSourceConfiguration>`+
		`<tt:VideoEncoderConfiguration token="ve_%[1]s">%[3]s</tt:VideoEncoderConfiguration></trt:Profiles>`, token, source, encoder)
}

// streamURI is written with the line ends that go2rtc#638 met.
func (v *Camera) streamURI(media2 bool, profile string) (string, bool) {
	uri := map[string]string{"main": v.options.StreamURI, "sub": v.options.SubURI}[profile]
	switch {
	case uri == "":
		return "", false
	case media2:
		return "<tr2:GetStreamUriResponse><tr2:Uri>\r\n" + asText(uri) + "\r\n</tr2:Uri></tr2:GetStreamUriResponse>", true
	}
	return "<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>\r\n" + asText(uri) + "\r\n</tt:Uri>" +
		"<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>" +
		"<tt:Timeout>PT0S</tt:Timeout></trt:MediaUri></trt:GetStreamUriResponse>", true
}
