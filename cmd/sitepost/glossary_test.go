package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// oneWord are words that stood for something that has another one in all other papers:
// the head of words/zh_config.go lists those that are right.
var oneWord = []struct{ wrong, but, right string }{
	{`告警|警报`, ``, "报警"},
	{`消警|清警`, ``, "解除"},
	{`站点|本站|站名`, ``, "现场"},
	{`现场文件`, ``, "现场配置文件, 配置文件 or 配置"},
	{`市平台`, `城市平台`, "平台"},
	{`消息服务器|平台服务器|代理`, `中间代理|边界代理`, "MQTT 服务器"},
	{`探测消息`, ``, "回环报文"},
	{`盒子`, ``, "主机 or 本机"},
	{`静默|无声|没有?声音`, ``, "失联 of a device, 没有数据 of what it says"},
	{`型号文件|协议文件|设备文件`, ``, "仪表文件"},
	{`设备网络`, ``, "设备网"},
	{`摄像头|探头`, ``, "摄像机"},
	{`首幅画面`, ``, "首帧"},
	{`门限|阈值`, ``, "限值"},
	{`未采用`, ``, "被拒绝"},
	{`重载`, ``, "重新加载"},
	{`文件夹`, ``, "目录"},
	{`名字`, ``, "名称"},
	{`证书申请`, ``, "证书请求"},
	{`登陆`, ``, "登录"},
	{`帐[号户]`, ``, "账号"},
	{`口令|秘钥`, ``, "密码, 密钥"},
}

// TestOneWordForOneThing: a technician who reads two words looks for two things. Each
// thing has one word in the phrasebook, the causes, the reference file and the README.
func TestOneWordForOneThing(t *testing.T) {
	t.Parallel()
	var files []string
	for _, all := range []string{"words/zh_*.go", "causes/*.go", "../../config/site.zh.toml", "../../README.zh-CN.md"} {
		some, err := filepath.Glob(all)
		if err != nil || len(some) == 0 {
			t.Fatalf("%s: %v, %v", all, some, err)
		}
		files = append(files, some...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range oneWord {
			wrong, but := regexp.MustCompile(w.wrong), regexp.MustCompile(w.but)
			number := 0
			for line := range strings.Lines(string(text)) {
				number++
				if w.but != "" {
					line = but.ReplaceAllString(line, "")
				}
				if found := wrong.FindString(line); found != "" {
					t.Errorf("%s:%d: %s: write %s", file, number, found, w.right)
				}
			}
		}
	}
}
