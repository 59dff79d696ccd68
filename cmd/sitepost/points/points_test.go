package points

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/width"
)

const (
	codeA = "34020000001320000001"
	codeB = "34020000001320000002"
)

// said are the findings as the tool prints them, notes marked.
func said(t *Table) string {
	var b strings.Builder
	for _, f := range t.Sorted() {
		mark := ""
		if f.Note {
			mark = "note: "
		}
		fmt.Fprintf(&b, "%d:%d: %s%s\n", f.Row, f.Column, mark, f.Text)
	}
	return b.String()
}

// want are the two points of table.
var want = []Point{
	{Row: 2, Name: "大门", Code: codeA, Host: "10.37.20.11", MAC: "44:19:b6:01:02:03"},
	{Row: 3, Name: "一号安检口, 左", Code: codeB, Host: "10.37.20.12", MAC: "44:19:b6:01:02:04"},
}

const table = "点位名称,国标编码,IP地址,MAC地址\n大门," + codeA + ",10.37.20.11,44-19-B6-01-02-03\n\"一号安检口, 左\"," + codeB + ",10.37.20.12,4419.b601.0204\n"

// TestEncodings: a table is read whatever Excel, WPS or Notepad saved it as, and what it
// was is said. Answers complaint 37.
func TestEncodings(t *testing.T) {
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(table)
	if err != nil {
		t.Fatal(err)
	}
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(table)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, raw, encoding string }{
		{"UTF-8", table, "UTF-8"},
		{"UTF-8 with BOM", "\xEF\xBB\xBF" + table, "UTF-8"},
		{"GBK", gbk, "GBK"},
		{"UTF-16", wide, "UTF-16"},
		{"Windows", strings.ReplaceAll(table, "\n", "\r\n"), "UTF-8"},
		{"old Mac, last line without end", strings.TrimRight(strings.ReplaceAll(table, "\n", "\r"), "\r"), "UTF-8"},
		{"tabs", strings.NewReplacer(`"一号安检口, 左"`, "一号安检口, 左", ",", "\t", ", ", ", ").Replace(table), "UTF-8"},
		{"semicolons", "sep=;\n" + strings.ReplaceAll(table, ",", ";"), "UTF-8"},
		{"full-width commas", strings.ReplaceAll(table, ",", "，"), "UTF-8"},
		{"title above", "XX客运站视频点位表,,,\n填表人：张三,,,\n" + table, "UTF-8"},
	} {
		got := Read("t.csv", []byte(c.raw))
		if got.Encoding != c.encoding || said(got) != "" {
			t.Errorf("%s: read as %s: %s", c.name, got.Encoding, said(got))
		}
		if diff := cmp.Diff(want, got.Points, cmpopts.IgnoreFields(Point{}, "Row"), cmpopts.EquateEmpty(),
			cmp.Transformer("separators", func(s string) string {
				return strings.NewReplacer("；", ",", ";", ",", "，", ",", "\t", ",").Replace(s)
			})); diff != "" {
			t.Errorf("%s: -want +got:\n%s", c.name, diff)
		}
	}
}

// TestNoText: what is not a table in text is named, with what to do in which program.
// Answers complaint 37.
func TestNoText(t *testing.T) {
	for _, c := range []struct{ name, raw, want string }{
		{"workbook", "PK\x03\x04rest", "1:1: this is an Excel workbook, not CSV: save it with 另存为 → CSV UTF-8 (逗号分隔)\n"},
		{"old workbook", "\xD0\xCF\x11\xE0rest", "1:1: this is an Excel workbook, not CSV: save it with 另存为 → CSV UTF-8 (逗号分隔)\n"},
		{"neither", "名称,编码\n\xff\xff", "2:1: line 2 is neither UTF-8 nor GBK: save the file anew (Excel: 另存为 → CSV UTF-8; Windows Notepad: 另存为, 编码 UTF-8)\n"},
		{"BOM and yet not UTF-8", "\xEF\xBB\xBFname,code\n\xB4\xF3\xC3\xC5,1\n", "2:1: line 2 is neither UTF-8 nor GBK: save the file anew (Excel: 另存为 → CSV UTF-8; Windows Notepad: 另存为, 编码 UTF-8)\n"},
		{"UTF-8 that lost a byte", "name,code\n东进站口,\n大门\xE5\x8E,\n", "3:1: line 3 is neither UTF-8 nor GBK: save the file anew (Excel: 另存为 → CSV UTF-8; Windows Notepad: 另存为, 编码 UTF-8)\n"},
		{"bytes", "name,code\nab\x00c,1\n", "1:1: line 1 is neither UTF-8 nor GBK: save the file anew (Excel: 另存为 → CSV UTF-8; Windows Notepad: 另存为, 编码 UTF-8)\n"},
		{"empty", "", "1:1: no row of the first 20 says what the columns are: write headings such as 点位名称, 国标编码, IP地址 (or name, code, ip) above the points\n"},
		{"prose", "Dear colleague,\nthe table follows.\n", "1:1: no row of the first 20 says what the columns are: write headings such as 点位名称, 国标编码, IP地址 (or name, code, ip) above the points\n"},
		{"large", strings.Repeat("a", MaxFile+1), "1:1: the file is larger than 4 MiB: this is not a table of points\n"},
	} {
		if got := Read("t.csv", []byte(c.raw)); said(got) != c.want || got.Points != nil {
			t.Errorf("%s: got %q, want %q", c.name, said(got), c.want)
		}
	}
}

