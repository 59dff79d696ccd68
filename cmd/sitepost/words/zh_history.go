package words

// zhHistory is the history of the site file: what was accepted, what is in force, and
// the way back.
var zhHistory = map[string]string{
	// the commands
	"show, compare and bring back site files that were accepted": "查看、比较、恢复接受过的现场配置",
	`config works on the history of site files: the text of each one that sitepost run
accepted, with number, hash, who and when. It lies in config-history in the folder of
the store, and holds the last 50. The last one runs when the site file has mistakes at
a start. No running sitepost is needed.`: `config 用于配置历史：sitepost run 接受过的每份配置都留有原文，并记下编号、哈希、何人、
何时。历史放在存储目录下的 config-history，保留最近 50 份。启动时配置有错误，就按最后
接受的那份运行。用这些命令不需要 sitepost 在运行。`,
	"show [NUMBER]": "show [编号]",
	"print the site file in force, or one of the history": "打印当前生效的配置，或历史中的某一份",
	`show prints the site file that was accepted last, byte for byte, or the one of a
number of the history.`: `show 原样打印最后接受的配置，或历史中某个编号的配置。`,
	"list the site files that were accepted, the last one at the end": "列出接受过的配置，最近的在最后",
	`history lists the site files that were accepted: number, when, hash and who. The one
that is in force stands at the end. What is damaged there is listed too, and is no
harm to the others.`: `history 列出接受过的配置：编号、时间、哈希、何人。当前生效的在最后。其中损坏的也会
列出，不影响其余。`,
	"diff [NUMBER [NUMBER]]": "diff [编号 [编号]]",
	"compare the site file in force with the one on disk, or two of the history": "比较当前生效的配置与磁盘上的文件，或历史中的两份",
	`diff compares the site file that was accepted last with the one on disk: what would
change. With one number it compares that one with the file on disk, with two the first
with the second. A secret that was written into the file is not shown.`: `diff 把最后接受的配置与磁盘上的文件相比：会改动什么。给一个编号，就拿那一份与磁盘上的
文件相比；给两个编号，就拿前一份与后一份相比。误写进文件的密码不会显示。`,
	"rollback NUMBER":                       "rollback 编号",
	"bring back a site file of the history": "恢复历史中的某份配置",
	`rollback puts a site file of the history into the place of the one on disk, byte for
byte, with the same mode and owner. It shows the difference first, and asks. One that
has mistakes by now is not brought back. What stood there before is kept: in the
history if it was accepted once, else beside the file. A running sitepost goes over to
it at once, as with sitepost reload; where none runs, that is said.`: `rollback 把历史中的一份配置原样放回现场配置文件，权限和属主不变。先显示差异，再询问。
如今看来有错误的那份不会放回。原来的内容不会丢：接受过的在历史里，否则备份在文件旁边。
运行中的 sitepost 立即采用，等同 sitepost reload；没有在运行的，会说明。`,
	"raise the site file to the version that this sitepost reads": "把现场配置文件升级到本程序使用的版本",
	`migrate changes a site file that was written for an older sitepost into one for this
one: what was renamed is renamed, comments and order stay. It shows the difference
first, and asks. The old file is kept beside the new one. A running sitepost goes over
to the new one at once, as with sitepost reload; where none runs, that is said. Version
1 is the first and the newest one so far.`: `migrate 把为旧版 sitepost 写的配置改成本版可用：改了名的键跟着改，注释和顺序不动。先显
示差异，再询问。旧文件备份在旁边。运行中的 sitepost 立即采用新文件，等同 sitepost reload；
没有在运行的，会说明。目前版本 1 是第一版，也是最新版。`,
	"do it without a question": "不询问，直接执行",
	"run reads the site file, and runs the site until it is told to stop (SIGTERM or\nCtrl-C): then the devices fall silent, what they said is on disk, and what is on\ndisk is sent for a bounded time. A second signal ends it at once; nothing that\nwas accepted is lost by that. SIGHUP does as sitepost reload.\n\nEach site file that is accepted is kept (see sitepost config history). If the site\nfile has mistakes the last accepted one runs in its place: the mistakes are listed as\ncheck lists them, config.rejected is raised, and status shows which file is in force.\nStarted by systemd it runs also where the site file is gone or cannot be read. If none\nwas accepted before, nothing runs. Nor does a box that was given up with\n`sitepost retire`: it says so, and ends with 1. Root does not run a site whose store\nbelongs to somebody else.": "run 读配置，运行现场，直到叫它停（SIGTERM 或 Ctrl-C）：先停止采集，收到的都\n落盘，再在限定时间内把盘上的送出去。第二个信号让它立即退出，已接收的不会因此丢失。\n\n每份接受的配置都会留存（见 sitepost config history）。配置有错误时，改用最后接受的那\n份运行：错误像 check 那样列出，报 config.rejected，status 显示生效的是哪一份。由 systemd\n启动时，配置不见了或读不了也这样。从未接受过任何配置，则什么也不运行。已用 `sitepost retire` 退役的主机同样不运行，会说明原因并以 1 退出。\nroot 不会运行存储属于其他用户的现场。SIGHUP 等同 sitepost reload。",

	// what they say
	"in force": "当前生效",
	"no site file was accepted yet: %s is empty (sitepost run keeps each one that it accepts)\n": "还没有接受过任何配置：%s 是空的（sitepost run 会留存每份接受的配置）\n",
	"no site file was accepted yet: %s is empty (sitepost run keeps each one that it accepts)":   "还没有接受过任何配置：%s 是空的（sitepost run 会留存每份接受的配置）",
	"the history has no number %q: `sitepost config history` lists them":                         "配置历史中没有编号 %q：用 `sitepost config history` 查看",
	"%s: damaged, and left out: %s\n": "%s：已损坏，不列入：%s\n",
	"number %d, %s":                   "编号 %d，%s",
	"number %d":                       "编号 %d",
	"%s and %s are the same\n":        "%s 与 %s 内容相同\n",
	"%s and %s differ only in what is not shown: where a secret may stand, or in signs that are not printed\n": "%s 与 %s 只在不显示之处有差异：可能写有密码的地方，或不可打印的字符\n",
	"Replace the site file?": "替换现场配置文件？",
	"nothing was written: repeat it with --yes to have it done without a question":                "什么也没写：加上 --yes 再执行，就不再询问",
	"there is no %s that could be replaced: `sitepost config show %d` prints what to write there": "没有 %s 可替换：`sitepost config show %d` 打印应写入的内容",
	"%s is number %d already\n": "%s 就是编号 %d 的内容，无需恢复\n",
	"%s stays as it is, for with the other text it would have these mistakes:":                                                                      "%s 保持不变，因为换成另一份会有以下错误：",
	"%s is number %d of the history again; as it was before: %s\n":                                                                                  "%s 已恢复为历史中编号 %d 的内容；原内容：%s\n",
	"%s is of version %d, the newest: nothing to do\n":                                                                                              "%s 是版本 %d，已是最新，无需升级\n",
	"%s is of version %d now; as it was before: %s\n":                                                                                               "%s 已升级到版本 %d；原内容：%s\n",
	"the file is of version %d, and this sitepost is older than the file: it reads version %d (install the sitepost that the file was written for)": "文件是版本 %d，本程序比文件旧，只认版本 %d（请安装与该文件相配的 sitepost）",
	"version %d is not known to this sitepost, which reads version %d: install the sitepost this file was written for":                              "本程序不认识版本 %d，只认版本 %d：请安装与该文件相配的 sitepost",
	"from version %d to %d: %v":                                "从版本 %d 升到 %d：%v",
	"no sitepost has ever read such a file: write version = 1": "没有这个版本的配置：请写 version = 1",
	"the file has no \"version\": write version = 1":           "文件里没有 \"version\"：请写 version = 1",
	"the version is a plain number: write version = 1":         "version 是一个整数：请写 version = 1",

	// what is wrong with the history, and with the file on disk
	"history of site files":                                                                   "配置历史",
	"%q is no folder: move it away":                                                           "%q 不是目录：请把它移走",
	"%q was exchanged just now: try again":                                                    "%q 刚才被换掉了：请重试",
	"no such entry":                                                                           "没有这个编号",
	"it does not begin as an entry does":                                                      "开头不是历史记录的格式",
	"its first line has no end":                                                               "第一行没有结束",
	"its first line cannot be read: %v":                                                       "第一行读不懂：%v",
	"it says that it is number %d":                                                            "里面写的编号是 %d",
	"its text is not the one that was accepted: the hash differs":                             "内容不是当初接受的：哈希不符",
	"it is no ordinary file (%v)":                                                             "不是普通文件（%v）",
	"it is larger than an entry can be: %d bytes":                                             "超过历史记录的上限：%d 字节",
	"it is larger than an entry can be":                                                       "超过历史记录的上限",
	"it and %d more are not looked at: there are too many":                                    "连同另外 %d 份未读：太多了",
	"more than %d files lie in %q: take away what does not belong there":                      "多于 %d 个文件放在 %q 里：请移走不属于那里的",
	"%q: another sitepost has held it for %v: see what it does, and try again":                "%q：另一个 sitepost 已占用 %v：看看它在做什么，再重试",
	"the last accepted site file (number %d of %s) has mistakes now too, so nothing runs: %s": "最后接受的配置（%[2]s 中的编号 %[1]d）如今也有错误，所以什么也不运行：%[3]s",
	"the site file is rejected: %s; in force is the last accepted one, %s":                    "配置被拒绝：%s；当前生效的是最后接受的那份，%s",
	"correct the file, see it through with `sitepost check`, then `sitepost reload`":          "改正文件，用 `sitepost check` 检查，再执行 `sitepost reload`",
	"start of sitepost":                                                                       "sitepost 启动时",
	"signal SIGHUP":                                                                           "SIGHUP 信号",
	"%s (the clock was not synchronised)":                                                     "%s（当时时钟未同步）",
	"%s is no ordinary file: give the path of one":                                            "%s 不是普通文件：请给出文件的路径",
	"%s is larger than 1 MiB: this is not a site.toml":                                        "%s 超过 1 MiB：这不是 site.toml",
	"not an ordinary file":                                                                    "不是普通文件",
}
