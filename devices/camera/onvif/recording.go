package onvif

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// What one look at a recorder's recordings may cost.
const (
	searchWithin  = 30 * time.Second
	maxRecordings = 4096
	pageSize      = 100
	pageRest      = 500 * time.Millisecond // after a page with nothing on it
	endWithin     = 3 * time.Second
)

var (
	errSearchLong  = fmt.Errorf("the search for recordings does not end within %v", searchWithin)
	errSearchMany  = fmt.Errorf("the recorder tells more than %d recordings", maxRecordings)
	errNoRecording = errors.New("the recorder cannot be asked for its recordings (it tells no ONVIF Search service)")
	errNoSearch    = errors.New("this login may not ask for recordings (give the user the right to play back)")
)

// A Recording is one container of recorded material, mostly all of one channel.
type Recording struct {
	Token       string    `json:"token"`
	SourceToken string    `json:"source_token,omitempty"`
	SourceName  string    `json:"source_name,omitempty"`
	Channel     int       `json:"channel,omitzero"`  // 0 = it cannot be told of which channel it is
	Earliest    time.Time `json:"earliest,omitzero"` // by the recorder's clock; zero = not told, or it is empty
	Latest      time.Time `json:"latest,omitzero"`
}

// Recordings asks a recorder what it has, by the Recording Search service (ONVIF
// Profile G), and matches it to the channels. It returns all of it or an error: of
// a part, the oldest recording would be another one.
func (c *Client) Recordings(ctx context.Context) ([]Recording, error) {
	services, err := c.Services(ctx)
	if err != nil {
		return nil, err
	}
	if services[SearchSpace] == "" {
		return nil, errNoRecording
	}
	all, err := c.search(ctx, services[SearchSpace])
	if told(err) && services[RecordingSpace] != "" {
		all, err = c.listed(ctx, services)
	}
	if _, refused := errors.AsType[*LoginRefused](err); refused {
		if err := c.stillWelcome(ctx, err); err != nil {
			return nil, err
		}
		return nil, errNoSearch
	}
	if err != nil {
		return nil, err
	}
	if len(all) == 1 && all[0].Earliest.IsZero() {
		all[0].Earliest, all[0].Latest = c.summary(ctx, services[SearchSpace])
	}
	channels, err := c.Channels(ctx)
	if err != nil && !told(err) && !errors.Is(err, errNoStream) {
		return nil, err
	}
	matchChannels(all, channels)
	return all, nil
}

// The questions of Search and Recording Control, in the manner of the library.
type (
	findQuestion struct {
		XMLName       string   `xml:"tse:FindRecordings"`
		Scope         struct{} `xml:"tse:Scope"` // empty: all
		KeepAliveTime string   `xml:"tse:KeepAliveTime"`
	}
	resultsQuestion struct {
		XMLName     string `xml:"tse:GetRecordingSearchResults"`
		SearchToken string `xml:"tse:SearchToken"`
		MaxResults  int    `xml:"tse:MaxResults"`
		WaitTime    string `xml:"tse:WaitTime"`
	}
	endQuestion struct {
		XMLName     string `xml:"tse:EndSearch"`
		SearchToken string `xml:"tse:SearchToken"`
	}
	summaryQuestion struct {
		XMLName string `xml:"tse:GetRecordingSummary"`
	}
	recordingQuestion struct {
		XMLName        string `xml:"tse:GetRecordingInformation"`
		RecordingToken string `xml:"tse:RecordingToken"`
	}
	listQuestion struct {
		XMLName string `xml:"trc:GetRecordings"`
	}
)

