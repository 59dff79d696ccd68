package cameratest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	recordingPath = "/onvif/recording_service"
	searchPath    = "/onvif/search_service"
)

// An Archive is what a recorder keeps, and how it can be asked for it.
type Archive struct {
	Recordings []Recording
	Summary    time.Time // told by GetRecordingSummary; zero = no question of this recorder

	NoFind    bool // knows no FindRecordings: only a list, and each recording asked for
	NoSearch  bool // answers no question of Search at all, although it tells the service
	NotForUs  bool // refuses the login for Search: the user may look and not play back
	Endless   bool // its searches never end and find nothing
	Flood     bool // its searches never end and find 1,000 recordings a page
	BreaksOff bool // the second page of a search is a fault
}

// A Recording is one container of a recorder.
type Recording struct {
	Token, Source, Name string
	Earliest            time.Time // zero = it is empty
	InTracks            bool      // the times stand in its tracks, not in itself
}

// searches are the open ones; a recorder has places for a few.
type searches struct {
	mu     sync.Mutex // protects all below
	last   int
	opened int
	read   map[string]int // by token: how many recordings were told, -1 = not asked yet
}

// Searches returns how many searches were begun and how many are still open.
func (v *Camera) Searches() (opened, open int) {
	v.searches.mu.Lock()
	defer v.searches.mu.Unlock()
	return v.searches.opened, len(v.searches.read)
}

// recordingAnswer answers as Recording Control.
func (v *Camera) recordingAnswer(_ *http.Request, q *question) (string, bool) {
	if q.Body.Asked.XMLName.Local != "GetRecordings" || v.options.Archive == nil {
		return "", false
	}
	var b strings.Builder
	for _, r := range v.options.Archive.Recordings {
		fmt.Fprintf(&b, `<trc:RecordingItem><tt:RecordingToken>%s</tt:RecordingToken></trc:RecordingItem>`, asText(r.Token))
	}
	return `<trc:GetRecordingsResponse xmlns:trc="http://www.onvif.org/ver10/recording/wsdl">` + b.String() + `</trc:GetRecordingsResponse>`, true
}

// searchAnswer answers as Recording Search.
func (v *Camera) searchAnswer(_ *http.Request, q *question) (string, bool) {
	a := v.options.Archive
	name := q.Body.Asked.XMLName.Local
	content, ok := "", a != nil && !a.NoSearch
	switch {
	case !ok:
	case name == "GetRecordingSummary":
		content, ok = fmt.Sprintf(`<tse:Summary><tt:DataFrom>%s</tt:DataFrom><tt:DataUntil>%s</tt:DataUntil>`+
			`<tt:NumberRecordings>%d</tt:NumberRecordings></tse:Summary>`, xsdTime(a.Summary), xsdTime(v.now()), len(a.Recordings)), !a.Summary.IsZero()
	case name == "FindRecordings":
		content, ok = v.beginSearch(), !a.NoFind
	case name == "GetRecordingSearchResults":
		content, ok = v.searchPage(q.Body.Asked.SearchToken, q.Body.Asked.MaxResults)
	case name == "EndSearch":
		content, ok = v.endSearch(q.Body.Asked.SearchToken)
	case name == "GetRecordingInformation":
		content, ok = a.one(q.Body.Asked.RecordingToken)
	default:
		ok = false
	}
	return fmt.Sprintf(`<tse:%[1]sResponse xmlns:tse="http://www.onvif.org/ver10/search/wsdl">%[2]s</tse:%[1]sResponse>`, name, content), ok
}

func (v *Camera) forbidsSearch() bool { return v.options.Archive != nil && v.options.Archive.NotForUs }

func (v *Camera) beginSearch() string {
	if v.options.Archive.NoFind {
		return ""
	}
	s := &v.searches
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.read == nil {
		s.read = map[string]int{}
	}
	s.last++
	s.opened++
	token := fmt.Sprintf("search-%d", s.last)
	s.read[token] = -1
	return "<tse:SearchToken>" + token + "</tse:SearchToken>"
}

// searchPage tells the next results. The first page is empty, as of a recorder
// that has just begun to look.
func (v *Camera) searchPage(token string, most int) (string, bool) {
	s, a := &v.searches, v.options.Archive
	s.mu.Lock()
	defer s.mu.Unlock()
	from, open := s.read[token]
	switch {
	case !open, a.BreaksOff && from >= 0:
		return "", false
	case from < 0:
		s.read[token] = 0
		return results("Searching", nil), true
	case a.Endless:
		return results("Searching", nil), true
	case a.Flood:
		return results("Searching", make([]Recording, 1000)), true
	}
	rest := a.Recordings[from:]
	if most <= 0 || most > 3 {
		most = 3 // small pages, whatever is asked for
	}
	state := "Searching"
	if len(rest) <= most {
		state = "Completed"
	}
	rest = rest[:min(most, len(rest))]
	s.read[token] = from + len(rest)
	return results(state, rest), true
}

func (v *Camera) endSearch(token string) (string, bool) {
	s := &v.searches
	s.mu.Lock()
	defer s.mu.Unlock()
	_, open := s.read[token]
	delete(s.read, token)
	return "<tse:Endpoint>" + xsdTime(v.now()) + "</tse:Endpoint>", open
}

func (a *Archive) one(token string) (string, bool) {
	for _, r := range a.Recordings {
		if r.Token == token {
			return "<tse:RecordingInformation>" + r.element() + "</tse:RecordingInformation>", true
		}
	}
	return "", false
}

func results(state string, all []Recording) string {
	var b strings.Builder
	for _, r := range all {
		b.WriteString("<tt:RecordingInformation>" + r.element() + "</tt:RecordingInformation>")
	}
	return "<tse:ResultList><tt:SearchState>" + state + "</tt:SearchState>" + b.String() + "</tse:ResultList>"
}

// element is the content of tt:RecordingInformation (ONVIF Recording Search 5.2).
func (r Recording) element() string {
	earliest, track := "", ""
	if !r.Earliest.IsZero() {
		earliest = "<tt:EarliestRecording>" + xsdTime(r.Earliest) + "</tt:EarliestRecording>"
		track = "<tt:DataFrom>" + xsdTime(r.Earliest) + "</tt:DataFrom>"
	}
	if r.InTracks {
		earliest = ""
	}
	return fmt.Sprintf(`<tt:RecordingToken>%s</tt:RecordingToken><tt:Source><tt:SourceId>%s</tt:SourceId><tt:Name>%s</tt:Name>`+
		`<tt:Location/><tt:Description/><tt:Address/></tt:Source>%s<tt:Content/>`+
		`<tt:Track><tt:TrackToken>video</tt:TrackToken><tt:TrackType>Video</tt:TrackType><tt:Description/>%s</tt:Track>`+
		`<tt:RecordingStatus>Recording</tt:RecordingStatus>`, asText(r.Token), asText(r.Source), asText(r.Name), earliest, track)
}

func xsdTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