// TestHeadings: columns are known by Chinese and English names, in any order and dress;
// the plainest name wins, and what is not read is told.
func TestHeadings(t *testing.T) {
	for _, c := range []struct {
		heads, cells string
		want         Point
		said         string
	}{
		{"IP Address;MAC address;Device ID;Name", "10.0.0.1;;" + codeA + ";door", Point{Row: 2, Name: "door", Code: codeA, Host: "10.0.0.1"}, ""},
		{"序号;* 国标编码（20位）;点位名称：;安装 位置;所属区域;录像机;通道号;序列号", "1;" + codeA + ";大门;港湾路1号;进站口;机房;D03;0A11",
			Point{Row: 2, Name: "大门", Code: codeA, Place: "港湾路1号", Zone: "进站口", Recorder: "机房", Channel: 3, Serial: "0A11"}, ""},
		{"设备编号;国标编码;名称;ＩＰ", "7;" + codeA + ";大门;10.0.0.1", Point{Row: 2, Name: "大门", Code: codeA, Host: "10.0.0.1"}, "1:1: note: column \"设备编号\" is not read\n"},
		{"国标编码;编码;名称;厂家", codeA + ";7;大门;海康", Point{Row: 2, Name: "大门", Code: codeA}, "1:2: note: column \"编码\" is not read\n1:4: note: column \"厂家\" is not read\n"},
		{"name;ip;经度(GCJ-02);纬度(GCJ-02)", "大门;10.0.0.1;118.38;31.35", Point{Row: 2, Name: "大门", Host: "10.0.0.1", Longitude: 118.38, Latitude: 31.35}, ""},
		{"name;ip;经纬度", "大门;10.0.0.1;E118.38°，31.35", Point{Row: 2, Name: "大门", Host: "10.0.0.1", Longitude: 118.38, Latitude: 31.35}, ""},
	} {
		got := Read("t.csv", []byte(c.heads+"\n"+c.cells+"\n"))
		if diff := cmp.Diff([]Point{c.want}, got.Points); diff != "" || said(got) != c.said {
			t.Errorf("%s: -want +got:\n%s%s", c.heads, diff, said(got))
		}
	}
	if got := Read("t.csv", []byte("name,ip,经度(百度)\n")).System; got != "BD-09" {
		t.Errorf("system: got %q", got)
	}
}

