package config

import (
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// A file of answers is what `sitepost init` is told of one box: one key for each
// question, and [[zone]] as in a site file. It passes the same steps as a site file
// does, and its values the same rules:
//
//	bytes ──► source ──► lookalikes ──► tree ──► asked ──► written ──► rules
//	                                               └──────► Draft
//
// What stands behind a key that is not known is never drawn: it may be a secret under
// a name of somebody's own.
type asked struct {
	table
	Name            val[name]                 `toml:"name" must:"name = \"…\", the permanent name of the site ([a-z0-9-], 1-32 characters)"`
	Title           val[string]               `toml:"title"`
	Code            val[gbCode]               `toml:"code"`
	Kinds           several[word]             `toml:"kinds"`
	Address         val[string]               `toml:"address"`
	Position        several[float64]          `toml:"position"`
	ManagementUnit  val[string]               `toml:"management_unit"`
	DutyPhone       val[string]               `toml:"duty_phone"`
	Interfaces      several[networkInterface] `toml:"device_interfaces" must:"device_interfaces = [\"enp2s0\"], or [] on a site without cameras"`
	Networks        several[network]          `toml:"device_networks" must:"device_networks = [\"10.37.20.0/24\"], or [] on a site without any"`
	CompareWith     several[timeServer]       `toml:"compare_with"`
	StoreDirectory  val[filePath]             `toml:"store_directory"`
	StoreSize       val[size]                 `toml:"store_size" between:"64MiB 64TiB"`
	ClientID        val[string]               `toml:"client_id"`
	Broker          val[brokerURL]            `toml:"broker" must:"broker = \"mqtts://10.37.1.10:8883\""`
	ServerName      val[string]               `toml:"server_name"`
	OtherBroker     val[brokerURL]            `toml:"other_broker"`
	OtherServerName val[string]               `toml:"other_server_name"`
	BrokerUser      val[User]                 `toml:"broker_user"`
	BrokerPassword  val[Secret]               `toml:"broker_password"`
	CA              val[certificateFile]      `toml:"ca"`
	Certificate     val[certificateFile]      `toml:"certificate"`
	Key             val[Secret]               `toml:"key"`
	Receipt         val[Receipt]              `toml:"receipt"`
	Allow           several[Command]          `toml:"allow"`
	CameraUser      val[string]               `toml:"camera_user"`
	CameraPassword  val[Secret]               `toml:"camera_password"`
	Zones           []wZone                   `toml:"zone"`
}

// usualCA is where the city's authority lies if nobody says otherwise.
const usualCA = "/etc/sitepost/tls/city-ca.pem"

// ReadAnswers reads a file of answers; name is its file's name. The Draft is nil if
// any finding but a [Note] was made.
func ReadAnswers(name string, text []byte, env Env) (*Draft, Findings) {
	list := &collector{src: &source{name: name}, shows: drawable()}
	if len(text) > maxFile {
		list.add(Language, span{}, "the file is larger than 1 MiB: these are no answers")
		return nil, list.sorted()
	}
	list.src = newSource(name, text, list)
	if line := list.src.longest(); line > 0 {
		list.add(Language, span{off: list.src.starts[line-1]}, "the line is longer than 8 KiB: these are no answers")
		return nil, list.sorted()
	}
	list.findLookalikes()
	root, whole := list.parse()
	a := &asked{}
	list.decode(root, a, whole)
	if whole {
		a.check(list)
		newRules(list, a.written(), env).check()
	}
	if list.errors > 0 {
		return nil, list.sorted()
	}
	return a.draft(root), list.sorted()
}

// Questions are the keys that a file of answers may have, in the order of the manual.
func Questions() []string {
	var all []string
	t := reflect.TypeFor[asked]()
	for i := range t.NumField() {
		if key := t.Field(i).Tag.Get("toml"); key != "" {
			all = append(all, key)
		}
	}
	return all
}

// drawable are the keys of answers whose values may be drawn.
func drawable() map[string]bool {
	known := map[string]bool{}
	for key := range schema(reflect.TypeFor[wZone]()) {
		known[key] = true
	}
	for _, key := range Questions() {
		known[key] = true
	}
	return known
}

// check holds what concerns answers alone.
func (a *asked) check(list *collector) {
	for _, pair := range []struct {
		has, other bool
		at         span
		text       string
	}{
		{a.BrokerPassword.written(), a.BrokerUser.written(), a.BrokerPassword.key, "broker_password has no broker_user: write broker_user = \"…\""},
		{a.CameraPassword.written(), a.CameraUser.written(), a.CameraPassword.key, "camera_password has no camera_user: write camera_user = \"…\", the ONVIF user"},
		{a.CameraUser.written(), a.CameraPassword.written(), a.CameraUser.key, "camera_user has no camera_password: write camera_password = \"file:/etc/sitepost/secrets/…\""},
		{a.OtherServerName.written(), a.OtherBroker.written(), a.OtherServerName.key, "other_server_name has no other_broker: write other_broker = \"mqtts://10.37.1.11:8883\""},
	} {
		if pair.has && !pair.other {
			list.add(Meaning, pair.at, "%s", pair.text)
		}
	}
}

// needsCA says whether the authority of the city has to be named, and was not.
func (a *asked) needsCA() bool {
	return !a.CA.written() && (a.Broker.V.tls || a.OtherBroker.V.tls)
}

// written is the site file that the answers make, as far as there are rules for it.
// Its places are those of the answers.
func (a *asked) written() *written {
	w := &written{Version: val[int]{V: newest, OK: true, there: true}, Zones: a.Zones}
	w.Site = wSite{Name: a.Name, Title: a.Title, Code: a.Code, Kinds: a.Kinds, Position: a.Position}
	w.Network = wNetwork{DeviceInterfaces: a.Interfaces, DeviceNetworks: a.Networks}
	w.Uplink = wUplink{ClientID: a.ClientID, CA: a.CA, Certificate: a.Certificate, Key: a.Key}
	w.Uplink.CA.there = a.CA.there || a.needsCA()
	for _, b := range []wBroker{
		{Name: val[name]{V: firstBroker, OK: true}, URL: a.Broker, ServerName: a.ServerName},
		{Name: val[name]{V: otherBroker, OK: true}, URL: a.OtherBroker, ServerName: a.OtherServerName},
	} {
		if b.URL.written() {
			w.Uplink.Brokers = append(w.Uplink.Brokers, b)
		}
	}
	return w
}

// The names of brokers in a Draft.
const (
	firstBroker = "city-a"
	otherBroker = "city-b"
)

// render is a value as TOML has it.
func render(n *node) string {
	switch n.kind {
	case unstable.String:
		return quote(n.text)
	case unstable.Array:
		var items []string
		for _, item := range n.items {
			items = append(items, render(item))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return n.text
}

// quote is a text that can be seen, in quotes.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
