package pullpoint

import (
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sitepost/devices/camera/notice"
	"sitepost/devices/camera/onvif"
)

// Actions of WS-Addressing, as the WSDL files of ONVIF and WS-BaseNotification have
// them.
const (
	createAction      = "http://www.onvif.org/ver10/events/wsdl/EventPortType/CreatePullPointSubscriptionRequest"
	pullAction        = "http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/PullMessagesRequest"
	synchronizeAction = "http://www.onvif.org/ver10/events/wsdl/PullPointSubscription/SetSynchronizationPointRequest"
	renewAction       = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/RenewRequest"
	unsubscribeAction = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager/UnsubscribeRequest"
)

// Questions. None carries a filter: makes disagree on its dialect and some refuse
// any (edgex#167); what is not wanted is left out on our side.
type (
	create struct {
		XMLName                xml.Name `xml:"tev:CreatePullPointSubscription"`
		InitialTerminationTime string   `xml:"tev:InitialTerminationTime,omitempty"`
	}
	pullMessages struct {
		XMLName      xml.Name `xml:"tev:PullMessages"`
		Timeout      string   `xml:"tev:Timeout"`
		MessageLimit int      `xml:"tev:MessageLimit"`
	}
	setSynchronizationPoint struct {
		XMLName xml.Name `xml:"tev:SetSynchronizationPoint"`
	}
	renew struct {
		XMLName         xml.Name `xml:"wsnt:Renew"`
		TerminationTime string   `xml:"wsnt:TerminationTime"`
	}
	unsubscribe struct {
		XMLName xml.Name `xml:"wsnt:Unsubscribe"`
	}
)

// told are the two times that every answer about a pull point carries, both by the
// camera's clock.
type told struct{ CurrentTime, TerminationTime string }

// Answers.
type (
	pullAnswer struct {
		Body struct {
			PullMessagesResponse *struct {
				told
				notice.Messages
			}
		}
	}
	renewAnswer struct {
		Body struct{ RenewResponse *told }
	}
)

// ask asks the pull point.
func (h *holding) ask(ctx context.Context, action string, question, answer any, within time.Duration, most int) error {
	c := onvif.Call{To: h.kept.Address, Question: question, Answer: answer, Within: within, Most: most}
	if !h.kept.Bare || h.kept.Reference != "" {
		c.Action, c.Reference = action, h.kept.Reference
	}
	return h.Client.Call(ctx, c)
}

// duration writes an xs:duration in seconds alone. Ours are whole seconds.
func duration(d time.Duration) string {
	return "PT" + strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + "S"
}

// termination writes how long a pull point is to live: "" for untold.
func (h *holding) termination(ctx context.Context, f Form) (string, error) {
	switch f {
	case Untold:
		return "", nil
	case Relative:
		return duration(h.life), nil
	}
	if _, known := h.Client.ClockOffset(); !known {
		if err := h.Client.LearnClock(ctx); err != nil {
			return "", fmt.Errorf("time of the camera, which takes no other: %w", err)
		}
	}
	offset, _ := h.Client.ClockOffset()
	return time.Now().Add(offset + h.life).UTC().Format("2006-01-02T15:04:05Z"), nil
}

// stamp reads an xs:dateTime of a camera, zero if it cannot be meant. Those
// without a zone are UTC.
func stamp(s string) time.Time {
	s = strings.TrimSpace(s)
	for _, form := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(form, s); err == nil && t.Year() > 1970 && t.Year() < 2200 {
			return t
		}
	}
	return time.Time{}
}
