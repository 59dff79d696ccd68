package onvif

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// TestDecode promises that answers are read whatever prefixes, charset and dirt
// they come with, and that a document made to hurt is refused. (security.md 1)
func TestDecode(t *testing.T) {
	t.Parallel()
	gbk := func(s string) string {
		out, err := simplifiedchinese.GBK.NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	attributes := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, " a%d='x'", i)
		}
		return b.String()
	}
	wrap := func(s string) string {
		return "<e:Envelope><e:Body><x:GetDeviceInformationResponse><x:Model>" + s + "</x:Model></x:GetDeviceInformationResponse></e:Body></e:Envelope>"
	}
	for _, c := range []struct {
		name, document, model string
		err                   error
		anyErr                bool
	}{
		{name: "undeclared prefixes", document: wrap("DS-2CD"), model: "DS-2CD"},
		{name: "byte order mark and space", document: "\xef\xbb\xbf \n<?xml version='1.0'?>" + wrap("a"), model: "a"},
		{name: "GBK, declared", document: `<?xml version="1.0" encoding="GB2312"?>` + gbk(wrap("进站口")), model: "进站口"},
		{name: "GBK, declared as UTF-8", document: `<?xml version="1.0" encoding="UTF-8"?>` + wrap("a\xbd\xf8b"), model: "a进b"},
		{name: "GBK, not declared", document: wrap(gbk("进站口")), model: "进站口"},
		{name: "GB 18030 of four bytes, not declared", document: wrap("\x95\x32\x82\x36"), model: "𠀀"},
		{name: "GBK beside UTF-8", document: "<Envelope><!-- " + gbk("进站口") + " -->" + strings.TrimPrefix(wrap("出口"), "<e:Envelope>"), anyErr: true},
		{name: "GBK cut in a character", document: wrap(gbk("进站口")[:5]), model: "进站?"},
		{name: "no charset at all", document: wrap("a\xffb"), model: "a?b"},
		{name: "control characters", document: wrap("a\x01b"), model: "a b"},
		{name: "a web page", document: "<html><body>Login</body></html>", err: errNotSOAP},
		{name: "deep", document: strings.Repeat("<Envelope>", 100_000), err: errNested},
		{name: "many attributes", document: "<Envelope" + attributes(5_000) + "/>", err: errCrowded},
		{name: "a million attributes", document: "<Envelope" + strings.Repeat(" a='x'", 1_000_000) + "/>", err: errLong},
		{name: "a long text, GBK", document: `<?xml version="1.0" encoding="GBK"?>` + wrap(strings.Repeat("a", 2*maxToken)), err: errLong},
		{name: "a text that is not too long", document: wrap(strings.Repeat("a", maxToken-100)), model: strings.Repeat("a", maxToken-100)},
		{name: "entities", document: `<!DOCTYPE x [<!ENTITY a "aaaaaaaa">]>` + wrap("&a;"), err: errDoctype},
		{name: "many siblings", document: "<Envelope>" + strings.Repeat("<a/>", maxTokens) + "</Envelope>", err: errEndless},
		{name: "nothing", document: "", anyErr: true},
		{name: "a comment", document: "<!-- -->", anyErr: true},
		{name: "mismatched", document: "<Envelope><a></b></Envelope>", anyErr: true},
		{name: "unknown charset", document: `<?xml version="1.0" encoding="KOI8-R"?>` + wrap("a"), anyErr: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var a deviceInformationAnswer
			err := Decode([]byte(c.document), &a)
			if c.err != nil && !errors.Is(err, c.err) || (err != nil) != (c.err != nil || c.anyErr) {
				t.Fatalf("got error %v, want %v", err, c.err)
			}
			if err == nil && a.Body.GetDeviceInformationResponse.Model != c.model {
				t.Errorf("got model %q, want %q", a.Body.GetDeviceInformationResponse.Model, c.model)
			}
		})
	}
}

// TestDecodeIsFrugal promises that the most hostile answer of the largest size costs
// no more than a few times its own.
func TestDecodeIsFrugal(t *testing.T) {
	document := []byte("<Envelope" + strings.Repeat(" a='x'", 8<<20/6))
	got := testing.Benchmark(func(b *testing.B) {
		for b.Loop() {
			_ = Decode(document, &struct{}{}) // TestDecode looks at the error
		}
	}).AllocedBytesPerOp()
	if most := int64(8 * len(document)); got > most {
		t.Errorf("got %d bytes allocated for %d, want at most %d", got, len(document), most)
	}
}

