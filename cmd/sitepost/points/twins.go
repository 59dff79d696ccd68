package points

// tellTwins tells what stands twice and may stand once. Two points of one name are
// possible, and a nuisance.
func (t *Table) tellTwins() {
	codes, macs, serials, names := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	hosts := map[string]Point{}
	for _, p := range t.Points {
		if first, twice := once(codes, p.Code, p.Row); twice {
			t.Wrong(p.Row, Code, "the code %s stands in row %d too: each point has its own, ask the city which is right", p.Code, first)
		}
		if first, twice := once(macs, p.MAC, p.Row); twice && p.Channel == 0 {
			t.Wrong(p.Row, MAC, "the MAC address %s stands in row %d too: one of the two is mistyped", p.MAC, first)
		}
		if first, twice := once(serials, p.Serial, p.Row); twice && p.Channel == 0 {
			t.Wrong(p.Row, Serial, "the serial number %s stands in row %d too: one of the two is mistyped", p.Serial, first)
		}
		if first, twice := once(names, p.Name, p.Row); twice {
			t.Note(p.Row, Name, "the name %q stands in row %d too: people will mix them up", p.Name, first)
		}
		if first, twice := hosts[p.Host]; twice && p.Host != "" {
			t.tellHosts(first, p)
		} else {
			hosts[p.Host] = p
		}
	}
}

// tellHosts: cameras of one recorder share its address and differ in their channel.
func (t *Table) tellHosts(first, p Point) {
	if p.Channel == 0 || first.Channel == 0 || p.Channel == first.Channel {
		t.Wrong(p.Row, Host, "the address %s stands in row %d too: correct one of them; cameras behind one recorder need their channels (通道号)", p.Host, first.Row)
	}
}

func once(seen map[string]int, value string, row int) (first int, twice bool) {
	if value == "" {
		return 0, false
	}
	if first, twice = seen[value]; !twice {
		seen[value] = row
	}
	return first, twice
}
