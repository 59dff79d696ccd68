package words

// zhReload is what a reload says.
var zhReload = map[string]string{
	"make the running sitepost read its site file again": "让运行中的 sitepost 重新读取配置",
	`reload makes the running sitepost read its site file again, and go over to it: what
did not change keeps its conversation, and what changed begins anew. It returns when
that is done, and lists what began anew.

A file with mistakes changes nothing: they are listed as check lists them, and the
site runs on as before. So does SIGHUP, whose answer stands in the log.

It ends with 0 if the file is in force, 1 if it was refused, and 2 if no sitepost runs.`: `reload 让运行中的 sitepost 重新读取配置并切换过去：没有改动的部分通信不中断，
改动的部分重新开始。切换完成后返回，并列出重新开始的部分。

配置有错时什么都不改：像 check 一样列出错误，现场照原配置运行。SIGHUP 作用相同，
结果写在日志里。

退出码：0 已生效，1 被拒绝，2 没有运行中的 sitepost。`,

	// what tools say that write the site file
	"make the running sitepost go over to what was written":                          "让运行中的 sitepost 立即采用所写的内容",
	"--reload belongs to --write: nothing else changes the site file":                "--reload 要和 --write 一起用：不写就没有改动",
	"next: `sitepost reload`":                                                        "下一步：执行 `sitepost reload`",
	"no sitepost answers at %s: the next one that is started begins with %s":         "%s 没有 sitepost 应答：下次启动即采用 %s",
	"%s is written, and not in force: %w: when that is put right, `sitepost reload`": "%s 已写入，但尚未生效：%w：解决后执行 `sitepost reload`",
	"%s is written, and not in force: the sitepost at %s runs with another site file: give the socket of the right one with --control, to `sitepost reload`": "%s 已写入，但未生效：%s 上的 sitepost 用的是另一份配置：请用 --control 给出正确的套接字，再执行 `sitepost reload`",

	"the site file is in force (hash %.12s)\n":                    "新配置已生效（哈希 %.12s）\n",
	"what else runs went on\n":                                    "其余照常运行，通信未中断\n",
	"refused: the site file before stays in force (hash %.12s)\n": "被拒绝：仍按原配置运行（哈希 %.12s）\n",
	"from the next restart on: %s\n":                              "以下各项下次重启后才生效：%s\n",

	"%s begins anew": "%s 已重新开始",
	"%s is new":      "%s 为新增",
	"%s is gone":     "%s 已移除",
	"%s did not end within %v, and was cut off": "%s 在 %v 内没有结束，已强行切断",

	"instrument %q":                    "仪表 %q",
	"contact module %q":                "开关量模块 %q",
	"line %q":                          "线路 %q",
	"camera %q":                        "摄像机 %q",
	"recorder %q":                      "录像机 %q",
	"stream of %q":                     "%q 的视频流",
	"pictures of %q":                   "%q 的抓图",
	"recordings of %q":                 "%q 的录像检查",
	"link to the city":                 "与平台的上联",
	"comparison of the clock":          "时钟比对",
	"the search for cameras that move": "摄像机换址侦听",

	"the site that runs is %q, and a name is for ever: write it again, or stop sitepost and give the other site a store of its own ([store] directory)": "运行中的现场是 %q，名称永不更改：请改回原名；若确是另一个现场，请先停止 sitepost，并另设存储目录（[store] directory）",
	"this sitepost has no site file that it could read again":                     "这个 sitepost 没有可重新读取的配置文件",
	"another reload is under way: ask again":                                      "另一次重新加载正在进行：请稍后再试",
	"sitepost stops, or its site is given up: the next start reads the site file": "sitepost 正在停止，或现场正在退役：下次启动时读取配置",
	"and %d more: `sitepost check` lists all":                                     "另有 %d 处：`sitepost check` 可列出全部",

	"of the site file this counts only from the next restart on: %s": "配置中以下各项下次重启后才生效：%s",
	"correct it, then say `sitepost reload`":                         "改正后执行 `sitepost reload`",
	"restart sitepost when that suits the site":                      "请在现场方便时重启 sitepost",
}
