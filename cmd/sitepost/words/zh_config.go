package words

// The words of this book, so that one thing has one name in all chapters:
//
//	the city, platform   平台                 broker               MQTT 服务器
//	receipt              回执                 lane                 通道
//	site file            现场配置文件         key, table, value    键、表、值
//	line                 线路                 port                 端口
//	serial server        串口服务器           second master        另一个主站
//	instrument           仪表                 profile              仪表文件
//	gas detector         气体探测器           contact module       开关量模块
//	X-ray machine        安检机               metal detector gate  安检门
//	gate                 闸机                 card reader          读卡器
//	camera, recorder     摄像机、录像机       stream               视频流
//	zone                 区域                 device network       设备网
//	alarm, event         报警、事件           reading              读数
//	condition            持续的报警           raised, cleared      发生、解除
//	store, record        存储、记录           capture              录下的报文
//	silent, offline      失联、离线           disabled             停用
//	maintenance          维护                 frame                报文
//	note                 说明页               login                登录
//	box                  主机、本机           canary               回环报文
//	accepted, rejected   接受、被拒绝         directory            目录
//
// Keys, file names, commands and what is written in quotes stay as they are.

// zhConfig is what `sitepost check` says of how a site file is written.
var zhConfig = map[string]string{
	// of every finding
	"note: %s":                         "提示：%s",
	"on this machine: %s":              "本机：%s",
	"note":                             "提示",
	"on this machine":                  "本机",
	"%s did you mean %q?":              "%s 是不是想写 %q？",
	" did you mean %q?":                " 是不是想写 %q？",
	"and %d more: correct these first": "还有 %d 处：先改正上面这些",
	"%v: give the path with --config, or write a first file with `sitepost init --write FILE`":                      "%v：请用 --config 指出文件，或先用 `sitepost init --write 文件` 写出一份",
	"permission denied: to look as yourself use sudo; that the daemon can read it, chown root:sitepost, chmod 0640": "没有权限：自己查看请用 sudo；要让后台程序能读，请 `chown root:sitepost`、`chmod 0640`",
	"the file is larger than 1 MiB: this is not a site.toml":                                                        "文件超过 1 MiB：这不是 site.toml",
	"the line is longer than 8 KiB: this is not a site.toml":                                                        "这一行超过 8 KiB：这不是 site.toml",

	// where it stands
	"the file":       "文件",
	"this [[%s]]":    "这个 [[%s]]",
	"key":            "键",
	"table":          "表",
	"zone %q":        "区域 %q",
	"line %q":        "线路 %q",
	"instrument %q":  "仪表 %q",
	"camera %q":      "摄像机 %q",
	"recorder %q":    "录像机 %q",
	"login %q":       "登录 %q",
	"broker %q":      "服务器 %q",
	"input %q":       "输入 %q",
	"limits of %s":   "%s 的 limits",
	"span of %s":     "%s 的 span",
	"disabled of %s": "%s 的 disabled",
	"zone":           "区域",
	"line":           "线路",
	"instrument":     "仪表",
	"camera":         "摄像机",
	"recorder":       "录像机",
	"login":          "登录",
	"broker":         "服务器",
	"the zone":       "区域",
	"the line":       "线路",
	"the instrument": "仪表",
	"the camera":     "摄像机",
	"the recorder":   "录像机",
	"the login":      "登录",
	"the broker":     "服务器",

	// encoding
	"the file %s: save it as \"UTF-8\" without BOM (Windows Notepad: 另存为, 编码 UTF-8)": "文件%s：请另存为不带 BOM 的“UTF-8”（Windows 记事本：另存为，编码选 UTF-8）",
	"begins with a byte order mark (BOM)":                                            "开头有 BOM 标记",
	"looks like UTF-16 and is not":                                                   "像 UTF-16，又不是",
	"is in UTF-16 (Notepad calls it \"Unicode\")":                                    "是 UTF-16 编码（记事本里叫“Unicode”）",
	"%s: save the file as UTF-8 (文件不是 UTF-8 编码: 记事本 另存为 → 编码 UTF-8; SecureCRT: 会话编码 UTF-8)": "%s：请把文件存成 UTF-8（记事本：另存为，编码选 UTF-8；SecureCRT：会话编码选 UTF-8）",
	"byte 0x%02X is not UTF-8":                                           "字节 0x%02X 不是 UTF-8",
	"this text is in GBK, not UTF-8":                                     "这里的文字是 GBK 编码，不是 UTF-8",
	"%s (and in %d more lines)":                                          "%s（另有 %d 行也是）",
	" (and in %d more lines)":                                            "（另有 %d 行也是）",
	"tab: %s: use spaces (most editors can insert them for the tab key)": "制表符：%s：请用空格（多数编辑器可以设成按 Tab 键插入空格）",
	"tab":                               "制表符",
	"full-width or invisible character": "全角或看不见的字符",
	"column %d":                         "第 %d 列",
	"column %d is %U, %s":               "第 %d 列是 %U，%s",
	"column %d is %q instead of '%s'":   "第 %d 列是 %q，应为 '%s'",
	"a full-width space":                "全角空格",
	"a no-break space":                  "不间断空格",
	"not an ordinary space":             "不是普通空格",
	"an invisible character":            "看不见的字符",
	"use spaces (most editors can insert them for the tab key)":    "请用空格（多数编辑器可以设成按 Tab 键插入空格）",
	"type it again with the input method switched to English (半角)": "请把输入法切换到英文（半角）重打一遍",

	// syntax
	"%s (the rest of the file is not checked before this is corrected)":                                                                       "%s（改正这里以后，才会检查文件的其余部分）",
	"%q stands here again, first in line %d: remove one of them":                                                                              "%q 在这里重复了，第一次在第 %d 行：删去其中一处",
	"%s: write each table once, with all its keys below":                                                                                      "%s：每个表只写一次，它的键都写在下面",
	": write each table once, with all its keys below":                                                                                        "：每个表只写一次，它的键都写在下面",
	"a text that begins with \" ends with \", not with a full-width quote: type it with the input method switched to English (半角)":            "以 \" 开头的文字要以 \" 结尾，不能用全角引号：请把输入法切换到英文（半角）重打",
	"%s is no value: write true or false, in small letters and without quotes (the rest of the file is not checked before this is corrected)": "%s 不是值：请写 true 或 false，小写，不加引号（改正这里以后，才会检查文件的其余部分）",
	"text and figures with a unit stand in quotes: write them like \"60s\"":                                                                   "文字和带单位的数字要加引号：如 \"60s\"",
	"a value is missing or has no quotes: text stands in quotes, lists in [ ], tables in { }":                                                 "缺少值，或值没有加引号：文字加引号，列表用 [ ]，表用 { }",
	"a value is missing behind the \"=\": write it, or put # before the line":                                                                 "“=”后面缺少值：请补上，或在行首加 #",
	"text stands in quotes; without them only numbers, dates, true and false":                                                                 "文字要加引号；不加引号的只有数字、日期、true 和 false",
	"a \"=\" is missing behind the key: write key = value":                                                                                    "键后面缺少“=”：写成 键 = 值",
	"a key of small letters, digits and _ should stand here":                                                                                  "这里应该是一个键：小写字母、数字和 _",
	"a bracket is missing: write [name] or [[name]]":                                                                                          "缺少方括号：写成 [name] 或 [[name]]",
	"the closing \" is missing, or a \" or \\ inside the text: put ' around a text with \" in it":                                             "缺少结尾的 \"，或者文字里有 \" 或 \\：文字里有 \" 时，外面改用 '",
	"the closing ' is missing": "缺少结尾的 '",
	"\\ has a meaning of its own between \" and \": write \\\\, or put ' around the text":                                     "两个 \" 之间的 \\ 有特殊含义：写成 \\\\，或者外面改用 '",
	"nothing may follow the value: text and figures with a unit stand in quotes (\"60s\"), and each key on a line of its own": "值后面不能再有别的：文字和带单位的数字要加引号（\"60s\"），每个键单独一行",
	"the list is not closed, or lacks a comma: write [\"a\", \"b\"]":                                                          "列表没有结束，或缺少逗号：写成 [\"a\", \"b\"]",
	"the table is not closed, or lacks a comma: write {a = 1, b = 2}":                                                         "表没有结束，或缺少逗号：写成 {a = 1, b = 2}",
	"the lines end as on an old Macintosh: save the file with the line ends of Linux or Windows":                              "换行是老式 Macintosh 的格式：请存成 Linux 或 Windows 的换行格式",
	"a character that cannot be seen stands here: type the line again":                                                        "这里有看不见的字符：请重打这一行",
	"lists and tables stand too deep in each other: write [table], and its keys below":                                        "列表和表嵌套太深：请写 [表]，它的键写在下面",
	"this is not a number: write it in decimal digits":                                                                        "这不是数字：请用十进制写",
	"a number does not begin with 0: a code or telephone number stands in quotes":                                             "数字不能以 0 开头：编码和电话号码要加引号",

	"key %s already exists as a %s, but should be an array table": "键 %s 已是 %s，这里却当成 [[表]] 用",
	"key %s already exists as a value":                            "键 %s 已经有值",
	"key %s is already defined":                                   "键 %s 重复了",
	"key %s should be a table, not a %s":                          "键 %s 应为表，不是 %s",
	"table %s already exists as an array of tables":               "表 %s 已写成多个",
	"table %s already exists as defined by a dotted key":          "表 %s 已用带点的键写过",
	"table %s already exists":                                     "表 %s 重复了",

	// keys and tables
	"%s has no %q: write %s":                                                           "%s缺少 %q：请写 %s",
	"unknown %s %q in %s: correct it or take it out":                                   "%[3]s里有不认识的%[1]s %[2]q：改正或删去",
	"there is only one %q: write [%s]":                                                 "%q 只有一个：写成 [%s]",
	"%s: expected a table, found %s: write %s = {key = value}":                         "%s：应为表，这里是%s：写成 %s = {键 = 值}",
	"expected a table, found %s: write [%s] and its keys below, or %s = {key = value}": "应为表，这里是%s：写 [%s]，它的键写在下面；或写 %s = {键 = 值}",
	"expected a list, found %s: put brackets around it, [ ]":                           "应为列表，这里是%s：请加上方括号 [ ]",
	"expected a table, found %s: write %s = {key = value}":                             "应为表，这里是%s：写成 %s = {键 = 值}",
	"there may be several %q: write [[%s]]":                                            "%q 可以有多个：写成 [[%s]]",
	"%s: expected a list, found %s: put brackets around it, [ ]":                       "%s：应为列表，这里是%s：请加上方括号 [ ]",

	"[site] and below it name = \"…\"": "[site]，下面写 name = \"…\"",
	"the protocol of %q":               "仪表文件 %q 的协议",

	// what was expected, what was found
	"expected %s":               "应为%s",
	"expected %s, found %s: %s": "应为%s，这里是%s：%s",
	"expected %s, found %s: write it without a decimal point":   "应为%s，这里是 %s：不要写小数点",
	"write year-month-day without quotes":                       "写成 年-月-日，不加引号",
	"write the unit, and quotes around both":                    "请写上单位，数字和单位一起加引号",
	"write one, without the brackets":                           "只写一个，不加方括号",
	"write digits without quotes and unit":                      "只写数字，不加引号，不带单位",
	"write true or false, without quotes":                       "写 true 或 false，不加引号",
	"write a value behind the \"=\"":                            "“=”后面请写一个值",
	"put it in quotes":                                          "请加引号",
	"text":                                                      "文字",
	"a number":                                                  "数字",
	"a whole number":                                            "整数",
	"true or false":                                             "true 或 false",
	"a list":                                                    "列表",
	"a table":                                                   "表",
	"a date or time":                                            "日期或时间",
	"a duration such as \"10s\"":                                "时长，如 \"10s\"",
	"a duration such as \"10s\", or \"never\"":                  "时长，如 \"10s\"，或 \"never\"",
	"a size such as \"1GiB\"":                                   "大小，如 \"1GiB\"",
	"a size such as \"1920x1080\"":                              "尺寸，如 \"1920x1080\"",
	"a bit rate such as \"2Mbit/s\"":                            "码率，如 \"2Mbit/s\"",
	"a date such as 2026-03-01":                                 "日期，如 2026-03-01",
	"a name such as \"gas-1\"":                                  "名称，如 \"gas-1\"",
	"a code of 20 digits":                                       "20 位编码",
	"a place of 7 digits":                                       "7 位的位置代码",
	"a terminal such as 1 or \"DI0\"":                           "端子，如 1 或 \"DI0\"",
	"an endpoint such as \"urn:uuid:…\"":                        "端点标识，如 \"urn:uuid:…\"",
	"a fingerprint such as \"sha256:…\"":                        "证书指纹，如 \"sha256:…\"",
	"bytes such as \"'AC' 0D\"":                                 "字节，如 \"'AC' 0D\"",
	"settings such as \"9600 8N1\"":                             "串口参数，如 \"9600 8N1\"",
	"a program such as \"/usr/local/bin/city-lamp\"":            "程序，如 \"/usr/local/bin/city-lamp\"",
	"a secret's place such as \"file:/etc/sitepost/secrets/…\"": "密码存放处，如 \"file:/etc/sitepost/secrets/…\"",
	"a user, or its place such as \"file:/etc/sitepost/secrets/…\"":          "用户名，或它的存放处，如 \"file:/etc/sitepost/secrets/…\"",
	"a network such as \"10.37.20.0/24\"":                                    "网段，如 \"10.37.20.0/24\"",
	"an interface such as \"enp2s0\"":                                        "网口，如 \"enp2s0\"",
	"an address such as \"10.37.20.11\"":                                     "地址，如 \"10.37.20.11\"",
	"an address such as \"10.37.1.5\"":                                       "地址，如 \"10.37.1.5\"",
	"an address such as \"mqtts://10.37.1.10:8883\"":                         "地址，如 \"mqtts://10.37.1.10:8883\"",
	"an address such as \"127.0.0.1:8480\"":                                  "地址，如 \"127.0.0.1:8480\"",
	"a path such as \"/etc/sitepost/…\"":                                     "路径，如 \"/etc/sitepost/…\"",
	"a port such as \"/dev/serial/by-path/…\" or \"tcp://10.37.20.60:4001\"": "端口，如 \"/dev/serial/by-path/…\" 或 \"tcp://10.37.20.60:4001\"",

	// what is missing, with its reason
	"name = \"…\", the permanent name of the site ([a-z0-9-], 1-32 characters)": "name = \"…\"，现场的永久名称（[a-z0-9-]，1～32 个字符）",
	"key_id = \"…\", the city's name for this key":                              "key_id = \"…\"，平台给这把密钥的名称",
	"class = \"entrance\", the kind of place":                                   "class = \"entrance\"，是什么样的地方",
	"port = \"/dev/serial/by-path/…\" or \"tcp://address:port\"":                "port = \"/dev/serial/by-path/…\" 或 \"tcp://地址:端口\"",
	"line = \"…\", the name of a [[line]]":                                      "line = \"…\"，某个 [[line]] 的名称",
	"low = 0, what the transmitter means by 4 mA":                               "low = 0，变送器 4 mA 代表的值",
	"high = 100, what it means by 20 mA":                                        "high = 100，20 mA 代表的值",
	"unit = \"%LEL\", as on the transmitter":                                    "unit = \"%LEL\"，照变送器上写的",
	"unit = \"%LEL\", as on the detector":                                       "unit = \"%LEL\"，照探测器上写的",
	"low = 25, the figure":                                                      "low = 25，低限",
	"high = 50, the figure":                                                     "high = 50，高限",
	"since = 2026-11-01, the day":                                               "since = 2026-11-01，从哪天起",
	"why = \"…\", the reason for whoever reads it in a year":                    "why = \"…\"，原因，一年后看的人要能看懂",
	"terminal = 1, as printed beside the screw":                                 "terminal = 1，照接线端子旁印的写",
	"code = \"panic.pressed\", a word of the dictionary":                        "code = \"panic.pressed\"，字典里的一个代码",
	"user = \"…\", the ONVIF user":                                              "user = \"…\"，ONVIF 用户名",
	"host = \"…\", its address":                                                 "host = \"…\"，它的地址",
	"login = \"…\", the name of a [[login]]":                                    "login = \"…\"，某个 [[login]] 的名称",
}
