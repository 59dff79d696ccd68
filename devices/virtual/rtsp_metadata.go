package virtual

import (
	"bytes"
	"compress/gzip"
	"encoding/xml"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"
)

// A Metadata is how a virtual camera tells what it sees beside the picture.
type Metadata string

const (
	NoMetadata     Metadata = ""     // it has no such track
	PlainMetadata  Metadata = "xml"  // in the clear
	PackedMetadata Metadata = "gzip" // as ONVIF Streaming 5.2.1.2 packs it
)

const (
	metadataType   = 107 // the payload type of the standard's own example
	metadataPacket = 1400
	metadataPause  = time.Second // between two documents, at most as the standard recommends it
	walk, around   = 8, 12       // of twelve seconds somebody is in the picture for eight
)

// track describes the track in the session.
func (m Metadata) track() (*description.Media, error) {
	name := "vnd.onvif.metadata/90000"
	if m == PackedMetadata {
		name = "vnd.onvif.metadata+gzip/90000"
	}
	f := &format.Generic{PayloadTyp: metadataType, RTPMa: name}
	if err := f.Init(); err != nil {
		return nil, err
	}
	return &description.Media{Type: description.MediaTypeApplication, Formats: []format.Format{f}}, nil
}

// A narrator tells on a metadata track what the camera sees.
type narrator struct {
	stream *gortsplib.ServerStream
	media  *description.Media
	packed bool
	began  time.Time

	mu       sync.Mutex // protects sequence: documents follow each other whole
	sequence uint16
}

// run tells once a second who is in the picture, until stop is closed.
func (n *narrator) run(stop <-chan struct{}) {
	tick := time.NewTicker(metadataPause)
	defer tick.Stop()
	for second := 0; ; second++ {
		n.tell(scene(time.Now(), second))
		select {
		case <-stop:
			return
		case <-tick.C:
		}
	}
}

// scene is a frame with a person who walks from left to right, or has gone.
func scene(now time.Time, second int) string {
	object := ""
	if at := second % around; at < walk {
		x := float64(at)/(walk/2) - 1
		object = fmt.Sprintf(`<tt:Object ObjectId="%d"><tt:Appearance><tt:Shape><tt:BoundingBox left="%.2f" top="0.4" right="%.2f" bottom="-0.4"/><tt:CenterOfGravity x="%.2f" y="0"/></tt:Shape>`+
			`<tt:Class><tt:Type Likelihood="0.9">Human</tt:Type></tt:Class></tt:Appearance></tt:Object>`, 1+second/around, x-0.1, x+0.1, x)
	}
	return fmt.Sprintf(`<tt:VideoAnalytics><tt:Frame UtcTime="%s">%s</tt:Frame></tt:VideoAnalytics>`, stampOf(now), object)
}

// notify tells an event. Source and data are written "Name=Value".
func (n *narrator) notify(at time.Time, topic, source string, data ...string) {
	var said strings.Builder
	for _, item := range data {
		said.WriteString(simpleItem(item))
	}
	n.tell(fmt.Sprintf(`<tt:Event><wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">%s</wsnt:Topic>`+
		`<wsnt:Message><tt:Message UtcTime="%s" PropertyOperation="Changed"><tt:Source>%s</tt:Source><tt:Data>%s</tt:Data></tt:Message></wsnt:Message>`+
		`</wsnt:NotificationMessage></tt:Event>`, asText(topic), stampOf(at), simpleItem(source), said.String()))
}

// tell sends one document. Who does not listen misses it.
func (n *narrator) tell(part string) {
	document := []byte(`<?xml version="1.0" encoding="UTF-8"?><tt:MetadataStream xmlns:tt="http://www.onvif.org/ver10/schema"` +
		` xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:tns1="http://www.onvif.org/ver10/topics">` + part + `</tt:MetadataStream>`)
	if n.packed {
		document = packed(document)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(document) > 0 {
		size := min(len(document), metadataPacket)
		n.sequence++
		_ = n.stream.WritePacketRTP(n.media, &rtp.Packet{
			Header: rtp.Header{
				Version: 2, PayloadType: metadataType, SequenceNumber: n.sequence, Marker: size == len(document),
				Timestamp: uint32(time.Since(n.began).Seconds() * videoClock),
			},
			Payload: document[:size],
		})
		document = document[size:]
	}
}

func packed(document []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(document) // into memory
	_ = z.Close()
	return b.Bytes()
}

func stampOf(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func simpleItem(item string) string {
	name, value, ok := strings.Cut(item, "=")
	if !ok {
		return ""
	}
	return fmt.Sprintf(`<tt:SimpleItem Name="%s" Value="%s"/>`, asText(name), asText(value))
}

func asText(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // into memory
	return b.String()
}
