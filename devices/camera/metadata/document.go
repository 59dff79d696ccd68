package metadata

import (
	"bytes"
	"encoding/xml"
	"time"

	"sitepost/devices/camera/notice"
	"sitepost/devices/camera/onvif"
)

// What of one document is read.
const (
	maxDepth   = 32
	maxObjects = 64 // of one frame
)

// A document is one tt:MetadataStream. Each part may be there several times, in any
// order (Streaming 5.2.1.2):
//
//	<tt:MetadataStream>
//	  <tt:VideoAnalytics>
//	    <tt:Frame UtcTime="2026-11-21T14:40:00.120Z" Source="…">
//	      <tt:Object ObjectId="12" Parent="…"><tt:Appearance>
//	        <tt:Class>
//	          <tt:ClassCandidate><tt:Type>Human</tt:Type><tt:Likelihood>0.6</tt:Likelihood></tt:ClassCandidate>   old form
//	          <tt:Type Likelihood="0.8">Human</tt:Type>                                                           new form
//	        </tt:Class></tt:Appearance>
//	        <tt:Behaviour><tt:Removed/></tt:Behaviour>
//	      </tt:Object>
//	      <tt:ObjectTree><tt:Delete ObjectId="12"/></tt:ObjectTree>
//	    </tt:Frame>
//	  </tt:VideoAnalytics>
//	  <tt:PTZ>…</tt:PTZ>
//	  <tt:Event><wsnt:NotificationMessage>…</wsnt:NotificationMessage></tt:Event>
//	</tt:MetadataStream>
type document struct {
	VideoAnalytics struct{ Frame frames }
	Event          struct{ notice.Messages }
}

// read reads a document as far as there is time for it. Of one that is broken in
// the middle nothing counts.
func (r *Reader) read(text []byte, at time.Time, found *Found) {
	hasFrames := bytes.Contains(text, []byte("VideoAnalytics"))
	frames := hasFrames && r.pace.frames(at, len(text))
	hasEvents := bytes.Contains(text, []byte("NotificationMessage"))
	events := hasEvents && r.pace.events(at, len(text))
	if hasFrames {
		r.keepLate(text, at, !frames)
	}
	if hasEvents && !events {
		r.tally.Unheard += max(1, bytes.Count(text, []byte("NotificationMessage"))/2)
	}
	if !frames && !events { // too many, or of where the camera looks
		return
	}
	messages := r.parse(text, at, frames)
	if !events {
		return
	}
	r.tally.Unheard += messages.Beyond()
	for _, n := range messages.Read() {
		if r.pace.notices(at) {
			found.Notifications = append(found.Notifications, n)
		} else {
			r.tally.Unheard++
		}
	}
}

// parse reads a document, looks at its frames if they are wanted, and returns what
// it notifies.
func (r *Reader) parse(text []byte, at time.Time, frames bool) notice.Messages {
	var d document
	var seen []frame
	if frames {
		d.VideoAnalytics.Frame.see = func(f frame) { seen = append(seen, f) }
	}
	if err := onvif.DecodeMetadata(text, maxDepth, &d); err != nil {
		r.tally.Spoiled++
		return notice.Messages{}
	}
	r.tally.Documents++
	for _, f := range seen {
		r.scene.look(f, at)
	}
	return d.Event.Messages
}

// keepLate keeps the last document whose frames there was no time for: it may be
// the one that says that nobody is there any more, after which a camera may say
// nothing (Analytics 5.1.3). Its events were heard.
func (r *Reader) keepLate(text []byte, at time.Time, isLate bool) {
	if r.hasLate {
		r.tally.Left++
	}
	r.late, r.lateAt, r.hasLate = r.late[:0], at, isLate
	if isLate {
		r.late = append(r.late, text...)
	}
}

func (r *Reader) readLate() {
	r.hasLate = false
	r.parse(r.late, r.lateAt, true)
}

// frames hands on each frame as it comes; without see it reads none.
type frames struct{ see func(frame) }

// A frame is what one picture showed.
type frame struct {
	source  string
	objects []sighting
	deleted map[string]bool
}

// A sighting is one object of a frame.
type sighting struct{ name, class string }

type object struct {
	ID         string `xml:"ObjectId,attr"`
	UUID       string `xml:",attr"`
	Appearance struct{ Class class }
	Behaviour  struct{ Removed *struct{} }
}

// UnmarshalXML reads a frame: so many objects and no more.
func (f *frames) UnmarshalXML(d *xml.Decoder, start xml.StartElement) error {
	if f.see == nil {
		return d.Skip()
	}
	var one frame
	for _, a := range start.Attr {
		if a.Name.Local == "Source" {
			one.source = onvif.Words(a.Value)
		}
	}
	for {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.EndElement:
			f.see(one)
			return nil
		case xml.StartElement:
			if err := one.read(d, token); err != nil {
				return err
			}
		}
	}
}

// read reads what a frame holds.
func (f *frame) read(d *xml.Decoder, start xml.StartElement) error {
	switch {
	case start.Name.Local == "Object" && len(f.objects) < maxObjects:
		var o object
		if err := d.DecodeElement(&o, &start); err != nil {
			return err
		}
		if o.Behaviour.Removed == nil { // that marks where something was
			f.objects = append(f.objects, sighting{o.name(), o.Appearance.Class.likeliest()})
		}
	case start.Name.Local == "ObjectTree":
		var tree struct{ Delete []object }
		if err := d.DecodeElement(&tree, &start); err != nil {
			return err
		}
		f.forget(tree.Delete)
	default:
		return d.Skip()
	}
	return nil
}

// forget notes the objects that the camera says are no more.
func (f *frame) forget(all []object) {
	for _, o := range all {
		if f.deleted == nil {
			f.deleted = map[string]bool{}
		}
		f.deleted[o.name()] = true
	}
}

// name tells an object from the others of its frame, "" if nothing does.
func (o object) name() string {
	if o.ID != "" {
		return onvif.Words(o.ID)
	}
	return onvif.Words(o.UUID)
}
