package words

// zhDoctor is what doctor and explain say. What a code means stands in package causes.
var zhDoctor = map[string]string{
	// the screen of doctor
	"good": "正常", "look": "注意", "not looked at": "未检查",
	"host": "主机", "disk": "磁盘", "config": "配置", "network": "网络",
	"%s: %s":          "%s：%s",
	"it fails at: %s": "断在：%s",
	"the name":        "名称解析", "the route": "路由", "the port": "端口", "the login": "登录", "the canary": "回环报文", "the receipt": "平台回执",
	"all is well\n": "一切正常\n",
	"wrong: %d, worth a look: %d, not looked at: %d\n":              "异常 %d 项，注意 %d 项，未检查 %d 项\n",
	"`sitepost explain CODE` tells more of each code in brackets\n": "方括号里的代码可用 `sitepost explain 代码` 查看说明\n",
	"looking: %d of %d": "检查中：%d/%d",
	"%s: written, without passwords, keys, users and card numbers. In it are:\n": "%s：已生成，不含密码、密钥、用户名和卡号。内容：\n",
	"the look did not end in time":                             "检查超时",
	"look by hand whether the disk or the network there hangs": "人工查看那里的磁盘或网络是否卡住",
	"the site file cannot be used":                             "配置文件不能用",
	"correct it: sitepost check":                               "改正它：sitepost check",
	"see `sitepost explain %s`":                                "见 `sitepost explain %s`",

	// sitepost, host
	"version %s runs since %s":                                                       "版本 %s，自 %s 运行",
	"no sitepost runs: nobody watches the site":                                      "没有 sitepost 在运行：现场无人看守",
	"systemctl start sitepost; if it does not stay, journalctl -u sitepost says why": "systemctl start sitepost；起不来用 journalctl -u sitepost 看原因",
	"run the doctor as root, or as a member of the group of sitepost":                "用 root 或 sitepost 组成员执行 doctor",
	"run the doctor as root":                                                         "用 root 执行 doctor",
	"battery %d %%":                                                                  "电池 %d%%",
	"%d °C":                                                                          "%d °C",
	"the supply voltage is, or was, too low":                                         "供电电压过低（现在或曾经）",
	"use a stronger power supply and a short cable":                                  "换大功率电源和短线",
	"the machine has %d °C":                                                          "主机温度 %d °C",
	"give it air, and clean the fan":                                                 "通风，清洁风扇",
	"this machine says nothing of its supply or its heat":                            "本机不报告供电和温度",
	"look at its power supply by hand":                                               "人工查看电源",

	// disk, store
	"the store's folder is not there yet":                                           "存储目录还不存在",
	"it is made at the first start; if the site ran before, is a disk not mounted?": "首次启动时自动创建；若以前运行过，是否有磁盘没挂载？",
	"the disk cannot be looked at: %s":                                              "无法查看磁盘：%s",
	"the disk is read-only":                                                         "磁盘只读",
	"dmesg says why; a disk with errors must be replaced":                           "dmesg 看原因；有错误的磁盘必须更换",
	"%d %% of the storage's life are used":                                          "存储寿命已用 %d%%",
	"plan a replacement":                                                            "安排更换",
	"%s: %d %% free of %d GiB":                                                      "%[1]s：%[3]d GiB，剩 %[2]d%%",
	"%d %% of its life used":                                                        "寿命已用 %d%%",
	"only %d MiB are free":                                                          "只剩 %d MiB",
	"make room: du -xhd1 /var shows who takes it":                                   "腾空间：du -xhd1 /var 看谁占用",
	"%d MiB are free, and the store may still take %d MiB":                          "剩 %d MiB，而存储还可能占用 %d MiB",
	"make room, or lower size in [store]":                                           "腾空间，或调小 [store] 的 size",
	"%d %% of the disk are free":                                                    "磁盘剩 %d%%",
	"only a running sitepost knows how its store does":                              "只有运行中的 sitepost 知道存储情况",
	"start it; or read all of it: sitepost store verify":                            "启动它；或全部读一遍：sitepost store verify",
	"%d MiB of %d MiB, %d records wait for the city":                                "已用 %d MiB，上限 %d MiB，待传 %d 条",

	// clock
	"synchronised": "已同步",
	"no answer":    "没有应答",
	"the clock is %s s away from that of this server":                                             "本机时钟与该服务器相差 %s 秒",
	"is the time server on, and is UDP port 123 open to the box? else correct clock.compare_with": "时间服务器是否开机、UDP 123 端口是否放行？否则改正 clock.compare_with",

	// config
	"sitepost check lists all, with the line drawn": "sitepost check 列出全部并画出出错的行",
	"do what the line says, then sitepost check":    "按该行提示处理，再执行 sitepost check",
	"sitepost enroll makes a request for a new one": "sitepost enroll 生成新的证书请求",
	"%s is good":                           "%s 没有错误",
	"%s is good, and in force":             "%s 没有错误，正在使用",
	"the file is %s, and %s is in force":   "文件是 %s，运行中的是 %s",
	"sitepost check, then sitepost reload": "先 sitepost check，再 sitepost reload",

	// network
	"no network of devices is configured":                                                 "没有配置设备网",
	"the interfaces cannot be listed: %s":                                                 "无法列出网口：%s",
	"ip address shows them":                                                               "用 ip address 查看",
	"there is no such interface":                                                          "没有这个网口",
	"ip link shows those that are; correct network.device_interfaces":                     "ip link 查看现有网口；改正 network.device_interfaces",
	"the interface is down, or has no cable":                                              "网口未启用或没插网线",
	"plug the cable in; ip link set %s up":                                                "插好网线；ip link set %s up",
	"the interface has no IPv4 address":                                                   "网口没有 IPv4 地址",
	"give it a fixed address in the cameras' network":                                     "配一个摄像机网段内的固定地址",
	"interfaces %s, our addresses %s":                                                     "网口 %s，本机地址 %s",
	"there is no way there: %s":                                                           "没有到那里的路由：%s",
	"give the interface an address in this network, or add a route":                       "给网口配该网段地址，或加路由",
	"the way there leaves by our address %s, which is not on an interface for devices":    "去那里从本机地址 %s 出去，不是设备网口",
	"give the interface an address in this network, or add a route; ip route get ADDRESS": "给网口配该网段地址，或加路由；ip route get 地址",

	// lines
	"lines that work: %d": "正常的线路：%d 条",
	"ports that are there and that nobody holds: %d (not opened)": "串口存在且无人占用：%d 个（没有打开）",
	"there is no port %s": "没有串口 %s",
	"plug the adapter in; ls -l /dev/serial/by-path shows those that are":     "插好转换器；ls -l /dev/serial/by-path 查看现有的",
	"plug the adapter in, or name one of those that are: %s":                  "插好转换器，或改用现有的：%s",
	"%s is held by process %d (%s)":                                           "%s 被进程 %d（%s）占用",
	"stop it: systemctl stop %s, or kill %d":                                  "停掉它：systemctl stop %s，或 kill %d",
	"%s may not be opened by this user":                                       "当前用户无权打开 %s",
	"usermod -aG dialout sitepost; to look as root, run the doctor with sudo": "usermod -aG dialout sitepost；要以 root 检查请用 sudo",
	"name it by /dev/serial/by-path; ls -l there shows the sockets":           "用 /dev/serial/by-path 里的名称；ls -l 看各插口",
	"write port = %q": "写成 port = %q",
	"its adapter and %s are alike and have no serial number of their own: they cannot be told apart by their names": "它的转换器与 %s 同型号且没有序列号：靠名称分不清",
	"%s is another adapter when they are plugged in another order":                                                  "插入次序一变，%s 就是另一个转换器",
	"is the serial server powered, in this network, and in TCP server mode? ping it":                                "串口服务器是否通电、在本网段、设为 TCP Server 模式？ping 它",

	// devices
	"devices on lines: %d; they are asked only by a running sitepost":           "线路上的设备 %d 台；只有运行中的 sitepost 才询问它们",
	"start sitepost; or look by hand: sitepost scan LINE, sitepost listen LINE": "启动 sitepost；或人工查看：sitepost scan 线路、sitepost listen 线路",
	"online: %d of %d": "在线 %d/%d 台",
	"maintenance: %d":  "维护 %d 台", "disabled: %d": "停用 %d 台", "unknown: %d": "未知 %d 台",
	"cameras and recorders whose port is open: %d of %d (no login was tried)":                 "端口可达的摄像机和录像机：%d/%d 台（没有尝试登录）",
	"is it powered, and in this network? ping it; sitepost discover finds one that has moved": "是否通电、在本网段？ping 它；换了地址的用 sitepost discover 查找",

	// the way to the city
	"the link is up, and yet a second look fails: %s": "连接正常，但再查一次失败：%s",
	"the name %s has no address: %s":                  "域名 %s 查不到地址：%s",
	"the name server knows none":                      "域名服务器不知道",
	"no such host":                                    "没有这个主机名",
	"look at /etc/resolv.conf, or write the address into url and the name into server_name": "查看 /etc/resolv.conf；或在 url 写地址、在 server_name 写域名",
	"the port is closed: nobody listens there":                                              "端口关闭：没有程序在监听",
	"this machine has no route there":                                                       "本机没有去那里的路由",
	"nobody on the way answers for this address":                                            "途中无人应答这个地址",
	"no answer: it is off, or a firewall swallows the question":                             "无应答：关机，或被防火墙丢弃",
	"look at the cable and the router on the city's side; ip route get ADDRESS":             "检查平台侧网线和路由器；ip route get 地址",
	"ask the city whether this port is open for the box, and whether the broker runs":       "向平台核实端口是否对本机开放、服务是否在运行",
	"name resolved": "名称解析", "route": "路由", "port": "端口", "login": "登录", "canary": "回环报文",
	"TLS (its certificate ends on %s)":                                             "TLS（证书 %s 到期）",
	"the broker's certificate ends on %s":                                          "MQTT 服务器的证书 %s 到期",
	"tell the city":                                                                "通知平台",
	"correct uplink.ca, uplink.certificate or uplink.key":                          "改正 uplink.ca、uplink.certificate 或 uplink.key",
	"its certificate is for %s, and not for %s":                                    "证书属于 %s，不是 %s",
	"set server_name to the name in the certificate":                               "把 server_name 设为证书里的名称",
	"its certificate is signed by %q, which uplink.ca does not contain":            "证书由 %q 签发，uplink.ca 里没有它",
	"ask the city for the certificate of its authority, and put it into uplink.ca": "向平台索取 CA 证书，放进 uplink.ca",
	"the port does not speak TLS":                                                  "端口不是 TLS",
	"ask the city which port is that of mqtts, usually 8883":                       "向平台核实 mqtts 端口，一般是 8883",
	"the broker refuses our side of it: %s":                                        "MQTT 服务器不接受本机证书：%s",
	"check uplink.certificate and uplink.key; the city may have to sign a new one": "请核对 uplink.certificate 和 uplink.key；可能要请平台重新签发",
	"the port is open, and nobody answers the handshake":                           "端口已开，但无人应答 TLS 握手",
	"ask the city whether the broker runs, or a proxy in between swallows":         "向平台核实服务是否运行、中间代理是否吞包",
	"the connection ended in the handshake: %s":                                    "握手中连接断开：%s",
	"ask the city what its broker says of it":                                      "请平台查看服务器日志",
	"its certificate begins only on %s":                                            "证书 %s 才生效",
	"its certificate ended on %s":                                                  "证书已于 %s 到期",
	"and this machine's clock is not set":                                          "而本机时钟未校准",
	"set the clock; if it is right, tell the city":                                 "校准时钟；时钟无误则通知平台",
	"tell the city that it needs a new one; if the clock is wrong, set it":         "通知平台更换；时钟不准则校准",
	"its login is not tried while sitepost runs":                                   "sitepost 运行时不尝试登录",
	"its login was not tried: %s":                                                  "没有尝试登录：%s",
	"the broker refuses the box":                                                   "MQTT 服务器拒绝本机",
	"ask the city for the rights of this box":                                      "请平台开通本机权限",
	"ask the city whether this box is registered":                                  "向平台核实本机是否已登记",
	"the broker does not give our own canary back":                                 "MQTT 服务器没有把回环报文送回来",
	"ask the city whether this box may write up/# and read up/canary":              "请问平台：本机有没有写 up/#、读 up/canary 的权限",
	"refused by the broker: %s":                                                    "MQTT 服务器拒绝：%s",
	"receipts: the broker's word is enough for this site":                          "回执：本现场以 MQTT 服务器的确认为准",
	"receipts of the platform are seen only by a running sitepost":                 "平台回执只有运行中的 sitepost 能看到",
	"start sitepost, then sitepost test --all":                                     "启动 sitepost，然后 sitepost test --all",
	"the platform has not confirmed %d records that its broker has":                "MQTT 服务器已收到 %d 条记录，平台没有回执",
	"tell the city that its platform sends no receipts":                            "通知平台：平台没有发回执",
	"receipts: the platform has confirmed what it was sent":                        "回执：平台已确认收到的全部记录",
	"a sitepost may be running that cannot be asked":                               "可能有 sitepost 在运行但问不到",
	"whether a sitepost runs cannot be seen by this user":                          "当前用户看不到是否有 sitepost 在运行",
	"a sitepost runs that cannot be asked (give its socket with --control)":        "有 sitepost 在运行但问不到（用 --control 指定它的套接字）",

	// explain
	"means": "含义", "cause": "常见原因", "what to do": "怎么办", "told as": "上报方式",
	"%s, lane %s, severity %s": "%s，%s通道，级别%s",
	"no mapping":               "无对应",
	"condition":                "持续报警", "occurrence": "事件",
	"critical": "紧急", "major": "重要", "minor": "一般", "notice": "提示", "info": "信息",
	"codes:\n":                             "代码：\n",
	"notes:\n":                             "设备说明：\n",
	"code or note":                         "代码或设备说明",
	"%s (`sitepost explain` lists all)":    "%s（`sitepost explain` 列出全部）",
	"%s exists already: give another name": "%s 已存在：请换一个名称",

	// the commands
	"look at everything from the power to the platform, and say what to do":             "从电源到平台逐项体检，并说明该怎么办",
	"draw with plain characters, for a terminal that knows no others":                   "只用普通字符，适合不支持其他字符的终端",
	"also write everything into this new file (tar.gz), without a secret":               "同时把全部结果写入这个新文件（tar.gz），不含任何密码",
	"say what a code means and what to do, or print the firmware note of an instrument": "解释代码的含义和处理办法，或打印设备说明",

	`doctor looks at the machine, its disk and its clock, the site file, the network of the
devices, every line and device, and the way to each broker layer by layer, and says in
one line for each how it is. What is not good has a code, a place, a cause and a next
step; the layer at which a way fails is named.

It disturbs nobody: what a running sitepost knows it is asked for, no port is opened, no
camera is sent a password, and nobody logs in at a broker while sitepost runs.

--bundle writes all of it, and what else a person needs who cannot come, into a new file
for the manufacturer, without passwords, keys, users, or card numbers; its list is shown.

It ends with 0 if nothing is wrong, 1 if something is, and 2 if the site file cannot be
opened and no sitepost runs.`: `doctor 检查主机、磁盘和时钟、配置文件、设备网、每条线路和每台设备，以及到每台 MQTT
服务器的通路（逐层），每项用一行说明情况。不正常的都给出代码、位置、原因和下一步，并指出
断在哪一层。

它不打扰任何人：运行中的 sitepost 知道的就问它；不打开串口，不向摄像机发送密码，sitepost
运行时也不登录 MQTT 服务器。

--bundle 把全部结果和远程排查需要的资料写入一个新文件，交给厂家；不含密码、密钥、用户名
和卡号，并显示清单。

退出码：0 没有异常，1 有异常，2 打不开配置文件且没有 sitepost 在运行。`,
	`explain says of a code, as status, doctor and events --json show it, what it means, what
usually causes it and what to do; of a code that goes to the city also how it is told there.

Of a family of devices it prints what is known and how it is known: wiring, factory
settings, what it says, quirks by firmware, and where that is from. NAME is that of a
profile, or

  onvif   cameras and recorders: login, events and what each topic means
  rtsp    their streams: how often they are looked at, what each condition means,
          what to set in the camera
  osdp    card readers on OSDP

Without a name it lists all codes and notes. No network is needed.`: `explain 解释 status、doctor 和 events --json 里出现的代码：含义、常见原因、怎么办；会上报平台的
代码还说明如何上报。

对一类设备则打印已知情况及其来源：接线、出厂设置、协议内容、各固件的毛病。名称写仪表
文件的名称，或者

  onvif   摄像机和录像机：登录、事件、各主题的含义
  rtsp    视频流：多久查看一次、各报警的含义、摄像机该怎么设
  osdp    OSDP 读卡器

不给名称则列出全部代码和说明。不需要网络。`,
}
