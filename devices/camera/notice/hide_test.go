package notice

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices"
)

// TestNothingSecretLeaves promises that what a panel or a camera knows about people
// and their credentials is in no saying and in no print of a notification.
func TestNothingSecretLeaves(t *testing.T) {
	t.Parallel()
	const canary = "geheim4711"
	secret := []string{"CredentialToken", "CredentialHolderName", "IdentifierValue", "Card", "CardNumber", "PIN", "PinCode", "Password", "UserName",
		"PersonName", "PlateNumber", "Label", "EnrollmentID", "PhoneNumber", "KeypadInput", "Holder"}
	topics := []string{"tns1:VideoSource/New", "tns1:Credential/State/Enabled", "tns1:RuleEngine/Recognition/LicensePlate", "tns1:RuleEngine/LineDetector/Crossed",
		"tns1:RuleEngine/LoiteringDetector/ObjectIsLoitering", "tns1:AccessControl/AccessGranted/Credential", "tns1:AccessControl/Denied/Credential",
		"tns1:AccessControl/Duress", "tns1:AccessControl/Request/Identifier", "tns1:AccessControl/New"}
	for _, topic := range topics {
		for _, name := range secret {
			n := changed(topic, Item{name, canary})
			said := n.Say()
			if len(said) == 0 {
				t.Fatalf("%s with %s says nothing", topic, name)
			}
			asJSON, err := json.Marshal(said)
			if err != nil {
				t.Fatal(err)
			}
			if printed := fmt.Sprintf("%v %+v %#v %s", n, said, n, asJSON); strings.Contains(printed, canary) {
				t.Errorf("%s with %s: got %s, which tells it", topic, name, printed)
			}
		}
	}
	sentences := changed("tns1:AccessControl/Denied/Credential", Item{"Reason", "card of " + canary}, Item{"Memo", canary}, Item{"External", "false"})
	want := []string{`access.denied  detail "Other"  text "Reason=***, Memo=***, External=false"  source "V1"`}
	if diff := cmp.Diff(want, lines(sentences.Say())); diff != "" {
		t.Error(diff)
	}
	address := changed("tns1:VideoSource/New", Item{"Snapshot", "http://admin:" + canary + "@10.0.0.1/a.jpg"})
	want = []string{`camera.event  point "R1"  detail "tns1:VideoSource/New"  text "Snapshot=***"  source "V1"`}
	if diff := cmp.Diff(want, lines(address.Say())); diff != "" {
		t.Error(diff)
	}
}

// TestCard promises that a card number leaves only as a secret to be hashed, and that
// neither a PIN nor a token is taken for one.
func TestCard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		topic string
		data  []Item
		want  devices.Secret
	}{
		{"tns1:AccessControl/Denied/CredentialNotFound/Card", []Item{{"Card", "0a1b2c3d"}}, "0A1B2C3D"},
		{"tns1:AccessControl/Denied/CredentialNotFound/Card", []Item{{"Card", "K-17"}}, "4B2D3137"},
		{"tns1:AccessControl/AccessGranted/Identifier", []Item{{"IdentifierType", "pt:Card"}, {"IdentifierValue", "FF00"}}, "FF00"},
		{"tns1:AccessControl/AccessGranted/Identifier", []Item{{"IdentifierType", "pt:PIN"}, {"IdentifierValue", "31323334"}}, ""},
		{"tns1:AccessControl/AccessTaken/Credential", []Item{{"CredentialToken", "ABCD"}}, ""},
		{"tns1:AccessControl/Denied/CredentialNotFound/Card", []Item{{"Card", ""}}, ""},
		{"tns1:VideoSource/New", []Item{{"Card", "0a1b2c3d"}}, ""},
	} {
		var got devices.Secret
		if card := changed(c.topic, c.data...).Say()[0].Event.Card; card != nil {
			got = card.Number
		}
		if got.Reveal() != c.want.Reveal() {
			t.Errorf("%s %v: got %q, want %q", c.topic, c.data, got.Reveal(), c.want.Reveal())
		}
	}
}

// TestGoldenOfTheContract promises that a topic without a mapping of its own leaves
// as the contract's example has it.
func TestGoldenOfTheContract(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../uplink/contract/golden/camera.event.json")
	if err != nil {
		t.Fatal(err)
	}
	var message struct {
		Payload struct {
			Type devices.Code
			Data struct{ Detail, Text string }
		}
	}
	if err := json.Unmarshal(raw, &message); err != nil {
		t.Fatal(err)
	}
	want := devices.Event{Code: message.Payload.Type, Detail: message.Payload.Data.Detail, Text: message.Payload.Data.Text}
	n := changed(want.Detail, Item{"State", "true"})
	n.Source = []Item{{"Source", "VideoSourceToken"}}
	if diff := cmp.Diff([]Saying{{Event: want, Source: "VideoSourceToken"}}, n.Say()); diff != "" {
		t.Error(diff)
	}
}
