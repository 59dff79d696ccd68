package notice

import (
	"fmt"
	"slices"
	"strings"

	"sitepost/devices"
	"sitepost/devices/camera/onvif"
)

// hidden are parts of the names of items whose values stay on the box: who somebody
// is, what opens a door, and addresses of pictures, which may hold a password.
var hidden = []string{"credential", "holder", "identifier", "card", "pin", "passw", "pwd", "secret", "keypad", "plate", "label",
	"enrollment", "face", "person", "user", "phone", "mail", "birth", "image", "picture", "uri", "url"}

// shown are items that say who only by the look of their names.
var shown = []string{"IsFace", "IsPerson", "FaceDetect", "PersonDetect", "IdentifierType"}

// guarded are the parts of topics that are all about people and what they carry:
// of these only what is known to be harmless leaves.
var guarded = []string{"accesscontrol", "credential", "recognition"}

// harmless leaves from guarded topics too, and a Reason where it is one of reasons:
// a panel's own sentence may name somebody.
var harmless = []string{"External", "State", "ExemptedAccess", "FormatType", "IdentifierType", "Likelihood"}

// reasons are those of Access Control 6.6.3, without prefix.
var reasons = []string{"CredentialNotEnabled", "CredentialNotActive", "CredentialExpired", "InvalidPIN", "NotPermittedAtThisTime",
	"Unauthorized", "Other"}

// hides says whether the value of an item stays on the box.
func hides(item Item) bool {
	if isOneOf(item.Name, shown) {
		return false
	}
	name := strings.ToLower(item.Name)
	called := strings.HasSuffix(name, "name") && !strings.HasSuffix(name, "rulename")
	return called || strings.Contains(item.Value, "://") ||
		slices.ContainsFunc(hidden, func(part string) bool { return strings.Contains(name, part) })
}

// String writes an item for a person, without what must not be shown.
func (i Item) String() string {
	if hides(i) {
		return i.Name + "=***"
	}
	return i.Name + "=" + i.Value
}

// GoString keeps values out of %#v too.
func (i Item) GoString() string { return fmt.Sprintf("{%s}", i.String()) }

// text writes items in one line: "State=true, ClassTypes=Human".
func (n Notification) text(items []Item) string {
	var words []string
	for _, item := range items {
		word := item.String()
		if n.isGuarded() && !isHarmless(item) {
			word = item.Name + "=***"
		}
		words = append(words, word)
	}
	return onvif.WordsOf(strings.Join(words, ", "), maxValue)
}

func (n Notification) isGuarded() bool {
	topic := strings.ToLower(n.Topic)
	return slices.ContainsFunc(guarded, func(part string) bool { return strings.Contains(topic, part) })
}

// reasonOf is a panel's reason. What is not of the list is "Other", as the standard
// wants it, for it could be a sentence.
func reasonOf(word string) string {
	word = Canonical(word)
	for _, known := range reasons {
		if strings.EqualFold(known, word) {
			return known
		}
	}
	return "Other"
}

func isHarmless(item Item) bool {
	if strings.EqualFold(item.Name, "Reason") {
		return isOneOf(Canonical(item.Value), reasons)
	}
	return isOneOf(item.Name, harmless) && !strings.Contains(item.Value, " ")
}

func isOneOf(name string, names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
}

// card returns the card a message is about, nil where it tells none. A credential's
// token is no card, and a PIN is never hashed: it is too short to stay secret.
func (n Notification) card(names []string) *devices.Card {
	for _, kind := range named(n.Data, "IdentifierType") {
		if Canonical(kind.Value) != "Card" { // "pt:Card", Credential 5.3.2.4
			return nil
		}
	}
	for _, item := range named(n.Data, names...) {
		if item.Value != "" {
			return &devices.Card{Number: cardNumber(item.Value)}
		}
	}
	return nil
}

// cardNumber is the canonical form of a card as a panel writes it. Hex digits are
// the number; anything else is written in hex. How a panel fills its bits up is not
// told, so it is never read as Wiegand.
func cardNumber(s string) devices.Secret {
	if strings.Trim(s, "0123456789abcdefABCDEF") == "" {
		return devices.Secret(strings.ToUpper(s))
	}
	return devices.Secret(fmt.Sprintf("%X", s))
}
