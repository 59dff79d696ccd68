package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// least are answers with nothing in them that could be left out.
const least = "name = \"demo\"\ndevice_interfaces = []\ndevice_networks = []\nbroker = \"mqtts://10.37.1.10\"\n"

// everything answers every question.
const everything = `name = "demo"
title = "a \\ \"b\" 客运站"
code = "34020000141188000001"
kinds = ["passenger_terminal"]
address = "示例市港湾路1号"
position = [31.35, 118.38]
management_unit = "m"
duty_phone = "0553-0000000"
device_interfaces = ["enp2s0"]
device_networks = ["10.37.20.0/24"]
compare_with = ["10.37.1.5"]
store_directory = "/data/sitepost"
store_size = "2GiB"
client_id = "demo-box1"
broker = "mqtts://10.37.1.10:8883"
server_name = "a.city.example"
other_broker = "mqtts://10.37.1.11:8883"
other_server_name = "b.city.example"
broker_user = "demo"
broker_password = "file:/secrets/city"
ca = "/tls/ca.pem"
certificate = "/tls/box.pem"
key = "file:/secrets/box.key"
receipt = "platform"
allow = ["resend"]
camera_user = "onvif"
camera_password = "file:/secrets/cameras"
[[zone]]
name = "hall"
class = "screened"
also = ["crowded"]
`

// text is a Draft as a site file.
func (d *Draft) text() string {
	var b strings.Builder
	b.WriteString("version = 1\n")
	for _, t := range d.Tables {
		head := "[" + t.Name + "]"
		if t.Again {
			head = "[" + head + "]"
		}
		b.WriteString(head + "\n")
		for _, k := range t.Keys {
			b.WriteString(k.Name + " = " + k.Value + "\n")
		}
	}
	return b.String()
}

// TestAnswers: what every answer says stands in the site file that they make, where it
// belongs, and nothing else does.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for _, key := range Questions() {
		if !strings.Contains(everything, key+" = ") && !strings.Contains(everything, "[["+key+"]]") {
			t.Errorf("the test does not answer %q", key)
		}
	}
	draft, found := ReadAnswers("box.toml", []byte(everything), Env{})
	if draft == nil {
		t.Fatal(found)
	}
	site, found := Parse("site.toml", []byte(draft.text()), Env{})
	if site == nil {
		t.Fatalf("%s\n%s", found, draft.text())
	}
	want, _ := Parse("site.toml", []byte(`version = 1
[site]
name = "demo"
title = 'a \ "b" 客运站'
code = "34020000141188000001"
kinds = ["passenger_terminal"]
address = "示例市港湾路1号"
position = [31.35, 118.38]
management_unit = "m"
duty_phone = "0553-0000000"
[network]
device_interfaces = ["enp2s0"]
device_networks = ["10.37.20.0/24"]
[clock]
compare_with = ["10.37.1.5"]
[store]
directory = "/data/sitepost"
size = "2GiB"
[uplink]
client_id = "demo-box1"
ca = "/tls/ca.pem"
certificate = "/tls/box.pem"
key = "file:/secrets/box.key"
receipt = "platform"
[[uplink.broker]]
name = "city-a"
url = "mqtts://10.37.1.10:8883"
server_name = "a.city.example"
user = "demo"
password = "file:/secrets/city"
[[uplink.broker]]
name = "city-b"
url = "mqtts://10.37.1.11:8883"
server_name = "b.city.example"
user = "demo"
password = "file:/secrets/city"
[commands]
allow = ["resend"]
[[login]]
name = "cameras"
user = "onvif"
password = "file:/secrets/cameras"
[[zone]]
name = "hall"
class = "screened"
also = ["crowded"]
`), Env{})
	want.Hash, site.Hash = "", ""
	if diff := cmp.Diff(want, site, allFields); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestAnswersLeast: with nothing but what is needed a site file comes out that is whole.
func TestAnswersLeast(t *testing.T) {
	t.Parallel()
	draft, found := ReadAnswers("box.toml", []byte(least), Env{})
	if draft == nil {
		t.Fatal(found)
	}
	if site, found := Parse("site.toml", []byte(draft.text()), Env{}); site == nil || site.Uplink.CA != usualCA {
		t.Errorf("%s\n%s", found, draft.text())
	}
}

