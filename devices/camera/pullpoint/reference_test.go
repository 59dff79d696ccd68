package pullpoint

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sitepost/devices/camera/onvif"
)

const isReference = ` xmlns:wsa="http://www.w3.org/2005/08/addressing" wsa:IsReferenceParameter="true"`

// created is an answer with the parameters given.
func created(root, parameters string) []byte {
	return []byte(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"` + root + `><s:Body>` +
		`<CreatePullPointSubscriptionResponse xmlns="http://www.onvif.org/ver10/events/wsdl"><SubscriptionReference>` +
		`<Address>http://127.0.0.1/</Address>` + parameters + `</SubscriptionReference></CreatePullPointSubscriptionResponse></s:Body></s:Envelope>`)
}

// read reads the reference parameters of an answer.
func read(answer []byte) (string, error) {
	var a createAnswer
	if err := onvif.Decode(answer, &a); err != nil {
		return "", err
	}
	if a.Body.CreatePullPointSubscriptionResponse == nil {
		return "", errNoAnswer
	}
	return a.reference()
}

// TestReference promises that reference parameters come back as the camera wrote
// them, with all that their meaning needs, and that no header of ours can be written
// by a camera.
func TestReference(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, root, parameters, want string }{
		{"none", "", "", ""},
		{"Axis", "", `<ReferenceParameters><dom0:SubscriptionId xmlns:dom0="http://www.axis.com/2009/event">12</dom0:SubscriptionId></ReferenceParameters>`,
			`<dom0:SubscriptionId xmlns:dom0="http://www.axis.com/2009/event"` + isReference + `>12</dom0:SubscriptionId>`},
		{"a prefix from outside", ` xmlns:v="urn:v"`, `<ReferenceParameters><v:Id v:kind="a&quot;&lt;" plain="1">&amp;<v:In/></v:Id></ReferenceParameters>`,
			`<v:Id xmlns:v="urn:v" v:kind="a&#34;&lt;" plain="1"` + isReference + `>&amp;<v:In xmlns:v="urn:v"></v:In></v:Id>`},
		{"two, a default namespace and none", "", `<ReferenceParameters><Id xmlns="urn:d">1</Id><Key xmlns="">2</Key></ReferenceParameters>`,
			`<Id xmlns="urn:d"` + isReference + `>1</Id><Key xmlns=""` + isReference + `>2</Key>`},
		{"an attribute in a default namespace's own", ` xmlns:a="urn:d"`, `<ReferenceParameters><Id xmlns="urn:d" a:kind="x"/></ReferenceParameters>`,
			`<Id xmlns="urn:d" xmlns:own1="urn:d" own1:kind="x"` + isReference + `></Id>`},
		{"a prefix that nobody declared", "", `<ReferenceParameters><x:Id>1</x:Id></ReferenceParameters>`,
			`<x:Id xmlns:x="x"` + isReference + `>1</x:Id>`},
		{"our prefix for something else", ` xmlns:wsa="urn:other"`, `<ReferenceParameters><wsa:Id>1</wsa:Id></ReferenceParameters>`,
			`<own1:Id xmlns:own1="urn:other"` + isReference + `>1</own1:Id>`},
		{"said to be a reference already", ` xmlns:w="http://www.w3.org/2005/08/addressing" xmlns:v="urn:v"`, `<ReferenceParameters><v:Id w:IsReferenceParameter="true" xml:lang="en">1</v:Id></ReferenceParameters>`,
			`<v:Id xmlns:v="urn:v" xml:lang="en"` + isReference + `>1</v:Id>`},
		{"properties and comments", ` xmlns:v="urn:v"`, `<ReferenceProperties><!-- c --><v:Id>1<!-- c --></v:Id></ReferenceProperties>`,
			`<v:Id xmlns:v="urn:v"` + isReference + `>1</v:Id>`},
		{"headers of ours", ` xmlns:w="http://www.w3.org/2005/08/addressing" xmlns:v="urn:v"`,
			`<ReferenceParameters><w:To>x<v:In/></w:To><wsse:Security><v:Id/></wsse:Security><v:Id>1</v:Id></ReferenceParameters>`,
			`<v:Id xmlns:v="urn:v"` + isReference + `>1</v:Id>`},
	} {
		got, err := read(created(c.root, c.parameters))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
	if _, err := read(created("", "<ReferenceParameters><Id>"+strings.Repeat("x", maxReference)+"</Id></ReferenceParameters>")); err != errLongReference {
		t.Errorf("got %v, want %v", err, errLongReference)
	}
}

// TestAddress promises that what cameras tell for the address of a pull point is
// understood, and that it is never one elsewhere. Quirks 22 and 25.
func TestAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ told, want string }{
		{"http://10.37.20.11/onvif/sub?id=1&x=2", "http://10.37.20.11/onvif/sub?id=1&x=2"},
		{" http://10.37.20.11:8106/sub\r\n", "http://10.37.20.11:8106/sub"},
		{"http://10.37.20.11:8106:8106/sub", "http://10.37.20.11:8106/sub"},
		{"http://10.37.20.11:8106:8106", "http://10.37.20.11:8106"},
		{"http://10.37.20.11/sub:80:80", "http://10.37.20.11/sub:80:80"},
		{"http://192.168.1.64:8106/sub", "http://10.37.20.11:8000/sub"},
		{"http://user:secret@10.37.20.11/sub", "http://10.37.20.11/sub"},
		{"http://0.0.0.0/sub", "http://10.37.20.11:8000/sub"},
		{"", "http://10.37.20.11:8000/onvif/events"},
		{"http://www.w3.org/2005/08/addressing/anonymous", "http://10.37.20.11:8000/onvif/events"},
		{"/onvif/sub", "http://10.37.20.11:8000/onvif/sub"},
		{"sub?id=1", "http://10.37.20.11:8000/onvif/sub?id=1"},
		{"ftp://10.37.20.11/", ""},
		{"http://%zz", ""},
	} {
		client, err := onvif.New(onvif.Options{Host: "10.37.20.11:8000"})
		if err != nil {
			t.Fatal(err)
		}
		got, err := address(client, "http://10.37.20.11:8000/onvif/events", c.told)
		client.Close()
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%q: got %q %v, want %q", c.told, got, err, c.want)
		}
	}
}

// FuzzReference promises that whatever a camera tells, what is echoed is XML, is
// bounded, and holds no header of ours.
func FuzzReference(f *testing.F) {
	f.Add(created(` xmlns:v="urn:v"`, `<ReferenceParameters><v:Id v:kind="a">1</v:Id><Key xmlns="urn:d" v:a="1">2</Key></ReferenceParameters>`))
	f.Add(created(``, `<ReferenceParameters><x:Id>1</x:Id><wsa:To/></ReferenceParameters><ReferenceProperties><a b="c"/></ReferenceProperties>`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		once, err := read(answer)
		if err != nil {
			return
		}
		again, err := read(created("", "<ReferenceParameters>"+once+"</ReferenceParameters>"))
		if err != nil && err != errLongReference {
			t.Fatalf("%q is echoed as %q: %v", answer, once, err)
		}
		if err == nil && strings.Count(again, "wsa:IsReferenceParameter") != strings.Count(once, "wsa:IsReferenceParameter") {
			t.Fatalf("%q is echoed as %q, then as %q", answer, once, again)
		}
	})
}
