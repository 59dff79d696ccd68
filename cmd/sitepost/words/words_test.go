package words

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// speaker speaks a small book.
func speaker(book map[string]string) *Speaker { return from([]map[string]string{book}) }

// TestTranslate: a text is known again by its format, with what stands in it and
// what it stands in; what nobody knows stays as it is.
func TestTranslate(t *testing.T) {
	s := speaker(map[string]string{
		"good":                                "正常",
		"there is no %s %q: correct the name": "没有%[2]q这个%[1]s：请改正名称",
		"zone":                                "区域",
		"nothing for %s":                      "已有%s没有数据",
		"check its power":                     "检查电源",
		"%d %% of all %d":                     "%[2]d 个中的 %[1]d%%",
		"the city is away: %s":                "与市平台的连接中断：%s",
		"%s: %s":                              "%s：%s",
		"settings":                            "串口参数",
		"no answer":                           "没有应答",
		"%s is missing: write %s":             "缺少 %+s：请写 %s",
	})
	for english, want := range map[string]string{
		"good": "正常",
		`there is no zone "berth-1": correct the name`:          `没有 "berth-1" 这个区域：请改正名称`,
		`gas-1: there is no zone "a: b \" c": correct the name`: `gas-1：没有 "a: b \" c" 这个区域：请改正名称`,
		"silent: nothing for 30s; check its power":              "silent：已有 30s 没有数据；检查电源",
		"7 % of all 12": "12 个中的 7%",
		"the city is away: dial tcp 10.0.0.1:1883: no route": "与市平台的连接中断：dial tcp 10.0.0.1:1883: no route",
		"site.toml:3:8: settings: no answer":                 "site.toml:3:8: settings: 没有应答",
		"settings: no answer":                                "串口参数：没有应答",
		"settings is missing: write off, one or two":         "缺少 settings：请写 off, one 或 two",
		"no answer (check its power, or wait)":               "没有应答（检查电源，or wait）",
		"no answer\ncheck its power\n":                       "没有应答\n检查电源\n",
		"somebody: said: nothing, we know":                   "somebody: said: nothing, we know",
		"":                                                   "",
	} {
		if got := s.Translate(english); got != want {
			t.Errorf("%q: got %q, want %q", english, got, want)
		}
	}
	if got := s.Sprintf("there is no %s %q: correct the name", "zone", "x"); got != `没有"x"这个zone：请改正名称` {
		t.Errorf("got %q", got)
	}
	if got := (*Speaker)(nil).Sprintf("%d good", 3); got != "3 good" {
		t.Errorf("got %q", got)
	}
}

