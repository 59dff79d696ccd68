package main

import (
	"testing"

	"sitepost/cmd/sitepost/causes"
	"sitepost/cmd/sitepost/doctor"
	"sitepost/cmd/sitepost/status"
	"sitepost/devices"
)

// TestEveryCodeIsExplained: every code that the dictionary has, that status finds or that
// the doctor finds stands once in the catalogue, with what it means in both languages;
// one that wants a person also with its cause and what to do. Answers complaint 38.
func TestEveryCodeIsExplained(t *testing.T) {
	wants := map[string]bool{} // a person
	for _, m := range devices.Codes() {
		wants[string(m.Code)] = m.Form == devices.Condition || m.Form == devices.Alarm && m.Code != "alarm.test"
	}
	for _, code := range append(status.CheckCodes(), doctor.Codes()...) {
		wants[code] = true
	}
	seen := map[string]bool{}
	for _, e := range causes.All() {
		if seen[e.Code] {
			t.Errorf("%s stands twice", e.Code)
		}
		seen[e.Code] = true
		wanted, known := wants[e.Code]
		if !known {
			t.Errorf("%s is said by nobody", e.Code)
		}
		for language, w := range map[string]causes.Words{"English": e.English, "Chinese": e.Chinese} {
			if w.Title == "" || w.Means == "" || wanted && (w.Cause == "" || w.Next == "") {
				t.Errorf("%s is not explained whole in %s: %+v", e.Code, language, w)
			}
			for _, text := range []string{w.Title, w.Means, w.Cause, w.Next} {
				if language == "Chinese" && text != "" && !hasChinese(text) {
					t.Errorf("%s: %q is not Chinese", e.Code, text)
				}
			}
		}
	}
	for code := range wants {
		if !seen[code] {
			t.Errorf("%s is not explained", code)
		}
	}
}

func hasChinese(text string) bool {
	for _, r := range text {
		if r >= '\u4e00' && r <= '\u9fff' {
			return true
		}
	}
	return false
}
