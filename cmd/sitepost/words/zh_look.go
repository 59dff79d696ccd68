package words

// zhLook is what who looks at a site is told that does not answer, that has more wrong than
// the screen has room for, or whose line has no time.
var zhLook = map[string]string{
	"the running sitepost does not answer":                     "正在运行的 sitepost 没有应答",
	"too many tools are at work":                               "同时在用的工具太多",
	"… the rest wants a larger window, or `sitepost status`\n": "……其余请放大窗口，或用 `sitepost status` 查看\n",

	"journalctl -u sitepost says what it did last; if it stays so, systemctl restart sitepost: what is on disk stays there": "用 journalctl -u sitepost 看它最后做了什么；一直这样就 systemctl restart sitepost，磁盘上的记录不会丢",
	"ports that are there: %d (not opened)":                                            "串口存在：%d 个（没有打开）",
	"which program holds a port is seen only by root":                                  "串口被哪个程序占用，只有 root 看得到",
	"its serial server is not dialled: %s":                                             "没有连接它的串口服务器：%s",
	"%s is held by a sitepost that cannot be asked":                                    "%s 被一个问不到的 sitepost 占用",
	"run the doctor with sudo, and give it the socket of that sitepost with --control": "用 sudo 执行 doctor，并用 --control 指定那个 sitepost 的套接字",
	"run the doctor with sudo":                                                         "用 sudo 执行 doctor",
	"cameras and recorders for which there was no time: %d of %d":                      "来不及检查的摄像机和录像机：%d/%d",
	"look at one alone: sitepost doctor CAMERA":                                        "单独检查一台：sitepost doctor 摄像机",
	"nobody asks it: it is disabled, or its watch is off":                              "没有询问它：已停用，或 watch 为 off",
	"wait a minute, then look again":                                                   "等一分钟再看",

	"its questions took %.0f %% of the last minute, so that they come later than they should (move instruments to another line, or raise its baud rate; one that answers late costs the others their time)": "上一分钟询问占用了 %.0f %% 的时间，轮询赶不上（请把一些仪表移到另一条线，或提高波特率；应答慢的仪表会拖慢其他仪表）",
	"`sitepost check --rounds` says who takes how much of its time: move instruments to another line, or raise its baud rate":                                                                               "用 `sitepost check --rounds` 查看各仪表占用的时间：把一些仪表移到另一条线，或提高波特率",

	"not there: it did not come in time": "没有：超时未取得",
	"cut: %s":                            "不全：%s",
	"cut: the oldest %d of %d records are left out": "不全：最旧的 %d 条未放入（共 %d 条）",

	"interrupted: it has begun, and goes on without you until the site is given up":                                                          "已中断：退役已经开始，会自行继续直到完成",
	"interrupted: nothing had happened so far; should the city have come back at this moment, journalctl -u sitepost says that it has begun": "已中断：到目前为止未做任何改动；若平台恰好在此刻恢复，用 journalctl -u sitepost 可看到退役是否已经开始",
}
