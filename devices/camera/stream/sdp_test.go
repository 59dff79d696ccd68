package stream

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"
	"github.com/google/go-cmp/cmp"
)

// sdpHead and sdpVideo are the healthy parts of a description.
const (
	sdpHead  = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=Media\r\nt=0 0\r\n"
	sdpVideo = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track1\r\n"
)

// brokenDescriptions are the kinds of fault for which gortsplib 4.16.2 drops a
// whole description, each reduced to the fault. They were seen from: a Hikvision
// media server (bluenviron/gortsplib#658), Uniview and H3C cameras
// (AlexxIT/go2rtc#1663), Dahua with an ONVIF back channel (gortsplib#479), Tuya
// (go2rtc#2316).
func brokenDescriptions() map[string]string {
	return map[string]string{
		"sound whose config belongs to another format": sdpHead + sdpVideo +
			"m=audio 0 RTP/AVP 104\r\na=rtpmap:104 mpeg4-generic/16000/1\r\na=fmtp:105 mode=AAC-hbr; config=1408\r\na=control:track2\r\n",
		"origin and connection without an address": "v=0\r\no=- 1001 1 IN \r\ns=VCP IPC Realtime stream\r\nm=video 0 RTP/AVP 96\r\nc=IN \r\n" +
			"a=control:track1\r\na=rtpmap:96 H264/90000\r\nm=application 0 RTP/AVP 107\r\nc=IN \r\na=control:track2\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n",
		"back channel without a config": sdpHead + sdpVideo +
			"m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:track2\r\nm=audio 0 RTP/AVP 104 8\r\na=rtpmap:104 mpeg4-generic/16000\r\na=rtpmap:8 PCMA/8000\r\na=sendonly\r\na=control:track3\r\n",
		"a port below zero": sdpHead + "m=video -1353744643 RTP/AVP 96\r\nc=IN IP4 \xff\xfe'\r\na=control:track1\r\na=rtpmap:96 H264/90000\r\n",
	}
}

// media lists what the library reads in a description: kind, formats, address.
func media(t *testing.T, body []byte) []string {
	t.Helper()
	if body == nil {
		return nil
	}
	var text sdp.SessionDescription
	var d description.Session
	if err := text.Unmarshal(body); err != nil {
		t.Fatal(err)
	}
	if err := d.Unmarshal(&text); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range d.Medias {
		line := fmt.Sprintf("%s %s", m.Type, m.Control)
		for _, f := range m.Formats {
			line += " " + f.RTPMap()
		}
		got = append(got, line)
	}
	return got
}

// TestMend reads what is healthy in descriptions of which the library reads
// nothing.
func TestMend(t *testing.T) {
	t.Parallel()
	broken := brokenDescriptions()
	for _, c := range []struct {
		name, body string
		want       []string
		audio      bool
	}{
		{name: "sound whose config belongs to another format", want: []string{"video track1 H264/90000"}, audio: true},
		{name: "origin and connection without an address", want: []string{"video track1 H264/90000", "application track2 vnd.onvif.metadata/90000"}},
		{name: "back channel without a config", want: []string{"video track1 H264/90000", "audio track2 PCMA/8000", "audio track3 PCMA/8000"}, audio: true},
		{name: "a port below zero", want: []string{"video track1 H264/90000"}},
		{
			name: "parameter sets that are no base64",
			body: sdpHead + "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets=%%,%%\n",
			want: []string{"video  H264/90000"},
		},
		{
			name: "a format without an rtpmap",
			body: sdpHead + "m=video 0 RTP/AVP 97 96\r\na=rtpmap:96 H265/90000\r\na=control:v\r\nm=meta 0 RTP/AVP 98\r\na=rtpmap:98 x/1000\r\n",
			want: []string{"video v H265/90000", "application  x/1000"},
		},
		{
			name: "a session address that is none",
			body: "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=x\r\na=control:here\r\n" + sdpVideo,
			want: []string{"video track1 H264/90000"},
		},
		{name: "nothing healthy", body: sdpHead + "m=video 0 RTP/AVP 96\r\nm=\r\nm=x y z w\r\n"},
		{name: "no description", body: "<html>no</html>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			body := c.body
			if body == "" {
				body = broken[c.name]
			}
			if readable([]byte(body)) {
				t.Fatalf("the library reads it: nothing is proved\n%s", body)
			}
			if diff := cmp.Diff(c.want, media(t, mend([]byte(body)))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", body, diff)
			}
			if got := offersAudio([]byte(body)); got != c.audio {
				t.Errorf("got audio %v, want %v", got, c.audio)
			}
		})
	}
}

// TestMendLeavesTheHealthyAlone does not touch a description that is readable.
func TestMendLeavesTheHealthyAlone(t *testing.T) {
	t.Parallel()
	body := sdpHead + "a=control:*\r\n" + sdpVideo + "b=AS:4000\r\na=mid:1\r\n"
	if diff := cmp.Diff(body, string(mend([]byte(body)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// FuzzMend promises that what comes out is readable, or nothing, and that it
// takes no long time over any text.
func FuzzMend(f *testing.F) {
	for _, b := range brokenDescriptions() {
		f.Add([]byte(b))
	}
	f.Add([]byte(sdpHead + "m=video 0 RTP/AVP " + strings.Repeat("96 ", 100) + "\r\n" + strings.Repeat("a=rtpmap:96 H264/90000\r\n", 100)))
	f.Add([]byte(strings.Repeat(sdpVideo, 100)))
	f.Fuzz(func(t *testing.T, body []byte) {
		if clean := mend(body); clean != nil && !readable(clean) {
			t.Errorf("got %q, which cannot be read", clean)
		}
		offersAudio(body)
	})
}