// TestCells: each quirk of Excel and of people is taken off, or told with what to do.
func TestCells(t *testing.T) {
	const asked = ": ask for the table anew, with the column set to text (单元格格式 → 文本) before the numbers are put in\n"
	for _, c := range []struct {
		field       Field
		cell, value string // value: as read
		said        string
	}{
		{Code, codeA, codeA, ""},
		{Code, "'" + codeA, codeA, ""},
		{Code, `"=""` + codeA + `"""`, codeA, ""},
		{Code, "\t" + codeA + "\u200b ", codeA, ""},
		{Code, width.Widen.String(codeA), codeA, ""},
		{Code, "34020000 00132 0000001", codeA, ""},
		{Code, "暂无", "", ""},
		{Code, "3.402E+19", "", "2:1: the code was destroyed by Excel, and only 3.402E+19 is left of it" + asked},
		{Code, "34020000001320000000", "", "2:1: the code 34020000001320000000 ends in five zeros: Excel keeps 15 digits of a number and has destroyed the rest" + asked},
		{Code, "3402000000132000001", "", "2:1: \"3402000000132000001\" is not a code: it has 20 digits, copy it as the city gave it\n"},
		{Code, "99020000001320000001", "", "2:1: the code 99020000001320000001 begins with \"99\", and no region of China does: copy it as the city gave it\n"},
		{Code, "34020000000010000001", "", "2:1: the code 34020000000010000001 has the type \"001\" in digits 11 to 13, and there is none below 111: copy it as the city gave it\n"},
		{Host, "10。37。20。１１", "10.37.20.11", ""},
		{Host, " 10.37.20.11:80 ", "10.37.20.11", ""},
		{Host, "10.37.20.11:8080", "10.37.20.11:8080", ""},
		{Host, "[fd00::1]:81", "[fd00::1]:81", ""},
		{Host, "fd00::1", "fd00::1", ""},
		{Host, "010.037.020.011", "", "2:1: \"010.037.020.011\" is not an IP address: write it such as 10.37.20.11, without a name, a path or zeros in front\n"},
		{Host, "http://10.37.20.11/", "", "2:1: \"http://10.37.20.11/\" is not an IP address: write it such as 10.37.20.11, without a name, a path or zeros in front\n"},
		{Host, "0.0.0.0", "", "2:1: no camera has the address 0.0.0.0: write its own\n"},
		{MAC, "44-19-B6-01-02-03", "44:19:b6:01:02:03", ""},
		{MAC, "4419B6010203", "44:19:b6:01:02:03", ""},
		{MAC, "00:00:00:00:00:00", "", ""},
		{MAC, "4.42E+11", "", "2:1: the MAC address was destroyed by Excel, and only 4.42E+11 is left of it" + asked},
		{MAC, "44-19-B6-01-02", "", "2:1: \"44-19-B6-01-02\" is not a MAC address: write it such as 44:19:b6:01:02:03\n"},
		{Serial, "DS-2CD3T46 0A11", "DS-2CD3T46 0A11", ""},
		{Serial, "1.23E+15", "", "2:1: the serial number was destroyed by Excel, and only 1.23E+15 is left of it" + asked},
		{Channel, "通道3", "3", ""},
		{Channel, "D3", "3", ""},
		{Channel, "３号通道", "3", ""},
		{Channel, "3.0", "3", ""},
		{Channel, "0", "", "2:1: \"0\" is not a channel: write its number, as the recorder's screen counts, from 1\n"},
		{Channel, "west", "", "2:1: \"west\" is not a channel: write its number, as the recorder's screen counts, from 1\n"},
		{Name, "\"大门\n 左侧\u202e\"", "大门 左侧", ""},
		{Name, `"1""门"`, `1"门`, ""},
		{Name, "/", "", ""},
		{Name, strings.Repeat("门", 201), "", "2:1: the cell has 201 characters, and 200 are enough: shorten it\n"},
	} {
		other := Host
		rest := "10.0.0.9"
		if c.field == Host {
			other, rest = Code, codeB
		}
		got := Read("t.csv", []byte(headings[c.field][0]+","+headings[other][0]+"\n"+c.cell+","+rest+"\n"))
		if len(got.Points) != 1 || said(got) != c.said {
			t.Errorf("%q: %d points, got %q, want %q", c.cell, len(got.Points), said(got), c.said)
			continue
		}
		p := got.Points[0]
		channel := ""
		if p.Channel > 0 {
			channel = fmt.Sprint(p.Channel)
		}
		if value := map[Field]string{Name: p.Name, Code: p.Code, Host: p.Host, MAC: p.MAC, Serial: p.Serial, Channel: channel}[c.field]; value != c.value {
			t.Errorf("%q: got %q, want %q", c.cell, value, c.value)
		}
	}
}

// TestPositions: a position that cannot be right is told, and stops nothing.
func TestPositions(t *testing.T) {
	for cells, want := range map[string]string{
		"118.38,31.35":     "",
		"东经118.38,北纬31.35": "",
		"31.35,118.38":     "2:2: note: longitude and latitude have changed places, and the position is not taken: the longitude of China is 73 to 136\n",
		"0,0":              "2:2: note: the position lies outside of China, and is not taken: write degrees with decimals\n",
		"39500123,3471234": "2:2: note: the position lies outside of China, and is not taken: write degrees with decimals\n",
		"118°22′48″,31.35": "2:2: note: the position is not read: write longitude and latitude in degrees with decimals, such as 118.380000 and 31.350000\n",
		"118.38,":          "2:2: note: the position is not read: write longitude and latitude in degrees with decimals, such as 118.380000 and 31.350000\n",
		"Inf,31.35":        "2:2: note: the position lies outside of China, and is not taken: write degrees with decimals\n",
	} {
		got := Read("t.csv", []byte("ip,经度,纬度\n10.0.0.1,"+cells+"\n"))
		if said(got) != want || len(got.Points) != 1 || got.Findings.Wrong() || (got.Points[0].Longitude == 118.38) != (want == "") {
			t.Errorf("%q: %+v %q, want %q", cells, got.Points, said(got), want)
		}
	}
}

