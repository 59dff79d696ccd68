package words

// zhCommands is the help of each command.
var zhCommands = map[string]string{
	"edge gateway for the cameras, gates and detectors of a guarded site": "治安保卫现场的边缘网关：摄像机、闸机、安检机、气体探测器",
	`sitepost listens to everything that guards a site and posts what it hears to the city.

A new site:
  sitepost init --write site.toml               write the commented reference file: make it yours
  sitepost check --config site.toml             list every mistake with its place
  sitepost discover --write --config site.toml  find the cameras and add them
  sitepost run --config site.toml               run the site`: `sitepost 接收现场全部技防设备的数据，如实上报城市平台。

新建一个现场：
  sitepost init --write site.toml               写出带注释的参考配置，改成自己的现场
  sitepost check --config site.toml             列出全部错误：在哪里、怎么改
  sitepost discover --write --config site.toml  找出摄像机并写进配置
  sitepost run --config site.toml               运行`,
	"the site file": "现场配置文件",
	"socket between a running sitepost and its tools":                    "守护进程与工具之间的套接字",
	"print JSON instead of words":                                        "输出 JSON，不输出文字",
	"folder of the site's own profiles":                                  "现场自写的仪表文件所在目录",
	"list every mistake of the site file, with its place and what to do": "列出现场配置文件的全部错误：在哪里、怎么改",
	`check reads the site file as run does and lists everything in it that is wrong, in
one go. It opens no line and dials nobody. What this machine lacks, such as a
certificate or a port, is listed as "on this machine".

Of a file that makes sense it then says how full each line is: how long it takes
to ask everybody once, and which share of the time all questions take. These are
reckoned, not measured.`: `check 用和 run 同样的办法读现场配置文件，把里面的错误一次全部列出。它不打开串口，
也不连任何设备。本机缺什么（例如证书、端口），标为“本机”列出。

读得通的文件，接着算出每条线路有多忙：全部问一遍要多久，询问共占多少时间。这是算
出来的，不是测出来的。`,
	"of a file without mistakes, print only how full each line is; what this machine lacks is no matter then": "配置没有错误时，只列出每条线路有多忙；本机缺什么不管",
	`Generate the autocompletion script for the bash shell.

This script depends on the 'bash-completion' package.
If it is not installed already, you can install it via your OS's package manager.

To load completions in your current shell session:

	source <(sitepost completion bash)

To load completions for every new session, execute once:

#### Linux:

	sitepost completion bash > /etc/bash_completion.d/sitepost

#### macOS:

	sitepost completion bash > $(brew --prefix)/etc/bash_completion.d/sitepost

You will need to start a new shell for this setup to take effect.
`: `把 bash 的补全脚本打印到标准输出。需要先装 bash-completion。

只在当前会话里用：

	source <(sitepost completion bash)

以后每次都用（执行一次，重新打开终端后生效）：

	sitepost completion bash > /etc/bash_completion.d/sitepost
`,
	`Generate the autocompletion script for the fish shell.

To load completions in your current shell session:

	sitepost completion fish | source

To load completions for every new session, execute once:

	sitepost completion fish > ~/.config/fish/completions/sitepost.fish

You will need to start a new shell for this setup to take effect.
`: `把 fish 的补全脚本打印到标准输出。

只在当前会话里用：

	sitepost completion fish | source

以后每次都用（执行一次，重新打开终端后生效）：

	sitepost completion fish > ~/.config/fish/completions/sitepost.fish
`,
	`Generate the autocompletion script for powershell.

To load completions in your current shell session:

	sitepost completion powershell | Out-String | Invoke-Expression

To load completions for every new session, add the output of the above command
to your powershell profile.
`: `把 PowerShell 的补全脚本打印到标准输出。

只在当前会话里用：

	sitepost completion powershell | Out-String | Invoke-Expression

以后每次都用：把上面命令的输出写进 PowerShell 的配置文件。
`,
	`Generate the autocompletion script for the zsh shell.

If shell completion is not already enabled in your environment you will need
to enable it.  You can execute the following once:

	echo "autoload -U compinit; compinit" >> ~/.zshrc

To load completions in your current shell session:

	source <(sitepost completion zsh)

To load completions for every new session, execute once:

#### Linux:

	sitepost completion zsh > "${fpath[1]}/_sitepost"

#### macOS:

	sitepost completion zsh > $(brew --prefix)/share/zsh/site-functions/_sitepost

You will need to start a new shell for this setup to take effect.
`: `把 zsh 的补全脚本打印到标准输出。没有开启补全的，先执行一次：

	echo "autoload -U compinit; compinit" >> ~/.zshrc

只在当前会话里用：

	source <(sitepost completion zsh)

以后每次都用（执行一次，重新打开终端后生效）：

	sitepost completion zsh > "${fpath[1]}/_sitepost"
`,
	"discover [--write [ADDRESS…]]":                "discover [--write [地址…]]",
	"find the ONVIF cameras of the device network": "在设备网里找出 ONVIF 摄像机",
	`discover calls for cameras on the device interfaces of the config, and only there,
and asks each that answers who it is. No password is sent to any of them. With
--interface it asks on that interface instead, for this one time.

Each camera is one of these:
  new        the site file does not know it: --write adds it
  known      it is in the site file, and where the file says
  moved      it is in the site file, and now at another address: correct host there
  refused    it is in the site file, and the running sitepost says that it refuses its
             login: correct user or password
  suspected  something there looks like a camera and could not be asked, or is not
             what it claims to be: it answered and cannot be reached, its address is
             outside of the device networks, two addresses claim to be the same
             camera, or another camera stands where one of the site should be

A camera is recognised by its endpoint, which never changes; where the site file
has none, by its serial number, unless others have the same; else by its address.

--sweep also asks every address of network.device_networks, 200 a second (a /24
takes three seconds). It finds cameras behind routers, and behind switches that
lose multicast.

--write adds a [[camera]] for each new camera, or for those at the addresses given,
to the end of the site file. What stands there stays as it is, and is kept beside it
as site.toml.bak. If the file would then have mistakes, they are listed and nothing
is written. Look the new tables over: zone, title and code only a person knows. The
running sitepost goes over to the new file when you say sitepost reload, or at once with
--reload.`: `discover 只在配置写明的设备网口上喊“谁在”，再问每个应答的是什么设备。不向任何一台
发送密码。写了 --interface，就这一次改在那个网口上问。

每台摄像机是下面几种之一：
  新的    配置里没有：--write 可以收进来
  已有    配置里有，地址也对
  换址    配置里有，现在换了地址：请改正 host
  拒绝    配置里有，正在运行的 sitepost 说它拒绝登录：请改正用户名或密码
  存疑    像摄像机，但问不到，或者与它自称的不符：应答了却连不上；地址在设备网段之
          外；两个地址自称是同一台；或者现场某台摄像机的位置上换成了另一台

认摄像机靠端点标识，它永远不变；配置里没写的，靠序列号（别的设备没有同号时）；再没
有，靠地址。

--sweep 另外把 network.device_networks 里的地址逐个问一遍，每秒 200 个（/24 网段三
秒）。隔着路由器的、交换机丢组播的，也能找到。

--write 给每台新摄像机（或给出地址的那几台）写一个 [[camera]]，追加到配置文件末尾。
原有内容一字不动，并留备份 site.toml.bak。写了会出错的，列出错误，什么也不写。写好
后请看一遍：zone、title、code 只有人知道。运行中的 sitepost 在执行 sitepost reload 后
采用新文件；加 --reload 则立即采用。`,
	"how long to wait for answers at most":                                   "最多等应答多久",
	"interface to ask on, instead of the config's":                           "在这个网口上问，不用配置里的",
	"[[login]] of the cameras that are written; needed if there are several": "新写入的摄像机用哪个 [[login]]；有几个时必须写",
	"also ask every address of the device networks":                          "另外把设备网段里的地址逐个问一遍",
	"add the new cameras to the site file, or those at the addresses given":  "把新摄像机，或给出地址的那几台，收进配置文件",
	"[[zone]] of the cameras that are written; needed if there are several":  "新写入的摄像机在哪个 [[zone]]；有几个时必须写",
	"explain NAME": "explain 名称",
	"print the firmware note of an instrument, or of the cameras (onvif, rtsp)": "打印某种仪表的说明页，或摄像机的（onvif、rtsp）",
	`explain prints what is known of a family of devices and how it is known: wiring,
factory settings, what it says, quirks by firmware, and where that is from. NAME is
that of a profile, or

  onvif   cameras and recorders: login, events and what each topic means
  rtsp    their streams: how often they are looked at, what each condition means,
          what to set in the camera
  osdp    card readers on OSDP

A name that is not there lists all that are. No network is needed.`: `explain 打印某类设备我们知道什么、凭什么知道：接线、出厂设置、它说什么、各版固件的
毛病、出处（说明页为英文）。名称写仪表文件的名称，或者

  onvif   摄像机和录像机：登录、事件、每个主题的含义
  rtsp    视频流：多久看一次、每种报警的含义、摄像机里该怎么设
  osdp    OSDP 读卡器

名称不对时，列出全部名称。不需要网络。`,
	"init --write FILE":                "init --write 文件",
	"file to write; it must not exist": "写到哪个文件；不能是已有的",
	"listen LINE|PORT":                 "listen 线路|端口",
	"show what is said on a line: bytes, text and what they mean": "显示线上的报文：字节、文本、含义",
	`listen shows what is said on a line, and writes nothing to it. LINE is one of the
site file; if sitepost is running, it goes on asking and you hear its questions
too (>) and the answers (<). PORT is any port, with or without a site file:

  sitepost listen bus-a
  sitepost listen /dev/ttyUSB0 --settings "9600 8N1" --profile winsen-zp14
  sitepost listen tcp://10.37.20.60:4001 --record door.capture
  sitepost listen /dev/ttyUSB0 --guess

--record writes what was heard in the form that "sitepost try PROFILE CAPTURE"
replays. --guess tries the usual settings one after the other and says which
profile or protocol fits what it hears, and how sure that is; a line of a running
sitepost is lent for that and comes back by itself.`: `listen 显示线上的报文，自己一个字节也不发。线路写配置里的名称：sitepost 正在运行时，
它照常询问，问的（>）和答的（<）都听得到。端口可以是任何端口，有没有配置文件都行：

  sitepost listen bus-a
  sitepost listen /dev/ttyUSB0 --settings "9600 8N1" --profile winsen-zp14
  sitepost listen tcp://10.37.20.60:4001 --record door.capture
  sitepost listen /dev/ttyUSB0 --guess

--record 把听到的录下来，可用“sitepost try 仪表文件 报文文件”重放。--guess 逐个试常用的
串口参数，说出听到的像哪个仪表文件或协议、有多大把握；这期间线路向正在运行的
sitepost 借用，结束自动归还。`,
	"of the instrument, for --profile":                                          "仪表地址，配合 --profile",
	"how long to listen; with --guess, per setting (default: until Ctrl-C; 6s)": "听多久；配合 --guess 时是每种参数听多久（不写：听到 Ctrl-C 为止；--guess 为 6s）",
	"find out the settings and what is spoken":                                  "猜串口参数和协议",
	"also decode with this profile":                                             "同时用这个仪表文件解码",
	"file to write the capture to; it must not exist":                           "把报文录到哪个文件；不能是已有的",
	"settings of the port, as on the label: \"9600 8N1\"":                       "串口参数，照标签写：\"9600 8N1\"",
	"login CAMERA": "login 摄像机",
	"try the login of one camera or recorder now": "马上再试一次某台摄像机或录像机的登录",
	`login tries the login of a camera or recorder of the site file once and says who
answered. After two refused logins sitepost waits half an hour, or until the
password is another one, so that the camera does not lock it out; this command is
how a person says that it shall try now.

If sitepost is running it tries itself; if not, the tool asks the camera.`: `login 把配置里某台摄像机或录像机的登录试一次，说出应答的是谁。登录被拒两次后，
sitepost 要等半小时，或等密码换了才再试，以免把账号锁死；人要它马上再试，就用这条
命令。

sitepost 正在运行时由它去试；没有运行时由本工具去试。`,
	"begin a new profile from a commented template": "用带注释的模板新建仪表文件",
	"profile --modbus|--ask|--listen NAME":          "profile --modbus|--ask|--listen 名称",
	"write a commented profile to begin with":       "写出一个带注释的仪表文件模板",
	`profile writes NAME.toml into the present folder. It proves itself as it stands;
change it line by line into your instrument, with the manual's page or a capture
beside it, and let "sitepost try NAME.toml" tell when it is right.

  --modbus   the manual has a table of registers
  --ask      the instrument answers a question in bytes or text
  --listen   the instrument speaks by itself`: `profile 在当前目录写出 名称.toml，原样就能通过检验。对照说明书的一页或录下的报文，
一行一行改成自己的仪表，每次用“sitepost try 名称.toml”检验对不对。

  --modbus   说明书上有寄存器表
  --ask      一问一答（字节或文本）
  --listen   仪表主动上报`,
	"it answers a question in bytes or text": "一问一答（字节或文本）",
	"it speaks by itself":                    "仪表主动上报",
	"the manual has a table of registers":    "说明书上有寄存器表",
	"probe rtsp://ADDRESS/PATH":              "probe rtsp://地址/路径",
	"measure one stream and judge it: codec, size, fps, bitrate, GOP, loss, jitter, clock": "实测一路视频流并对照标准：编码、尺寸、帧率、码率、GOP、丢包、抖动、时钟",
	`probe dials the one address given, plays its video and measures what arrives: no
picture is decoded, and nothing the camera says of itself is taken for measured.
Then it holds the figures against the norm and says what to do about each that is
not met. Beside each figure stands how much it rests on. What was not observed is
not printed, and what was seen too little of to be judged is listed as such: a loss
takes 5,000 packets, which is 15 s of a stream of 4 Mbit/s.
"sitepost explain rtsp" says what to set in a camera, and why.

Ten seconds hold a few whole GOPs and mostly an RTCP sender report, which tells how
far the camera's clock is off. Look longer with --for if it is missing.

The limits are [stream] and [hd] of the site file, if there is one at --config;
else loss 0.1 %, jitter 50 ms, 25 frames a second and 2 Mbit/s by GB/T 28181-2016
chapter 5, and sitepost's own for the clock and the first picture, 5 s each. Which
were used is said in the last line.

Over TCP, the default, a network's losses are repaired and cannot be seen: the loss
is what the camera itself dropped. With --transport udp or multicast the network is
measured too. For rtsps the certificate that was seen is printed; with --pin no
other one is taken.

A password typed into the URL is taken out of it before anything is dialled or
printed; --password-file keeps it out of the shell's history too. One run makes one
attempt to log in, so that no camera is locked by it.

The exit code is 0 if all that could be judged is met, 1 if something is not or no
picture came, and 2 for a bad command line.`: `probe 只连给出的这一个地址，拉它的视频，测实际收到的内容：不解码，摄像机自称的不算
实测。然后对照标准，凡不达标的，说明该怎么处理。每个数字旁边注明依据了多少样本；没
测到的不打印，样本不够下结论的单列：判断丢包要 5000 个包，4 Mbit/s 的视频流要 15 秒。
摄像机里该怎么设、为什么，见“sitepost explain rtsp”。

十秒里有几个完整的 GOP，多半也有一个 RTCP 发送者报告，从中得知摄像机时钟差多少。
没有的话，用 --for 看久一点。

限值取 --config 那份配置里的 [stream] 和 [hd]；没有配置时，丢包 0.1%、抖动 50 ms、每
秒 25 帧、2 Mbit/s，依据 GB/T 28181-2016 第 5 章；时钟和首帧各 5 秒，是 sitepost 自
定的。用了哪一套，最后一行写明。

默认走 TCP，网络丢的包由它补上，看不出来：测到的丢包是摄像机自己丢的。写 --transport
udp 或 multicast，网络丢包也测。rtsps 会打印看到的证书；写了 --pin，只认那一张。

密码写在网址里的，连接和打印之前都会去掉；用 --password-file，命令历史里也不留。一次
运行只登录一次，不会把摄像机锁死。

退出码：能判断的都达标为 0；有不达标的或没有画面为 1；命令写错为 2。`,
	"how long to look":                                  "看多久",
	"file that holds the password":                      "存放密码的文件",
	"the only certificate to take, for rtsps: sha256:…": "rtsps 只认这张证书：sha256:…",
	"user name":      "用户名",
	"run the site":   "运行现场",
	"scan LINE|PORT": "scan 线路|端口",
	"ask which Modbus addresses on a line answer": "问一问线上哪些 Modbus 地址有应答",
	`scan reads one register from each Modbus address and lists who answers. It listens
for 3 s first and asks nothing where another master does. All addresses take a
minute and a half; 126 and 235 are left out, for a gate could take a question to
them for a command.

LINE is one of the site file, and all its instruments must be Modbus: a question
in Modbus may mean something else to another protocol. If sitepost is running it
lends the line meanwhile. PORT is any port on which nothing but Modbus hangs:

  sitepost scan bus-a
  sitepost scan /dev/ttyUSB0 --settings "9600 8N1"`: `scan 向每个 Modbus 地址读一个寄存器，列出谁应答了。它先听 3 秒，有别的主站在问就不
问。全部地址要一分半钟；126 和 235 跳过，因为闸机可能把这样的询问当成命令。

线路写配置里的名称，上面必须全是 Modbus 仪表：Modbus 的询问在别的协议里可能是别的意
思。sitepost 正在运行时，这期间线路向它借用。端口可以是任何只接 Modbus 的端口：

  sitepost scan bus-a
  sitepost scan /dev/ttyUSB0 --settings "9600 8N1"`,
	"which addresses to ask":                                "问哪些地址",
	"show how the running site stands, what is wrong first": "现场现在怎么样，有问题的排在最前",
	`status asks the running sitepost how its site stands: the city, the disk, the clock,
every device. What is wrong comes first, with what to do about it. That the city is
gone is seen within 20 seconds.

It ends with 0 if all is well, 1 if something is wrong, and 2 if no sitepost runs.`: `status 问正在运行的 sitepost 现场怎么样：平台、磁盘、时钟、每台设备。有问题的排在最
前，后面跟着该做什么。平台断开，20 秒内就能看到。

退出码：一切正常为 0；有问题为 1；没有 sitepost 在运行为 2。`,
	"look at what the site keeps on disk":     "查看现场存在盘上的内容",
	"read all of it and list what is damaged": "通读一遍，列出损坏之处",
	`verify reads every page of store.db and of the files beside it, looks at the checksum
of every value and at the numbers of every record, and lists what is wrong. It changes
nothing. The daemon must not run meanwhile; it needs no such check itself: what it
finds damaged while it runs it replaces.`: `verify 把 store.db 和旁边的文件逐页读一遍，核对每个值的校验和、每条记录的编号，列出
有问题的。它什么也不改。期间守护进程不能运行；守护进程自己不需要这样检查，运行中发
现损坏，它会自己替换。`,
	"list the records that were set aside because every connection died on them": "列出因每次连接都断在上面而搁置的记录",
	`aside lists the records that could not be sent: each connection to the broker ended
on them, so that they were taken out of the way of all that came behind. The city was
told their numbers (store.gap), and not what they said. With --json it prints them whole,
to be handed over by other means. It changes nothing. The daemon must not run meanwhile.`: `aside 列出发不出去的记录：每次连接 broker 都断在它们上面，为了不挡住后面的，已经搁
置。平台收到的只是编号（store.gap），不知道内容。加 --json 打印全文，可用别的办法交给
平台。它什么也不改。期间守护进程不能运行。`,
	"the folder that holds store.db; that of the site file if not given": "store.db 所在目录；不写则取配置里的",
	"try PROFILE.toml [CAPTURE]":                                         "try 仪表文件.toml [报文文件]",
	"prove a profile with its own bytes, or decode a capture with it":    "用自带样例检验仪表文件，或用它解一段录下的报文",
	`try runs every [[try]] of a profile and prints one line for each:

  ok 3
  differs 4: want [gas.alarm.own raised], got [gas.reading 300 ppm]

With a capture, as "sitepost listen --record" writes it, it prints the events that
the profile reads from it. PROFILE is a file, or the name of a profile that comes
with sitepost.`: `try 把仪表文件里每个 [[try]] 跑一遍，每个打印一行：

  正确 3
  不符 4：应为 [gas.alarm.own raised]，实为 [gas.reading 300 ppm]

给出录下的报文（“sitepost listen --record”录的），就打印从中解出的事件。仪表文件写文
件名，或随程序提供的名称。`,
	"of the instrument in the capture":            "报文文件里仪表的地址",
	"how the packets come: tcp, udp or multicast": "传输方式：tcp、udp 或 multicast",
	"language: en or zh, in UTF-8 (a terminal in GBK wants en); otherwise that of LC_ALL, LC_MESSAGES or LANG": "语言：en 或 zh，都用 UTF-8 编码（GBK 终端请用 en）；不写则看 LC_ALL、LC_MESSAGES、LANG",
}
