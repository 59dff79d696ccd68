package config

// A Draft is a site file that was made of answers: its tables in the order of the
// manual, without comments.
type Draft struct{ Tables []DraftTable }

// A DraftTable is one table of a Draft.
type DraftTable struct {
	Name  string // "uplink.broker"
	Again bool   // there may be several: [[uplink.broker]]
	Keys  []DraftKey
}

// A DraftKey is one key of a table. Value is as TOML has it, and never a secret.
type DraftKey struct{ Name, Value string }

// An outline says which answers become a table of the site file.
type outline struct {
	table string
	again bool
	needs string // the question without whose answer there is no such table; "" is any of its keys
	keys  []origin
}

// An origin is where a key of the site file comes from: a question, or what it always is.
type origin struct{ key, question, always string }

// outlines are those of all tables but [[zone]], which is taken as it stands.
func (a *asked) outlines() []outline {
	ca := origin{key: "ca", question: "ca"}
	if a.needsCA() {
		ca.always = usualCA
	}
	return []outline{
		{table: "site", keys: alike("name", "title", "code", "kinds", "address", "position", "management_unit", "duty_phone")},
		{table: "network", keys: alike("device_interfaces", "device_networks")},
		{table: "clock", keys: alike("compare_with")},
		{table: "store", keys: []origin{{key: "directory", question: "store_directory"}, {key: "size", question: "store_size"}}},
		{table: "uplink", keys: append(append(alike("client_id"), ca), alike("certificate", "key", "receipt")...)},
		brokerOutline(firstBroker, "broker", "server_name"),
		brokerOutline(otherBroker, "other_broker", "other_server_name"),
		{table: "commands", keys: alike("allow")},
		{table: "login", again: true, needs: "camera_user", keys: []origin{
			{key: "name", always: "cameras"}, {key: "user", question: "camera_user"}, {key: "password", question: "camera_password"},
		}},
	}
}

func brokerOutline(name, url, serverName string) outline {
	return outline{table: "uplink.broker", again: true, needs: url, keys: []origin{
		{key: "name", always: name}, {key: "url", question: url}, {key: "server_name", question: serverName},
		{key: "user", question: "broker_user"}, {key: "password", question: "broker_password"},
	}}
}

// alike are keys that are called as their questions are.
func alike(keys ...string) (all []origin) {
	for _, key := range keys {
		all = append(all, origin{key: key, question: key})
	}
	return all
}

// draft makes the tables out of answers that are as they should be.
func (a *asked) draft(root *node) *Draft {
	d := &Draft{}
	for _, o := range a.outlines() {
		if o.needs != "" && root.keys[o.needs] == nil {
			continue
		}
		t := DraftTable{Name: o.table, Again: o.again}
		for _, k := range o.keys {
			if n := root.keys[k.question]; n != nil {
				t.Keys = append(t.Keys, DraftKey{k.key, render(n)})
			} else if k.always != "" {
				t.Keys = append(t.Keys, DraftKey{k.key, quote(k.always)})
			}
		}
		if len(t.Keys) > 0 {
			d.Tables = append(d.Tables, t)
		}
	}
	if zones := root.keys["zone"]; zones != nil {
		for _, n := range zones.items {
			t := DraftTable{Name: "zone", Again: true}
			for _, key := range n.names {
				t.Keys = append(t.Keys, DraftKey{key, render(n.keys[key])})
			}
			d.Tables = append(d.Tables, t)
		}
	}
	return d
}
