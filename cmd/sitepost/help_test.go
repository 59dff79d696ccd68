package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sitepost/cmd/sitepost/words"
)

// TestHelpIsSaid: no command, flag or heading of the whole tree is left in English under
// --lang zh. Who adds a command learns here which phrase is missing.
func TestHelpIsSaid(t *testing.T) {
	zh := words.In(words.Chinese)
	tl := &tool{words: zh, stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}
	root := newRoot(tl)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	missing := func(where, what, english string) {
		t.Errorf("%s: its %s has no Chinese. Write into a cmd/sitepost/words/zh_*.go:\n\t%q: \"…\",", where, what, english)
	}
	eachCommand(root, func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		c.InitDefaultVersionFlag()
		for i, text := range textsOfCommand(c) {
			name := []string{"Use", "Short", "Long", "Example"}[i]
			if _, known := zh.Text(*text); !known && needsChinese(name, *text) {
				missing(c.CommandPath(), name, *text)
			}
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if said := tl.flagUsage(f.Usage); !isChinese(said) || english.MatchString(said) {
				missing(c.CommandPath(), "flag --"+f.Name, f.Usage)
			}
			if kind, _ := pflag.UnquoteUsage(f); kind != "" {
				if _, known := zh.Text(kind); !known {
					missing(c.CommandPath(), "kind of flag --"+f.Name, kind)
				}
			}
		})
	})
	for _, head := range headings {
		if _, known := zh.Text(head); !known {
			missing("every command", "heading", head)
		}
	}
}

// headings are those of cobra's usage.
var headings = []string{"Usage:", "[flags]", "[command]", "Aliases:", "Examples:", "Available Commands:", "Flags:", "Global Flags:", " (default %s)",
	"Use \"%s [command] --help\" for more information about a command.\n", "%s version %s\n"}

// placeholder is a word of a Use line that stands for something.
var placeholder = regexp.MustCompile(`[A-Z]{3,}|\[[a-z ]+\]`)

// needsChinese says whether a text has words: an example may be commands only, and a Use
// a name only.
func needsChinese(name, text string) bool {
	switch name {
	case "Use":
		return placeholder.MatchString(text)
	case "Example":
		return strings.Contains(text, "# ")
	}
	return text != ""
}

// TestHelpInChinese: what a person sees has nothing of cobra's English in it, and what
// cobra says of a bad command line is said in Chinese.
func TestHelpInChinese(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"check", "--help"}, {"help", "listen"}, {"store"}, {"discover", "-h"}, {"completion", "--help"}} {
		var out, errs bytes.Buffer
		run(append(args, "--lang", "zh"), &out, &errs)
		for _, word := range []string{"Usage", "Flags", "Available", "default", "help for", "string", "duration", "Examples"} {
			if strings.Contains(out.String()+errs.String(), word) {
				t.Errorf("%v has %q in\n%s%s", args, word, out.String(), errs.String())
			}
		}
	}
	for _, test := range []struct{ args, want string }{
		{"chek", `没有命令 "chek"`},
		{"chek", "是不是想写"},
		{"check --frobnicate", "没有选项 --frobnicate"},
		{"check -x", `没有选项 -x`},
		{"check now", "没有命令"},
		{"check --config", "选项 --config 后面要有值"},
		{"login", "需要 1 个参数，给了 0 个"},
		{"try", "需要 1 到 2 个参数，给了 0 个"},
		{"discover --for soon", `选项 --for 不能是 "soon"`},
		{"try x --address one", `选项 --address 不能是 "one"`},
		{"new profile x --ask --listen", "只能写其中一个"},
		{"new profile x", "--modbus、--ask 或 --listen"},
	} {
		var out, errs bytes.Buffer
		if code := run(append([]string{"--lang", "zh"}, strings.Fields(test.args)...), &out, &errs); code != exitUsage {
			t.Errorf("%s: got exit code %d", test.args, code)
		}
		got := errs.String()
		if !strings.Contains(got, test.want) || english.MatchString(exactly.ReplaceAllString(got, "")) {
			t.Errorf("%s: got %q, want %q and no English", test.args, got, test.want)
		}
	}
}

// TestHelpInEnglish: cobra's own help stays as it is.
func TestHelpInEnglish(t *testing.T) {
	var out bytes.Buffer
	run([]string{"check", "--help", "--lang", "en"}, &out, &out)
	for _, want := range []string{"Usage:", "Flags:", "Global Flags:", "print only how full each line is"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, fmt.Sprint(&out))
		}
	}
}

// TestManInChinese: the manual of the site file is the reference file in Chinese; that of
// the commands has no English of cobra's; and no line of either can begin with a comma.
func TestManInChinese(t *testing.T) {
	for page, want := range map[string]string{"": "把里面的错误一次全部列出", "site.toml": "这份文件就是说明书"} {
		var out bytes.Buffer
		if code := run(strings.Fields("man --lang zh "+page), &out, &out); code != exitGood {
			t.Fatalf("%s: got exit code %d: %s", page, code, out.String())
		}
		text := out.String()
		for _, wrong := range []string{`\:，`, `\:。`, `\:）`, `（\:`, "[flags]", `\fIstring\fR`, `\fIduration\fR`, "this file is the manual"} {
			if strings.Contains(text, wrong) {
				t.Errorf("man %s: %q stands in it", page, wrong)
			}
		}
		if !strings.Contains(strings.ReplaceAll(text, `\:`, ""), want) {
			t.Errorf("man %s: no %q in it", page, want)
		}
	}
}
