package points

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// separators are what stands between cells: of Excel, of Excel in other countries, of
// a copy out of Excel, and of a person typing Chinese.
var separators = []rune{',', '\t', ';', '，'}

// headRows is within how many rows the heading is looked for: above it often stand the
// title of the table and who filled it in.
const headRows = 20

// headings are the names that columns go by, without spaces, marks and what stands in
// brackets. Where two columns say the same, the name that stands further left here wins.
var headings = [fields][]string{
	Name: {"点位名称", "监控点名称", "摄像机名称", "摄像头名称", "相机名称", "镜头名称", "设备名称", "通道名称", "名称", "点位", "监控点",
		"pointname", "cameraname", "devicename", "name", "title", "point", "camera"},
	Code: {"国标编码", "国标编号", "国标码", "国标id", "设备国标编码", "gb28181编码", "gb/t28181编码", "点位编码", "点位编号", "摄像机编码", "通道编码", "设备编码", "设备编号", "编码",
		"gb28181code", "gbcode", "gbid", "devicecode", "deviceid", "code"},
	Place:     {"安装地址", "安装位置", "安装地点", "详细地址", "点位地址", "点位位置", "地址", "位置", "地点", "installationaddress", "address", "location"},
	Host:      {"ip地址", "ip", "ipv4地址", "ipv4", "设备ip", "设备ip地址", "摄像机ip", "摄像机ip地址", "网络地址", "ipaddress", "host"},
	MAC:       {"mac地址", "mac", "设备mac", "设备mac地址", "物理地址", "macaddress"},
	Serial:    {"序列号", "设备序列号", "出厂编号", "sn", "s/n", "serialnumber", "serial"},
	Zone:      {"区域", "所属区域", "监控区域", "所在区域", "分区", "部位", "所属部位", "zone", "area"},
	Recorder:  {"录像机", "所属录像机", "硬盘录像机", "nvr", "所属nvr", "nvr名称", "recorder"},
	Channel:   {"通道号", "通道", "通道序号", "nvr通道", "nvr通道号", "channelnumber", "channel", "ch"},
	Longitude: {"经度", "longitude", "lon", "lng"},
	Latitude:  {"纬度", "latitude", "lat"},
	Position:  {"经纬度", "坐标", "经纬度坐标", "位置坐标", "coordinates", "position"},
}

// heading finds the separator, and the row that says what the columns are.
func (t *Table) heading(text string) (sep rune, head int, ok bool) {
	best := 0
	for _, s := range separators {
		rows, _ := split(text, s, headRows)
		for i, r := range rows {
			if n := known(r); n > best {
				best, sep, head = n, s, i
			}
		}
	}
	if best < 2 {
		t.Tell(1, 1, "no row of the first %d says what the columns are: write headings such as 点位名称, 国标编码, IP地址 (or name, code, ip) above the points", headRows)
		return 0, 0, false
	}
	rows, _ := split(text, sep, head+1)
	t.takeHeads(head+1, rows[head])
	return sep, head, true
}

// known counts the headings of a row that say something.
func known(r row) (n int) {
	for _, cell := range r {
		if _, _, ok := fieldOf(cell); ok {
			n++
		}
	}
	return n
}

// takeHeads remembers the column of each field, and tells which columns are passed over.
func (t *Table) takeHeads(number int, r row) {
	var ranks [fields]int
	for i, cell := range r {
		f, rank, ok := fieldOf(cell)
		switch {
		case !ok && visible(cell) != "":
			t.passOver(number, i+1, cell)
			continue
		case !ok:
			continue
		case t.columns[f] > 0 && ranks[f] <= rank:
			t.passOver(number, i+1, cell)
			continue
		case t.columns[f] > 0:
			t.passOver(number, t.columns[f], t.heads[f])
		}
		t.columns[f], t.heads[f], ranks[f] = i+1, visible(cell), rank
		if f == Longitude || f == Latitude || f == Position {
			t.System = systemOf(cell, t.System)
		}
	}
}

// passOver says that a column is not read. A running number says nothing anyway.
func (t *Table) passOver(row, column int, cell string) {
	if head := bare(cell); head == "序号" || head == "no" || head == "number" {
		return
	}
	t.add(Finding{Row: row, Column: column, Note: true, Text: fmt.Sprintf("column %q is not read", shortened(visible(cell)))})
}

// fieldOf says what a heading means, and how plainly it says so (0 is best).
func fieldOf(cell string) (f Field, rank int, ok bool) {
	head := bare(cell)
	for f, names := range headings {
		for rank, name := range names {
			if name == head {
				return Field(f), rank, true
			}
		}
	}
	return 0, 0, false
}

var bracketed = regexp.MustCompile(`[(\[【][^)\]】]*[)\]】]`)

// bare is a heading without its dress: "* IP 地址（必填）：" is "ip地址".
func bare(cell string) string {
	if len(cell) > 4*maxCell {
		return ""
	}
	text := bracketed.ReplaceAllString(strings.ToLower(width.Fold.String(cell)), "")
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || !unicode.IsPrint(r) || strings.ContainsRune(`*:_-.'"`, r) {
			return -1
		}
		return r
	}, text)
}

// systemOf finds the system of coordinates in a heading such as "经度(GCJ-02)".
func systemOf(cell, otherwise string) string {
	text := strings.ToLower(width.Fold.String(cell))
	for _, s := range []struct{ word, system string }{
		{"wgs", "WGS-84"}, {"gcj", "GCJ-02"}, {"火星", "GCJ-02"}, {"高德", "GCJ-02"}, {"2000", "CGCS2000"}, {"bd", "BD-09"}, {"百度", "BD-09"},
	} {
		if strings.Contains(text, s.word) {
			return s.system
		}
	}
	return otherwise
}
