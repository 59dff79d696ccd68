package points

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// point reads one row. ok is false for a row that is empty or describes no point.
func (t *Table) point(number int, r row) (p Point, ok bool) {
	cell := func(f Field) string {
		if c := t.columns[f]; c > 0 && c <= len(r) {
			return r[c-1]
		}
		return ""
	}
	if t.emptyRow(number, r, cell) {
		return p, false
	}
	p.Row = number
	p.Name, p.Place = t.words(number, Name, cell(Name)), t.words(number, Place, cell(Place))
	p.Zone, p.Recorder = t.words(number, Zone, cell(Zone)), t.words(number, Recorder, cell(Recorder))
	p.Code = t.value(number, Code, cell(Code), readCode)
	p.Host = t.value(number, Host, cell(Host), readHost)
	p.MAC = t.value(number, MAC, cell(MAC), readMAC)
	p.Serial = t.value(number, Serial, cell(Serial), readSerial)
	p.Channel, _ = strconv.Atoi(t.value(number, Channel, cell(Channel), readChannel))
	t.position(&p, cell)
	return p, true
}

// emptyRow holds for a row below the points that says something else: who filled it in,
// how many there are. It is told, for it may be a point that somebody forgot to fill in.
func (t *Table) emptyRow(number int, r row, cell func(Field) string) bool {
	for _, f := range []Field{Code, Host, MAC, Serial, Channel} {
		if plain(cell(f)) != "" {
			return false
		}
	}
	for i, text := range r {
		if text := visible(text); text != "" {
			t.add(Finding{Row: number, Column: i + 1, Note: true,
				Text: fmt.Sprintf("the row that begins with %q has no code and no address, and is left out", shortened(text))})
			break
		}
	}
	return true
}

// words reads text for people.
func (t *Table) words(number int, f Field, cell string) string {
	text := visible(cell)
	if nothing[strings.ToLower(text)] {
		return ""
	}
	if n := len([]rune(text)); n > maxCell {
		t.Wrong(number, f, "the cell has %d characters, and %d are enough: shorten it", n, maxCell)
		return ""
	}
	return text
}

// value reads text for machines.
func (t *Table) value(number int, f Field, cell string, read func(string) (string, error)) string {
	text := plain(cell)
	if text == "" {
		return ""
	}
	if n := len([]rune(text)); n > maxCell {
		t.Wrong(number, f, "the cell has %d characters, and %d are enough: shorten it", n, maxCell)
		return ""
	}
	value, err := read(text)
	if err != nil {
		t.Wrong(number, f, "%v", err)
		return ""
	}
	return value
}

// Excel shows a number of more than 11 digits as 3.4E+19, and keeps 15 digits of it.
var scientific = regexp.MustCompile(`^\d+([.,]\d+)?[eE]\+?\d+$`)

const asText = "ask for the table anew, with the column set to text (单元格格式 → 文本) before the numbers are put in"

// readCode reads a code of GB/T 28181-2022 Annex E:
//
//	34020000 14 132 8 000001
//	|        |  |   | serial number
//	|        |  |   | network
//	|        |  | type: 111 and up
//	|        | industry
//	| civil division: its first two digits are 11 (Beijing) to 82 (Macao)
func readCode(text string) (string, error) {
	text = strings.ReplaceAll(text, " ", "")
	digits := strings.Trim(text, "0123456789") == ""
	switch {
	case scientific.MatchString(text):
		return "", fmt.Errorf("the code was destroyed by Excel, and only %s is left of it: "+asText, text)
	case !digits || len(text) != 20:
		return "", fmt.Errorf("%q is not a code: it has 20 digits, copy it as the city gave it", text)
	case strings.HasSuffix(text, "00000"):
		return "", fmt.Errorf("the code %s ends in five zeros: Excel keeps 15 digits of a number and has destroyed the rest: "+asText, text)
	case text[:2] < "11" || text[:2] > "82":
		return "", fmt.Errorf("the code %s begins with %q, and no region of China does: copy it as the city gave it", text, text[:2])
	case text[10:13] < "111":
		return "", fmt.Errorf("the code %s has the type %q in digits 11 to 13, and there is none below 111: copy it as the city gave it", text, text[10:13])
	}
	return text, nil
}

// readHost reads an IP address. A person who types Chinese writes 10。37。20。11.
func readHost(text string) (string, error) {
	text = strings.NewReplacer("。", ".", "｡", ".", "．", ".", " ", "").Replace(text)
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		addr, addrErr := netip.ParseAddr(strings.Trim(text, "[]"))
		at, err = netip.AddrPortFrom(addr, 80), addrErr
	}
	addr := at.Addr().Unmap()
	switch {
	case err != nil || addr.Zone() != "":
		return "", fmt.Errorf("%q is not an IP address: write it such as 10.37.20.11, without a name, a path or zeros in front", shortened(text))
	case addr.IsUnspecified() || addr.IsMulticast() || addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}) || at.Port() == 0:
		return "", fmt.Errorf("no camera has the address %s: write its own", text)
	case at.Port() == 80:
		return addr.String(), nil
	}
	return netip.AddrPortFrom(addr, at.Port()).String(), nil
}

// readMAC reads a MAC address in any of its spellings.
func readMAC(text string) (string, error) {
	digits := strings.ToLower(strings.NewReplacer(":", "", "-", "", ".", "", " ", "", "_", "").Replace(text))
	switch {
	case len(digits) == 12 && strings.Trim(digits, "0123456789abcdef") == "":
	case scientific.MatchString(text):
		return "", fmt.Errorf("the MAC address was destroyed by Excel, and only %s is left of it: "+asText, text)
	default:
		return "", fmt.Errorf("%q is not a MAC address: write it such as 44:19:b6:01:02:03", shortened(text))
	}
	if digits == strings.Repeat("0", 12) || digits == strings.Repeat("f", 12) {
		return "", nil
	}
	var pairs []string
	for i := 0; i < len(digits); i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	return strings.Join(pairs, ":"), nil
}

// readSerial reads a serial number, which is whatever the maker prints.
func readSerial(text string) (string, error) {
	if strings.Contains(text, "+") && scientific.MatchString(text) {
		return "", fmt.Errorf("the serial number was destroyed by Excel, and only %s is left of it: "+asText, text)
	}
	return text, nil
}

var channel = regexp.MustCompile(`(?i)^(?:通道|channel|ch|d|#|no)?[ .#-]*0*([1-9]\d{0,3})(?:\.0)?(?:号|通道|号通道)?$`)

// readChannel reads a channel: 3, D3, CH03, 通道3.
func readChannel(text string) (string, error) {
	m := channel.FindStringSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("%q is not a channel: write its number, as the recorder's screen counts, from 1", shortened(text))
	}
	return m[1], nil
}
