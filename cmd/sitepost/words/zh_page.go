package words

// zhPage is what run, events and retire say.
var zhPage = map[string]string{
	"what the log tells at least: debug, info, warn or error":                          "日志级别：debug、info、warn 或 error",
	"--log-level: %q is no level: write debug, info, warn or error":                    "--log-level：没有级别 %q，请写 debug、info、warn 或 error",
	"this box was retired at %s by %s: to use it again run `sitepost retire --undo`\n": "本机已于 %s 由 %+s 退役。要重新启用，请运行 `sitepost retire --undo`\n",

	"show what happened on the site, the newest last, and whether the city has it": "查看现场事件流水（最新的在最后），以及平台是否已收到",
	"go on with what comes, until Ctrl-C":                                          "持续显示新事件，按 Ctrl-C 结束",
	"of this device only":                                                          "只看这台设备",
	"of this lane only: alarm, event or reading; otherwise alarms and events":      "只看这一类：alarm（报警）、event（事件）或 reading（读数）；不写则显示报警和事件",
	"only what the city does not have":                                             "只看平台还没有收到的",
	"the newest so many, 2000 at most":                                             "最新的若干条，最多 2000 条",
	"%w: the records are asked for through it; start it with `sitepost run`, or give the socket of another one with --control": "%w：事件记录只能通过它查询；请用 `sitepost run` 启动，或用 --control 指定另一个套接字",
	`events asks the running sitepost for the records on its disk: when, whether the city has
it, which device, what, with which value. Alarms are kept for as long as the site file
says, also when the city has them; events and readings go when the city has them.

  waiting    no broker has it
  sent       a broker has it, and the site waits for the platform's receipt
  delivered  it is done: the platform, or where the site asks for no receipt the broker, has it
  memory     the disk refuses it: it goes to the city from memory

Readings are shown with --lane reading only. Looking for one device it looks through the
last 50,000 records of a lane. Card numbers are not shown.

The records belong to the running sitepost, and can be asked for through it alone: it
renews their file under whoever else would read it. What is in the file of a box that is
switched off is sent when it runs again, and ` + "`sitepost store verify`" + ` says whether it is sound.`: `events 向正在运行的 sitepost 查询磁盘上的记录：时间、平台是否已收到、设备、内容、数值。
报警在平台收到之后仍按现场配置文件规定的时间保存；事件和读数在平台收到之后即删除。

  待传    还没有 MQTT 服务器收到
  已发送  MQTT 服务器已收到，等待平台回执
  已送达  已完成：平台已收到；现场不要求回执时，MQTT 服务器已收到
  内存中  磁盘拒绝写入，从内存直接发往平台

读数只有用 --lane reading 才显示。查找单台设备时，每一类最多向前查 50000 条。不显示卡号。

记录属于正在运行的 sitepost，只能通过它查询，因为它可能随时更换记录文件。已关机的主机里的记录
会在下次运行时发送；文件是否完好，用 ` + "`sitepost store verify`" + ` 检查。`,

	"delivered": "已送达",
	"sent":      "已发送",
	"waiting":   "待传",
	"memory":    "内存中",

	"%s: %s":              "%s：%s",
	", ":                  "，",
	"still so":            "仍在持续",
	"raised":              "发生",
	"cleared":             "解除",
	"cleared by timeout":  "超时自动解除",
	"cleared by operator": "人工解除",
	"cleared by mode":     "因模式改变而解除",
	"limit %g":            "限值 %g",
	"forward":             "正向",
	"back":                "反向",
	"%d times":            "%d 次",
	"at %s":               "点位 %s",
	"in mode test":        "测试模式",
	"in mode warm-up":     "预热中",
	"in mode calibration": "标定中",
	"in mode inhibited":   "已屏蔽",
	"in mode maintenance": "维护中",

	"give the site up: empty all that it retains at the city, and do not run again": "现场退役：清空平台上保留的全部主题，本机不再运行",
	`retire asks the running sitepost to give its site up for good. It waits until the city is
there and has all alarms, for --within at most; until then nothing has happened. Then its
devices fall silent, what is on disk is sent for a bounded time, every retained topic of
the site is emptied at every broker that can be reached, up/state says "retired", and it
ends. A run that is killed in between goes on with that when it is started again.

From then on ` + "`sitepost run`" + ` ends at once, with 1, until ` + "`sitepost retire --undo`" + `, which is
run while no sitepost runs, and as its user (sudo -u sitepost). What is on disk stays there.

It ends with 0 when the site is given up, 1 when nothing has happened because the city
is not there, and 2 if no sitepost runs or nobody has said yes.`: `retire 请正在运行的 sitepost 让本现场永久退役。它先等待平台在线并收到全部报警，最多等 --within；在此
之前什么也不会改动。然后设备停止采集，磁盘上的记录在限定时间内发送，在每台能连上的 MQTT 服务器上清空
本现场保留的全部主题，up/state 写为 retired，随后结束运行。中途被杀掉的，下次启动时会继续完成。

此后 ` + "`sitepost run`" + ` 会立即以 1 结束，直到运行 ` + "`sitepost retire --undo`" + `；撤销时 sitepost 不得在运行，
并且要用它的用户（sudo -u sitepost）。磁盘上的记录不会删除。

退出码：0 已退役；1 平台不在线，未做任何改动；2 没有 sitepost 在运行，或没有人确认。`,
	"do not ask": "不再询问",
	"do not wait for alarms that the city does not have":                                                                     "不等待平台还没有收到的报警",
	"how long the city may be away before nothing is done, an hour at most":                                                  "平台不在线时最多等多久；超时则什么也不做；最长一小时",
	"take it back: the box may run again":                                                                                    "撤销退役：本机可以重新运行",
	"%w: it must run to give the site up, for it has the connection to the city":                                             "%w：退役需要它正在运行，因为与平台的连接在它手里",
	"site %s is given up: its %d devices fall silent, its topics at the city are emptied, and this box does not run again\n": "现场 %s 将退役：%d 台设备停止采集，平台上的主题全部清空，本机不再运行\n",
	"not delivered yet: %d alarms, %d events, %d readings\n":                                                                 "尚未送达：报警 %d 条，事件 %d 条，读数 %d 条\n",
	"nobody has said yes: give --yes, or type the name of the site at a terminal":                                            "没有确认：请加 --yes，或在终端上输入现场名称",
	"type the name of the site to give it up: ":                                                                              "请输入现场名称以确认退役：",
	"that is not %q: nothing has happened":                                                                                   "输入的不是 %q：未做任何改动",
	"waiting: %s; %d alarms are not delivered\n":                                                                             "等待中：%s；%d 条报警尚未送达\n",
	"nothing has happened: %s; %d alarms are not delivered\n":                                                                "未做任何改动：%s；%d 条报警尚未送达\n",
	"the city is away":                                                                           "平台不在线",
	"alarms are on their way to the city":                                                        "报警正在送往平台",
	"somebody else is giving it up already":                                                      "已有人正在办理退役",
	"it has begun: the devices fall silent, and what is on disk is sent\n":                       "退役开始：设备停止采集，正在发送磁盘上的记录\n",
	"broker %s was not reached, and what it retains of this site stays there: %s\n":              "MQTT 服务器 %s 连不上，它保留的本现场主题仍在：%s\n",
	"broker %s: %d topics emptied, up/state says retired\n":                                      "MQTT 服务器 %s：已清空 %d 个主题，up/state 为 retired\n",
	"retired at %s; %d records stay on disk\n":                                                   "已于 %s 退役；%d 条记录留在磁盘上\n",
	"this box is not retired: there is nothing to undo\n":                                        "本机没有退役，无需撤销\n",
	"undone: this box, retired at %s by %s, may run again\n":                                     "已撤销：本机（%s 由 %+s 退役）可以重新运行\n",
	"the running sitepost has ended before it was done: it goes on with that when it is started": "正在运行的 sitepost 在完成之前已结束：下次启动时会继续退役",
	"the running sitepost has hung up, and nothing has happened":                                 "正在运行的 sitepost 已断开：未做任何改动",
	"the running sitepost has hung up":                                                           "正在运行的 sitepost 已断开",

	"health and figures cannot be asked for there: %s":                                             "无法在此查询健康状态和指标：%s",
	"see which program has the address (ss -ltnp), and give one of both another: listen in [page]": "查看哪个程序占用了该地址（ss -ltnp），并给其中一个换地址：[page] 的 listen",
}
