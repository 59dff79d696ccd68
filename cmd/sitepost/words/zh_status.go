package words

// zhStatus is how a site stands: the screen of status, and what it finds wrong.
var zhStatus = map[string]string{
	// the left column, and what joins parts
	"wrong": "异常", "city": "平台", "store": "存储", "clock": "时钟", "before": "上次", "power": "供电",
	"devices": "设备", "lines": "线路", "alarm": "报警", "event": "事件", "reading": "读数",
	": ": "：", "; ": "；", ", ": "，",

	// the screen
	"sitepost %s, up %s, %s":          "sitepost %s，已运行 %s，%s",
	"all is well":                     "一切正常",
	"… and %d more: --json lists all": "……另有 %d 项：用 --json 全部列出",
	"%s, since %s":                    "%s，已持续 %s",
	"none":                            "无",
	"%d %s":                           "%[2]s %[1]d", // 在线 3
	"%s, up since %s, %s sent, %d in flight, %s": "%s，已连接 %s，已发 %s，在途 %d 条，%s",
	"away, %s sent, %s":                          "未连接，已发 %s，%s",
	"%s of %s, %s written a day":                 "已用 %s，上限 %s，每天写入 %s",
	", %s of lane %s missing (%s)":               "，缺失 %s（%s通道，%s）",
	"%d accepted, %d sent, %d received":          "已接收 %d 条，已发送 %d 条，平台已收 %d 条",
	", %d waiting":                               "，待传 %d 条",
	" since %s":                                  "，最老 %s",
	"synchronised (%s)":                          "已同步（%s）",
	"not synchronised":                           "未同步",
	", set %s, the last by %+g s":                "，被改动 %s，最近一次 %+g s",
	", %s":                                       "，%s",
	"not asked yet":                              "尚未询问",
	"mains":                                      "市电",
	"no mains":                                   "无市电",
	", battery %d %%":                            "，电池 %d%%",
	"%d s":                                       "%d 秒",
	"%d min":                                     "%d 分钟",
	"%d h %d min":                                "%d 小时 %d 分钟",
	"%d days":                                    "%d 天",
	"%d message":                                 "%d 条",
	"%d messages":                                "%d 条",
	"%d connection":                              "连接 %d 次",
	"%d connections":                             "连接 %d 次",
	"%d record":                                  "%d 条",
	"%d records":                                 "%d 条",
	"%d time":                                    "%d 次",
	"%d times":                                   "%d 次",
	"dropped: no room":                           "空间不够，已去掉",
	"disk refused":                               "磁盘拒绝写入",
	"boot":                                       "开机启动",
	"restart":                                    "重启",
	"upgrade":                                    "升级后启动",
	"watchdog":                                   "看门狗重启",
	"crash":                                      "异常退出后启动",
	"power cut":                                  "断电",
	"stopped in order":                           "正常停止",
	"stopped in order at %s":                     "正常停止于 %s",
	"stopped in order at %s, %s before this start":                  "正常停止于 %s，距本次启动 %s",
	"%s, last known alive at %s":                                    "%s，最后一次确认运行于 %s",
	"%s, last known alive at %s, %s before this start":              "%s，最后一次确认运行于 %s，距本次启动 %s",
	"the version was %s":                                            "当时的版本 %s",
	"sitepost ended without a goodbye":                              "sitepost 意外结束",
	"sitepost hung and was ended by the watchdog":                   "sitepost 卡死，被看门狗结束",
	"the machine went without a goodbye (power cut, reset or hang)": "主机突然停了（断电、复位或死机）",

	// states
	"online": "在线", "silent": "失联", "offline": "离线", "faulty": "故障", "maintenance": "维护中", "disabled": "停用", "unknown": "未知",

	// one device
	"device": "设备", "state": "状态", "since": "起于", "why": "原因", "next step": "下一步", "last said": "最后数据", "not ended": "未消除",
	"line": "线路", "address": "地址", "today": "今日",
	"%s (%s ago)":                         "%s（%s前）",
	"heard %d times, away for %s":         "收到 %d 次，失联 %s",
	"there is no %s %q":                   "没有%[1]s %[2]q",
	"there is no %s %q: did you mean %q?": "没有%[1]s %[2]q：是不是 %[3]q？",
	"device or line":                      "设备或线路",

	// findings
	"the disk refuses what is written":                                                        "磁盘拒绝写入",
	"look at the disk: is it full, read-only or broken?":                                      "检查磁盘：是否已满、变为只读或损坏",
	"the store is full: what is more than readings is being dropped":                          "存储已满：正在丢弃读数以外的记录",
	"look at the disk and at size in [store]; bring the city back, so that what waits can go": "检查磁盘和 [store] 的 size；恢复平台连接，让积压记录传出",
	"%s of the store: damaged and replaced, now in damaged/ (%s)":                             "存储有 %s损坏，已更换，坏文件在 damaged/（%s）",
	"%d file":  "%d 个文件",
	"%d files": "%d 个文件",
	"look at disk and power supply; at the second time replace the disk. Then move the folder damaged/ away": "检查磁盘和电源；再次发生请更换磁盘。然后移走 damaged/ 目录",
	"no broker is configured: everything stays on disk":                                                      "没有配置 MQTT 服务器：所有数据留在本机",
	"add [[uplink.broker]] to the site file":                                                                 "在配置文件中加入 [[uplink.broker]]",
	"the city is away: %s":                                                                                   "平台不通：%s",
	"not connected yet":                                                                                      "尚未连上",
	"the broker does not acknowledge what it is sent":                                                        "MQTT 服务器不确认收到的数据",
	"another box uses our name at the broker":                                                                "另一台主机在平台上用了本机的名称",
	"find the other box that is configured as this site, or runs a copy of its disk":                         "找出配置成本现场、或用本机磁盘副本运行的那台主机",
	"this broker refuses the box":                                                                            "该 MQTT 服务器拒绝本机",
	"ask the city whether user, password, certificate and rights of this box are as it expects":              "请平台核对本机的用户名、密码、证书和权限",
	"the preferred broker is away, and %s has the link":                                                      "首选 MQTT 服务器不通，现由 %s 承担",
	"see why this one cannot be reached; it is used again when it has answered for 10 minutes":               "查明它为何连不上；恢复满 10 分钟后自动切回",
	"its certificate begins only on %s, and was taken because the clock is not set":                          "MQTT 服务器的证书 %s 才生效，因本机时钟未校准而暂时接受",
	"set the clock, and see that it stays set: chrony or systemd-timesyncd":                                  "校准时钟并保持同步：chrony 或 systemd-timesyncd",
	"the box has no mains":                                                                                   "主机没有市电",
	"the battery is low":                                                                                     "电池电量低",
	"the battery is low: %d %%":                                                                              "电池电量低：%d%%",
	"the clock is not synchronised":                                                                          "时钟未同步",
	"check chrony or systemd-timesyncd":                                                                      "检查 chrony 或 systemd-timesyncd",
	"the clock is %s s ahead of that of this server":                                                         "本机时钟比该服务器快 %s 秒",
	"the clock is %s s behind that of this server":                                                           "本机时钟比该服务器慢 %s 秒",
	"%s GB a day are written: storage wears out":                                                             "每天写入 %s GB：存储介质会很快磨损",
	"%s, not confirmed":                                                                                      "%s（未确认）",
	"%s at %s, not confirmed":                                                                                "%[1]s（位置 %[2]s，未确认）",

	// reasons of a device that are said most
	"nothing for %s": "已有 %s 没有数据",
	"check its power, its wiring and its address":                                    "请查电源、接线和地址",
	"the line is lost":                                                               "线路断了",
	"check the cable and the adapter's power":                                        "请查线缆和转换器的电源",
	"another master asks on the line":                                                "线上另有主站在问",
	`take the other master off the line, or set use = "listen" for it`:               `请把另一个主站从线上撤掉，或把这条线写成 use = "listen"`,
	"no running sitepost is there":                                                   "没有正在运行的 sitepost",
	"start it with `sitepost run`, or give the socket of another one with --control": "用 `sitepost run` 启动，或用 --control 指定另一个套接字",

	// the command
	"show how the running site stands, what is wrong first": "现场现在怎么样，有问题的排在最前",
	"show it again whenever it has changed, until Ctrl-C":   "有变化就重新显示，直到按 Ctrl-C",
	`status asks the running sitepost how its site stands: the city, the disk, the clock,
every device. What is wrong comes first, with what to do about it. That the city is
gone is seen within 20 seconds. With the name of a device or line it shows that one
in full.

--watch shows it again each second at a terminal; elsewhere it prints anew when
something has changed. Ctrl-C ends it.

It ends with 0 if all is well, 1 if something is wrong, and 2 if no sitepost runs;
--watch ends with 0.`: `status 向运行中的 sitepost 询问现场情况：平台、磁盘、时钟、每台设备。异常排在
最前，并说明该怎么办。平台断开 20 秒内即可看到。给出设备或线路的名称则完整显示这一个。

--watch 在终端上每秒刷新；不在终端上则有变化时重新打印。按 Ctrl-C 结束。

退出码：0 一切正常，1 有异常，2 没有 sitepost 在运行；--watch 总是 0。`,
}