// search reads a search to its end, and ends it in any case: recorders have few.
func (c *Client) search(ctx context.Context, service string) (all []Recording, err error) {
	var a struct {
		Body struct {
			FindRecordingsResponse struct{ SearchToken string }
		}
	}
	if err := c.Ask(ctx, service, findQuestion{KeepAliveTime: "PT60S"}, &a); err != nil {
		return nil, err
	}
	token := strings.TrimSpace(a.Body.FindRecordingsResponse.SearchToken)
	if token == "" || len(token) > maxAddress {
		return nil, errOtherAnswer
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
		defer cancel()
		_ = c.Ask(ctx, service, endQuestion{SearchToken: token}, nil) // a fault: it has ended by itself
	}()
	for begin := time.Now(); ; {
		page, done, err := c.page(ctx, service, token)
		all = append(all, page...)
		switch {
		case err != nil:
			return nil, err
		case len(all) > maxRecordings:
			return nil, errSearchMany
		case done:
			return all, nil
		case time.Since(begin) > searchWithin:
			return nil, errSearchLong
		case len(page) > 0:
			continue
		}
		select {
		case <-time.After(pageRest):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// page reads the next results of a search.
func (c *Client) page(ctx context.Context, service, token string) (found []Recording, done bool, err error) {
	var a searchResults
	err = c.Call(ctx, Call{
		To: service, Answer: &a, // no longer than others: it must not wait for a long poll, nor a long poll for it
		Question: resultsQuestion{SearchToken: token, MaxResults: pageSize, WaitTime: "PT2S"},
	})
	if err != nil {
		return nil, false, err
	}
	list := a.Body.GetRecordingSearchResultsResponse.ResultList
	for _, r := range list.RecordingInformation[:min(len(list.RecordingInformation), maxRecordings+1)] {
		found = append(found, r.recording())
	}
	return found, Words(list.SearchState) == "Completed", nil
}

// searchResults is the answer to GetRecordingSearchResults.
type searchResults struct {
	Body struct {
		GetRecordingSearchResultsResponse struct {
			ResultList struct {
				SearchState          string
				RecordingInformation []recordingInformation
			}
		}
	}
}

// A recordingInformation is tt:RecordingInformation (ONVIF Recording Search 5.2).
type recordingInformation struct {
	RecordingToken                     string
	Source                             recordingSource
	EarliestRecording, LatestRecording string
	Track                              []struct{ TrackType, DataFrom, DataTo string }
}

type recordingSource struct{ SourceId, Name string }

// recording reads one. Where the whole has no times, its video tracks have them.
func (r *recordingInformation) recording() Recording {
	out := newRecording(r.RecordingToken, r.Source)
	out.Earliest, out.Latest = stamp(r.EarliestRecording), stamp(r.LatestRecording)
	for _, track := range r.Track {
		if Words(track.TrackType) != "Video" {
			continue
		}
		from, to := stamp(track.DataFrom), stamp(track.DataTo)
		if r.EarliestRecording == "" && !from.IsZero() && (out.Earliest.IsZero() || from.Before(out.Earliest)) {
			out.Earliest = from
		}
		if r.LatestRecording == "" && to.After(out.Latest) {
			out.Latest = to
		}
	}
	return out
}

func newRecording(token string, s recordingSource) Recording {
	return Recording{Token: Words(token), SourceToken: Words(s.SourceId), SourceName: Words(s.Name)}
}

// stamp reads an xs:dateTime, in UTC where it names no zone; zero for none and for
// the years that stand for none.
func stamp(told string) time.Time {
	told = strings.TrimSpace(told)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, told); err == nil && t.Year() > 1990 && t.Year() < 2200 {
			return t.UTC()
		}
	}
	return time.Time{}
}

// listed asks Recording Control for the list, and Search for each: the way of
// recorders that know no FindRecordings.
func (c *Client) listed(ctx context.Context, services Services) (all []Recording, err error) {
	var a struct {
		Body struct {
			GetRecordingsResponse struct {
				RecordingItem []struct{ RecordingToken string }
			}
		}
	}
	if err := c.Ask(ctx, services[RecordingSpace], listQuestion{}, &a); err != nil {
		return nil, err
	}
	items := a.Body.GetRecordingsResponse.RecordingItem
	if len(items) > maxRecordings {
		return nil, errSearchMany
	}
	begin := time.Now()
	for _, item := range items {
		if time.Since(begin) > searchWithin {
			return nil, errSearchLong
		}
		var one struct {
			Body struct {
				GetRecordingInformationResponse struct{ RecordingInformation recordingInformation }
			}
		}
		if err := c.Ask(ctx, services[SearchSpace], recordingQuestion{RecordingToken: item.RecordingToken}, &one); err != nil {
			return nil, err
		}
		all = append(all, one.Body.GetRecordingInformationResponse.RecordingInformation.recording())
	}
	return all, nil
}

// summary is what the recorder says of all recordings together.
func (c *Client) summary(ctx context.Context, service string) (earliest, latest time.Time) {
	var a struct {
		Body struct {
			GetRecordingSummaryResponse struct {
				Summary struct{ DataFrom, DataUntil string }
			}
		}
	}
	if c.Ask(ctx, service, summaryQuestion{}, &a) != nil {
		return earliest, latest
	}
	s := a.Body.GetRecordingSummaryResponse.Summary
	return stamp(s.DataFrom), stamp(s.DataUntil)
}