// TestFault promises that a fault is seen in every dress it comes in, and that a
// refused login is told from any other.
func TestFault(t *testing.T) {
	t.Parallel()
	body := func(s string) string { return "<s:Envelope><s:Body>" + s + "</s:Body></s:Envelope>" }
	v12 := func(subcode, reason string) string {
		return body("<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>" + subcode + "</s:Subcode></s:Code><s:Reason><s:Text></s:Text><s:Text>" + reason + "</s:Text></s:Reason></s:Fault>")
	}
	for _, c := range []struct {
		name    string
		reply   reply
		want    *Fault
		refused bool
		err     error
	}{
		{"1.2 with HTTP 400 and no words", reply{status: 400, body: []byte(v12("<s:Value>ter:NotAuthorized</s:Value>", ""))},
			&Fault{Status: 400, Code: "Sender", Subcode: "NotAuthorized"}, true, nil},
		{"1.2 with HTTP 200", reply{status: 200, body: []byte(v12("<s:Value>wsse:FailedAuthentication</s:Value>", "go\naway"))},
			&Fault{Status: 200, Code: "Sender", Subcode: "FailedAuthentication", Reason: "go away"}, true, nil},
		{"1.2, two subcodes", reply{status: 500, body: []byte(v12("<s:Value>ter:InvalidArgVal</s:Value><s:Subcode><s:Value>ter:NoProfile</s:Value></s:Subcode>", "no such profile"))},
			&Fault{Status: 500, Code: "Sender", Subcode: "InvalidArgVal/NoProfile", Reason: "no such profile"}, false, nil},
		{"1.1", reply{status: 500, body: []byte(body("<Fault><faultcode>wsse:FailedAuthentication</faultcode><faultstring>no</faultstring></Fault>"))},
			&Fault{Status: 500, Code: "FailedAuthentication", Reason: "no"}, true, nil},
		{"locked", reply{status: 400, body: []byte(v12("<s:Value>ter:Action</s:Value>", "The device is locked, try in 5 minutes"))},
			&Fault{Status: 400, Code: "Sender", Subcode: "Action", Reason: "The device is locked, try in 5 minutes"}, true, nil},
		{"401 with a web page", reply{status: 401, body: []byte("<html></html>")}, &Fault{Status: 401}, true, nil},
		{"404", reply{status: 404, body: []byte("not found")}, &Fault{Status: 404}, false, nil},
		{"an answer", reply{status: 200, body: []byte(body("<a/>"))}, nil, false, nil},
		{"a web page", reply{status: 200, body: []byte("<html></html>")}, nil, false, errNotSOAP},
		{"an envelope without a body", reply{status: 200, body: []byte("<Envelope/>")}, nil, false, errNotSOAP},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := faultIn(&c.reply)
			if !errors.Is(err, c.err) || (err != nil) != (c.err != nil) {
				t.Fatalf("got error %v, want %v", err, c.err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if got != nil && got.LoginRefused() != c.refused {
				t.Errorf("got LoginRefused %v, want %v", got.LoginRefused(), c.refused)
			}
		})
	}
}

// FuzzAnswer promises that no document makes the reader panic, and that none
// gives both a fault and an error.
func FuzzAnswer(f *testing.F) {
	recorded, err := filepath.Glob("testdata/answers/*.xml")
	if err != nil || len(recorded) == 0 {
		f.Fatalf("no seeds (%v)", err)
	}
	for _, name := range recorded {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(200, b)
	}
	f.Add(400, []byte("<e:Envelope><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value></e:Code><e:Reason><e:Text>\xb5\xc7\xc2\xbc</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>"))
	f.Add(200, []byte("<Envelope>\x81\x30\x81<a>\xff\xfe\x00</a>&#1;<![CDATA[\xb5\xc7<]]></Envelope>"))
	f.Add(200, []byte(`<?xml version="1.0" encoding="hz-gb-2312"?><Envelope>~{`))
	f.Fuzz(func(t *testing.T, status int, document []byte) {
		if len(document) > 64<<10 {
			return
		}
		fault, err := faultIn(&reply{status: status, body: document})
		if fault != nil && err != nil {
			t.Errorf("got a fault and the error %v", err)
		}
		var clock dateAndTime
		_ = Decode(document, &clock)
		var who deviceInformationAnswer
		_ = Decode(document, &who)
	})
}