// TestTwins: what stands twice is told with both places, all in one run. Answers
// complaint 41.
func TestTwins(t *testing.T) {
	got := Read("t.csv", []byte("name,code,ip,mac,channel\n"+
		"a,"+codeA+",10.0.0.1,441900000001,\n"+
		"b,"+codeA+",10.0.0.2,441900000002,\n"+
		"a,"+codeB+",10.0.0.1,441900000001,\n"+
		"c,,10.0.0.5,441900000005,1\nd,,10.0.0.5,441900000005,2\ne,,10.0.0.5,441900000005,2\n"))
	const want = "3:2: the code " + codeA + " stands in row 2 too: each point has its own, ask the city which is right\n" +
		"4:1: note: the name \"a\" stands in row 2 too: people will mix them up\n" +
		"4:3: the address 10.0.0.1 stands in row 2 too: correct one of them; cameras behind one recorder need their channels (通道号)\n" +
		"4:4: the MAC address 44:19:00:00:00:01 stands in row 2 too: one of the two is mistyped\n"
	if said(got) != want {
		t.Errorf("got\n%swant\n%s", said(got), want)
	}
}

// TestRows: rows are counted as Excel counts them, blank ones and cells of two lines
// included; what is no point is told and left out.
func TestRows(t *testing.T) {
	got := Read("t.csv", []byte("name,code,ip\n\n\"大\n门\",,10.0.0.1\n,,\n合计,,\nb,x,10.0.0.2\n\"c,,10.0.0.3\n"))
	const want = "5:1: note: the row that begins with \"合计\" has no code and no address, and is left out\n" +
		"6:2: \"x\" is not a code: it has 20 digits, copy it as the city gave it\n" +
		"7:1: the quotation mark that begins this cell is never closed: take it out, or close it\n"
	if !strings.HasPrefix(said(got), want[:strings.LastIndex(want, "7:1")]) || !strings.HasSuffix(said(got), want[strings.LastIndex(want, "7:1"):]) || len(got.Points) != 2 || got.Points[0].Row != 3 {
		t.Errorf("%+v\n%s", got.Points, said(got))
	}
}

// TestBounds: a table of any size costs a bounded list and bounded memory.
func TestBounds(t *testing.T) {
	long := Read("t.csv", []byte("name,ip\n"+strings.Repeat("a,x\n", MaxRows+5)))
	all := long.Sorted()
	if len(long.Points) != MaxRows || len(all) != maxFindings || !strings.HasPrefix(all[maxFindings-1].Text, "and ") || !all.Wrong() {
		t.Errorf("%d points, %d findings, last %+v", len(long.Points), len(all), all[len(all)-1])
	}
	full := Read("t.csv", []byte("name,ip\n"+strings.Repeat("a,\n", MaxRows)+"\n\n \n"))
	if full.Findings.Wrong() {
		t.Error("blank lines behind the last row are no rows")
	}
	wide := Read("t.csv", []byte("name,ip\n"+strings.Repeat(",", 1<<20)+"\nb,10.0.0.1\n"))
	if said(wide) != "2:100: the row has more than 100 columns: this is not a table of points\n" {
		t.Error(said(wide))
	}
}

// FuzzRead: whatever the file, it is read without a panic, within its bounds, and holds
// nothing that cannot be seen or that would end a line of the site file.
func FuzzRead(f *testing.F) {
	f.Add([]byte(table))
	f.Add([]byte("\xEF\xBB\xBFname;code;ip;mac;channel;lon;lat\n'a;3.4E+19;10。0。0。1;;D3;118;31\n\"b\"\"\n;"))
	gbk, _ := simplifiedchinese.GBK.NewEncoder().String(table)
	f.Add([]byte(gbk))
	f.Add([]byte("\xFF\xFEn\x00a\x00m\x00e\x00,\x00i\x00p\x00\n\x00"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		got := Read("t.csv", raw)
		if len(got.Points) > MaxRows || len(got.Sorted()) > maxFindings {
			t.Fatalf("%d points, %d findings", len(got.Points), len(got.Findings))
		}
		for _, p := range got.Points {
			for _, text := range []string{p.Name, p.Code, p.Place, p.Host, p.MAC, p.Serial, p.Zone, p.Recorder} {
				if visible(text) != text && !strings.HasPrefix(text, "'") && !strings.HasPrefix(text, `="`) || len([]rune(text)) > maxCell {
					t.Fatalf("%q", text)
				}
			}
			if p.Code != "" && len(p.Code) != 20 || p.Channel < 0 || p.Channel > 9999 || p.Row < 2 {
				t.Fatalf("%+v", p)
			}
		}
	})
}
