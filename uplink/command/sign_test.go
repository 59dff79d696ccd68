package command

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"math"
	"strings"
	"testing"

	"sitepost/uplink/strict"
)

// TestCanonical holds what is signed against RFC 8785: the numbers of appendix B,
// the order of keys of 3.2.3, and the strings of 3.2.2.2.
func TestCanonical(t *testing.T) {
	t.Parallel()
	for bits, want := range map[uint64]string{
		0x0000000000000000: "0", 0x8000000000000000: "0", 0x0000000000000001: "5e-324", 0x8000000000000001: "-5e-324",
		0x7fefffffffffffff: "1.7976931348623157e+308", 0xffefffffffffffff: "-1.7976931348623157e+308",
		0x4340000000000000: "9007199254740992", 0xc340000000000000: "-9007199254740992", 0x4430000000000000: "295147905179352830000",
		0x44b52d02c7e14af5: "9.999999999999997e+22", 0x44b52d02c7e14af6: "1e+23", 0x44b52d02c7e14af7: "1.0000000000000001e+23",
		0x444b1ae4d6e2ef4e: "999999999999999700000", 0x444b1ae4d6e2ef4f: "999999999999999900000", 0x444b1ae4d6e2ef50: "1e+21",
		0x3eb0c6f7a0b5ed8c: "9.999999999999997e-7", 0x3eb0c6f7a0b5ed8d: "0.000001",
		0x41b3de4355555553: "333333333.3333332", 0x41b3de4355555554: "333333333.33333325", 0x41b3de4355555555: "333333333.3333333",
		0x41b3de4355555556: "333333333.3333334", 0x41b3de4355555557: "333333333.33333343",
		0xbecbf647612f3696: "-0.0000033333333333333333", 0x43143ff3c1cb0959: "1424953923781206.2",
	} {
		checkCanonical(t, fmt.Sprintf(`{"n":%.17g}`, math.Float64frombits(bits)), `{"n":`+want+`}`)
	}
	checkCanonical(t, `{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One",`+
		`"\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`,
		"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\","+
			"\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}")
	checkCanonical(t, `{ "s": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/<&>", "signature":"x", "l":[null, true,false ] }`,
		`{"l":[null,true,false],"s":"€$\u000f\nA'B\"\\\\\"/<&>"}`)
}

func checkCanonical(t *testing.T, text, want string) {
	t.Helper()
	object, err := strict.Object([]byte(text), mostNested)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if got, err := Canonical(object); err != nil || string(got) != want {
		t.Errorf("%s: got %s and %v, want %s", text, got, err, want)
	}
}

// TestVerify: a signature counts for its command in any spelling, and for no other.
func TestVerify(t *testing.T) {
	t.Parallel()
	key := ed25519.NewKeyFromSeed([]byte(strings.Repeat("k", ed25519.SeedSize)))
	const text = `{"args":{"rate":10},"counter":7,"id":"c-0816","name":"drain"}`
	signature := base64.StdEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
	for name, test := range map[string]struct{ command, want string }{
		"as it is":        {text, ""},
		"another order":   {`{"name":"drain","id":"c-0816", "counter":7.0,"args":{"rate":1e1}}`, ""},
		"another rate":    {strings.Replace(text, "10", "11", 1), "not that of this command"},
		"one member more": {strings.Replace(text, `"name"`, `"Name":"resend","name"`, 1), "not that of this command"},
	} {
		object, err := strict.Object([]byte(test.command), mostNested)
		if err != nil {
			t.Fatal(err)
		}
		if err := verify(key.Public().(ed25519.PublicKey), object); err != errUnsigned {
			t.Errorf("%s, unsigned: got %v", name, err)
		}
		object["signature"] = []byte(`"` + signature + `"`)
		err = verify(key.Public().(ed25519.PublicKey), object)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
		}
	}
}
