package words

// zhMaintain is what is said of maintenance and of test alarms.
var zhMaintain = map[string]string{
	"put a device into maintenance, so that work at it wakes nobody": "将设备置于维护状态，检修期间不惊动平台值班",
	`maintain puts a device of the running site into maintenance: while it lasts all that
the device says is marked so, and wakes nobody at the city. With a line, or a recorder,
goes all that hangs on it. It ends by itself.

What was raised meanwhile and still stands when it ends becomes an alarm like any other;
what stood before and is over by then is cleared.

Without a device it lists what is in maintenance.`: `maintain 将运行中现场的某台设备置于维护状态：期间该设备上报的一切都带“维护”标记，
不惊动平台值班。对线路或录像机执行时，挂在其下的设备一并进入维护。到时自动结束。

维护期间发生、结束时仍存在的报警，结束时立即转为正式报警；
维护前已发生、期间已恢复的报警，结束时解除。

不带设备名时，列出处于维护状态的设备。`,
	"how long: 1m to 24h": "维护时长：1m 至 24h",
	"what is done there: the city and the next technician read it": "做什么：平台和下一位技术员会看到",
	"end it now": "立即结束维护",

	"name the device: sitepost maintain DEVICE --for 30m --why …":                        "请写明设备：sitepost maintain 设备名 --for 30m --why …",
	"--end goes with neither --for nor --why":                                            "--end 不能与 --for、--why 同时使用",
	"say how long and why: --for 30m --why …, or --end":                                  "请写明时长和原因：--for 30m --why …，或用 --end 结束",
	"%s is not in maintenance any more\n":                                                "%s 已结束维护\n",
	"%s is in maintenance until %s\n":                                                    "%s 进入维护，至 %s\n",
	"nothing is in maintenance\n":                                                        "没有处于维护的设备\n",
	"until %s, %d min left":                                                              "至 %s，剩 %d 分钟",
	"%q is no device or line of this site (`sitepost status --json` lists them)":         "本现场没有设备或线路 %q（可用 `sitepost status --json` 查看）",
	"a maintenance of %v: write one of %s to %s":                                         "维护时长 %v：请写 %s 至 %s",
	"a maintenance for no reason: write why, for those who find the device so":           "没有写维护原因：请写明，供看到该设备的人了解",
	"the reason has more than %d characters, or more than one line: write a shorter one": "原因超过 %d 个字或多于一行：请写短些",
	"maintenance is over":                                                                "维护结束",
	"the reason has characters that nobody can read: write it anew, in UTF-8":            "原因中有无法显示的字符：请用 UTF-8 重新填写",
	"%q is not in maintenance":                                                           "%q 不在维护中",
	"%q is in maintenance with %q, on which it hangs: end that one":                      "%q 随 %q 一同维护：请结束后者",
	"%q is disabled in the site file and not asked: %s":                                  "%q 已在配置文件中停用，不被询问：%s",

	"send a test alarm and follow it to the city": "发一条测试报警，一直跟踪到平台",
	`test has the running sitepost send an alarm of a device that is marked as a test, and
follows it: onto the disk, to the broker and, where the site has receipts, to the
platform. It tests the way to the city, not the device: that one may be silent, disabled
or in maintenance.

With --all it sends one for each device that is not disabled, one after the other. They
all go the same way: the first that does not arrive ends it.

It ends with 0 if all arrived in time, 1 if not, and 2 if no sitepost runs.`: `test 让运行中的 sitepost 为某台设备发一条标为“测试”的报警并跟踪：写入磁盘、
到达 MQTT 服务器、有平台回执时到达平台。它检验的是到平台的通路，而不是设备本身：
设备可以失联、停用或在维护中。

用 --all 时，逐台为每个未停用的设备发一条。它们走同一条通路：有一条未到达即停止。

全部按时到达退出码为 0，否则为 1，没有运行中的 sitepost 为 2。`,
	"of every device that is not disabled":      "每个未停用的设备",
	"how long it may take to arrive: 1s to 10m": "最长等待时间：1s 至 10m",
	"name one device, or write --all":           "请写一个设备名，或写 --all",
	"--within %v: write 1s to 10m":              "--within %v：请写 1s 至 10m",

	"%s   on disk %d ms": "%s   落盘 %d 毫秒",
	"   broker %d ms":    "   MQTT 服务器 %d 毫秒",
	"   platform %d ms":  "   平台回执 %d 毫秒",
	"   not arrived after %.1f s: %s; it is on disk and will follow%s\n": "   %.1f 秒仍未到达：%s；已落盘，恢复后补传%s\n",
	"   %s: test again%s\n":                 "   %s：请重新测试%s\n",
	"%d devices, %d receipts":               "%d 台设备，%d 条回执",
	", worst %d ms":                         "，最慢 %d 毫秒",
	", worst %.1f s":                        "，最慢 %.1f 秒",
	"; %d not tested: they go the same way": "；其余 %d 台未测试：走同一条通路",
	"; the broker's word is all there is":   "；只有 MQTT 服务器的确认",
	"the broker's word is all there is: the site has no receipts of the platform (uplink.receipt)\n": "只有 MQTT 服务器的确认：本现场未启用平台回执（uplink.receipt）\n",
	"   (%s: %s)": "   （%s：%s）",
	"   (%s)":     "   （%s）",

	"no broker is configured":                  "未配置 MQTT 服务器",
	"that is not told yet":                     "尚未上报",
	"not connected yet":                        "尚未连上",
	"the broker has not acknowledged it":       "MQTT 服务器未确认",
	"the platform has not said that it has it": "平台未给回执",
	"the store was damaged and is replaced: what was saved of it follows":            "存储已损坏并更换，抢救出的记录随后补传",
	"the disk refuses: the alarm is only in memory, and goes to the city from there": "磁盘拒绝写入：报警只在内存中，从内存直接上传",

	"offline":  "离线",
	"faulty":   "故障",
	"disabled": "停用",
}