// TestAnswersWrong: what is missing, unknown or makes no sense is told with its line and
// what was meant, by the rules of a site file.
func TestAnswersWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", "1:1 the file has no \"name\": write name = \"…\", the permanent name of the site ([a-z0-9-], 1-32 characters)\n" +
			"1:1 the file has no \"device_interfaces\": write device_interfaces = [\"enp2s0\"], or [] on a site without cameras\n" +
			"1:1 the file has no \"device_networks\": write device_networks = [\"10.37.20.0/24\"], or [] on a site without any\n" +
			"1:1 the file has no \"broker\": write broker = \"mqtts://10.37.1.10:8883\"\n"},
		{least + "tilte = \"x\"\n", "5:1 unknown key \"tilte\" in the file: correct it or take it out (title)\n"},
		{strings.Replace(least, "broker", "borker", 1), "4:1 unknown key \"borker\" in the file: correct it or take it out (broker)\n"},
		{least + "[site]\nname = \"x\"\n", "5:2 unknown table \"site\" in the file: correct it or take it out\n"},
		{least + "code = \"1\"\n", "5:8 code: \"1\" has 1 characters, and a code is 20 digits: copy it as the city gave it, or leave the key out\n"},
		{least + "other_broker = \"mqtts://10.37.1.10:8883\"\n", "5:16 this broker stands in line 4 already: take one of them out\n"},
		{least + "certificate = \"/box.pem\"\n", "5:1 certificate has no key: write key = \"file:/etc/sitepost/secrets/box.key\"\n"},
		{least + "camera_user = \"onvif\"\n", "5:1 camera_user has no camera_password: write camera_password = \"file:/etc/sitepost/secrets/…\"\n"},
		{least + "other_server_name = \"b\"\n", "5:1 other_server_name has no other_broker: write other_broker = \"mqtts://10.37.1.11:8883\"\n"},
		{least + "[[zone]]\nname = \"hall\"\nclass = \"screened\"\n[[zone]]\nname = \"hall\"\nclass = \"screened\"\n", "9:8 the name \"hall\" is taken by the zone in line 6: give this zone another name\n"},
	} {
		draft, found := ReadAnswers("box.toml", []byte(c.text), Env{})
		var got strings.Builder
		for _, f := range found.Errors() {
			fmt.Fprintf(&got, "%d:%d %s", f.Line, f.Column, f.Text)
			if f.Hint != "" {
				fmt.Fprintf(&got, " (%s)", f.Hint)
			}
			got.WriteByte('\n')
		}
		if diff := cmp.Diff(c.want, got.String()); diff != "" || draft != nil {
			t.Errorf("%q: %v, -want +got:\n%s", c.text, draft, diff)
		}
	}
}

// TestAnswersKeepSecrets: a secret that stands in the answers, under whatever name and
// however torn, is told nowhere.
func TestAnswersKeepSecrets(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for _, text := range []string{
		"camera_password = \"hunter2\"", "camera_pasword = 'hunter2'", "camera_pw = \"hunter2\"", "mima = hunter2", "密码 = \"hunter2\"", "mima \"hunter2\"",
		"key = \"hunter2\"", "broker = \"mqtts://demo:hunter2@10.37.1.10\"", "x = \"\"\"\nhunter2\n\"\"\"\ny", "x = [\"hunter2\"", "broker_password = \"hunter2", "\"mima\" = \"hunter2\" # mine",
		"zone = [{password = \"hunter2\"}]", "[[zone]]\nmima = \"hunter2\"", "mima = \"\xC3\xDC hunter2\"", "\tmima = \"hunter2\"",
	} {
		for _, whole := range []string{text, least + text, text + "\n" + least} {
			draft, found := ReadAnswers("box.toml", []byte(whole), Env{})
			if draft != nil || len(found) == 0 {
				t.Errorf("%q was taken", whole)
			}
			said, err := found.JSON()
			if err != nil || strings.Contains(found.String()+string(said), secret) {
				t.Errorf("%q: %v, the secret was told:\n%s", whole, err, found)
			}
		}
	}
}

// FuzzAnswers: whatever stands in a file of answers, nothing panics, and what is taken
// makes a site file without mistakes.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte(least))
	f.Add([]byte(everything))
	f.Add([]byte(strings.ReplaceAll(everything, "\"", "'")))
	f.Fuzz(func(t *testing.T, text []byte) {
		draft, found := ReadAnswers("box.toml", text, Env{})
		if (draft == nil) != (len(found.Errors()) > 0) {
			t.Fatalf("%v %s", draft, found)
		}
		if draft == nil {
			return
		}
		if _, found := Parse("site.toml", []byte(draft.text()), Env{}); len(found.Errors()) > 0 {
			t.Fatalf("%s\n%s", found, draft.text())
		}
	})
}

// TestQuestions: no key of the site file waits for an answer to what nobody asks.
func TestQuestions(t *testing.T) {
	t.Parallel()
	a := asked{}
	for _, o := range a.outlines() {
		for _, k := range o.keys {
			if _, known := schema(reflect.TypeFor[asked]())[k.question]; k.question != "" && !known {
				t.Errorf("[%s] %s comes from a question %q that nobody asks", o.table, k.key, k.question)
			}
		}
	}
}