// TestTranslateHostile: what somebody wrote to be taken apart for ever is not.
func TestTranslateHostile(t *testing.T) {
	s := In(Chinese)
	began := time.Now()
	for _, text := range []string{strings.Repeat("a: b, c; ", 400), strings.Repeat(`"`, 4000), strings.Repeat("%q: ", 1000)} {
		s.Translate(text)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestBook: every phrase has the verbs of its English format, and where it stands in two
// chapters it is the same.
func TestBook(t *testing.T) {
	seen := map[string]string{}
	for _, chapter := range chapters() {
		for english, chinese := range chapter {
			if before, twice := seen[english]; twice && before != chinese {
				t.Errorf("%q is %q in one chapter and %q in another", english, before, chinese)
			}
			seen[english] = chinese
			if got, want := used(chinese), used(english); got != want {
				t.Errorf("%q has verbs %s, and %q has %s", english, want, chinese, got)
			}
		}
	}
}

// TestChineseIsSet: between Chinese characters stands Chinese punctuation, and between
// them and Latin letters or digits a space. What is quoted, and addresses, stay as they are.
func TestChineseIsSet(t *testing.T) {
	asIs := regexp.MustCompile("`[^`]*`|\"[^\"]*\"|“[^”]*”|\\[[^\\]]*\\]|[a-z-]+://[^ ，；）]*|(?:地址)?:端口|IP地址|MAC地址|宽x高|文字,…")
	verb := regexp.MustCompile(`%[-+# 0]*\d*(?:\.\d+)?(?:\[\d+\])?[a-zA-Z]`)
	wrong := regexp.MustCompile(`\p{Han}[,;:!?()]|[,;:!?()]\p{Han}|\p{Han}[A-Za-z0-9]|[A-Za-z0-9]\p{Han}|[，。；：？！、（）] | [，。；：？！、（）]`)
	for _, chapter := range chapters() {
		for english, chinese := range chapter {
			text := asIs.ReplaceAllString(verb.ReplaceAllString(strings.TrimSpace(chinese), "…"), "“”")
			if found := wrong.FindString(text); found != "" {
				t.Errorf("%q: %q in %q", english, found, chinese)
			}
		}
	}
}

// used lists the verbs of a format by number, each once: "1q 2s ".
func used(format string) string {
	var all [20]string
	for _, p := range pieces(format) {
		if p.verb >= 0 && p.verb < len(all) {
			all[p.verb] += string(p.letter)
		}
	}
	return strings.TrimRight(strings.Join(all[:], " "), " ")
}

// TestChoose: the flag wins, then the environment in the order of POSIX.
func TestChoose(t *testing.T) {
	for _, test := range []struct {
		flag string
		env  map[string]string
		want Language
	}{
		{"", nil, English},
		{"zh", nil, Chinese},
		{"en", map[string]string{"LANG": "zh_CN.UTF-8"}, English},
		{"", map[string]string{"LANG": "zh_CN.UTF-8"}, Chinese},
		{"", map[string]string{"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, English},
		{"", map[string]string{"LC_MESSAGES": "zh_CN", "LANG": "de_DE"}, Chinese},
	} {
		got, err := Choose(test.flag, func(name string) string { return test.env[name] })
		if err != nil || got != test.want {
			t.Errorf("%+v: got %q, %v", test, got, err)
		}
	}
	if _, err := Choose("fr", func(string) string { return "" }); err == nil {
		t.Error("French is spoken")
	}
}

// TestColumns: what a Chinese character takes in a terminal is two cells.
func TestColumns(t *testing.T) {
	got := Columns([][]string{{"线路", "state"}, {"bus-a", "正常"}, {"all is well"}})
	if want := "线路   state\nbus-a  正常\nall is well\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestPlain: how a text of a stranger is shown, and how much of it.
func TestPlain(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"gas-1", "gas-1"},
		{"一号\u3000门", "一号\u3000门"},
		{"a\r\nb\tc\u2028d", "a  b c d"},
		{"\x1b[1mx\x00", `\u001b[1mx\u0000`},
		{"x\u202ey\u009bz", `x\u202ey\u009bz`},
		{"\xff\xfex", `\xff\xfex`},
		{"\ufffd", "\ufffd"},
		{"0123456789abcdefg", "0123456789abcdefg"},
		{"0123456789abcdefghijk", "0123456789abcdefghij…"},
		{"一二三四五六七八九十一二三四五六七八九十一", "一二三四五六七八九十一二三四五六七八九十…"},
		{strings.Repeat("\x1b", 1<<20), `\u001b\u001b\u001b…`}, // what is shown is counted
	} {
		got := Plain(c.text, 20)
		if got != c.want {
			t.Errorf("%.40q: got %q, want %q", c.text, got, c.want)
		}
		if again := Plain(got, 20); again != got {
			t.Errorf("%.40q: said twice it is %q, want %q", c.text, again, got)
		}
	}
}

// TestNamesStay: an account may be called as a word of the book, and a reason is what
// somebody typed.
func TestNamesStay(t *testing.T) {
	s := In(Chinese)
	for english, want := range map[string]string{
		`ended by test (uid 1000)`:                                                                 `由 test (uid 1000) 结束`,
		`test by line (uid 7)`:                                                                     `由 line (uid 7) 发起的测试`,
		`in maintenance until 12:00 by line: restart`:                                              `维护至 12:00，操作人 line：restart`,
		`by test: nothing that runs begins anew; the site file has hash ab`:                        `操作人 test：运行中的通信均未中断；配置哈希 ab`,
		`gate (uid 7) works at it until 12:00: test line; it is offline: the line is lost`:         `gate (uid 7) 正在检修，至 12:00：test line；设备状态 离线：线路断了`,
		`gate works at "bus-a", on which it hangs, until 12:00: restart`:                           `gate 正在检修它所接的 "bus-a"，至 12:00：restart`,
		`no answer (by start)`:                                                                     `没有应答（启动时）`,
		`this box was retired at 12:00 by gate: to use it again run ` + "`sitepost retire --undo`": "本机已于 12:00 由 gate 退役：要重新使用，请执行 `sitepost retire --undo`",
	} {
		if got := s.Translate(english); got != want {
			t.Errorf("%q: got %q, want %q", english, got, want)
		}
	}
}
