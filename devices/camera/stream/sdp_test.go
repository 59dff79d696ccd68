package stream

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/sdp"
	"github.com/google/go-cmp/cmp"
)

// sdpHead and sdpVideo are the healthy parts of a description.
const (
	sdpHead  = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=Media\r\nt=0 0\r\n"
	sdpVideo = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\na=control:track1\r\n"
)

// badMedia are descriptions that gortsplib 4.16.2 drops whole for one bad media
// (F11), each reduced to the fault. They were seen from: a Hikvision media server
// (bluenviron/gortsplib#658) and Dahua with an ONVIF back channel (gortsplib#479);
// the others are what cameras of many makes do.
func badMedia() map[string]string {
	return map[string]string{
		"sound whose config belongs to another format": sdpHead + sdpVideo +
			"m=audio 0 RTP/AVP 104\r\na=rtpmap:104 mpeg4-generic/16000/1\r\na=fmtp:105 mode=AAC-hbr; config=1408\r\na=control:track2\r\n",
		"back channel without a config": sdpHead + sdpVideo +
			"m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=control:track2\r\nm=audio 0 RTP/AVP 104 8\r\na=rtpmap:104 mpeg4-generic/16000\r\na=rtpmap:8 PCMA/8000\r\na=sendonly\r\na=control:track3\r\n",
		"parameter sets that are no base64": sdpHead + "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 sprop-parameter-sets=%%,%%\n",
		"a format without an rtpmap":        sdpHead + "m=video 0 RTP/AVP 97 96\r\na=rtpmap:96 H264/90000\r\na=control:v\r\n",
	}
}

// badLines are descriptions that it drops for a line that matters to nobody (F12).
// Seen from: Uniview and H3C (AlexxIT/go2rtc#1663), Tuya (go2rtc#2316); the m=meta
// and the double IP were met by others (gortsplib #1068, #1061).
func badLines() map[string]string {
	return map[string]string{
		"origin and connection without an address": "v=0\r\no=- 1001 1 IN \r\ns=VCP IPC Realtime stream\r\nm=video 0 RTP/AVP 96\r\nc=IN \r\n" +
			"a=control:track1\r\na=rtpmap:96 H264/90000\r\nm=application 0 RTP/AVP 107\r\nc=IN \r\na=control:track2\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\n",
		"a port below zero":                "" + sdpHead + "m=video -1353744643 RTP/AVP 96\r\nc=IN IP4 \xff\xfe'\r\na=control:track1\r\na=rtpmap:96 H264/90000\r\n",
		"a media of a kind that is none":   sdpHead + sdpVideo + "m=meta 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:track3\r\n",
		"an address of the kind IP IP4":    strings.Replace(sdpHead, "IN IP4", "IP IP4", 1) + sdpVideo,
		"a session address that is no URL": "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=x\r\na=control:here\r\n" + sdpVideo,
	}
}

func brokenDescriptions() map[string]string {
	all := badMedia()
	maps.Copy(all, badLines())
	return all
}

// TestF11OneBadMedia plays the pictures of cameras whose sound, back channel or
// parameter sets are described wrongly.
func TestF11OneBadMedia(t *testing.T) { plays(t, badMedia()) }

// TestF12BadLines plays cameras whose descriptions have lines that nobody needs
// and the library cannot read.
func TestF12BadLines(t *testing.T) { plays(t, badLines()) }

func plays(t *testing.T, descriptions map[string]string) {
	t.Parallel()
	for name, body := range descriptions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if readable([]byte(body)) {
				t.Fatal("the library reads it: nothing is proved")
			}
			synctest.Test(t, func(t *testing.T) {
				cam := &fake{play: filming(25, nil), description: body}
				s, err := Measure(t.Context(), near(cam), 1990*time.Millisecond)
				if err != nil || s.Frames != 50 || s.Codec != "H264" || *s.Metadata != strings.Contains(body, "vnd.onvif") {
					t.Errorf("got %+v, %v", s, err)
				}
			})
		})
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
		{name: "parameter sets that are no base64", want: []string{"video  H264/90000"}},
		{name: "a format without an rtpmap", want: []string{"video v H264/90000"}},
		{name: "a media of a kind that is none", want: []string{"video track1 H264/90000", "application track3 vnd.onvif.metadata/90000"}},
		{name: "an address of the kind IP IP4", want: []string{"video track1 H264/90000"}},
		{name: "a session address that is no URL", want: []string{"video track1 H264/90000"}},
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
