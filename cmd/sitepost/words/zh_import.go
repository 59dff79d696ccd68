package words

// zhImport is what import says: of the command, of the site file, of the table.
var zhImport = map[string]string{
	"take a table of points (点位表) into the site file":                                         "把点位表导入配置文件",
	"write what is shown into the site file":                                                  "把显示的改动写入配置文件",
	"[[login]] of the new cameras; needed if there are several":                               "新摄像机用的 [[login]]；有多个时必填",
	"[[zone]] of the new cameras for which the table names none; needed if there are several": "点位表没写区域的新摄像机所属的 [[zone]]；有多个时必填",
	"how the names of new cameras begin":                                                      "新摄像机名称的前缀",
	"system of the positions: wgs84, gcj02, cgcs2000 or bd09":                                 "经纬度的坐标系：wgs84、gcj02、cgcs2000 或 bd09",
	"--coordinates %q is not known: write wgs84, gcj02, cgcs2000 or bd09":                     "--coordinates：没有坐标系 %q，请写 wgs84、gcj02、cgcs2000 或 bd09",
	"--prefix %q: names are in a-z, 0-9 and -, and a prefix has at most 26 characters":        "--prefix %q：名称只能用 a-z、0-9 和 -，前缀最多 26 个字符",
	"--coordinates says %s, and a heading of the table says %s: correct one of them":          "--coordinates 写的是 %s，点位表表头写的是 %s：请改正其中一个",
	"%s: encoding %s, separator %q, points: %d\n":                                             "%s：编码 %s，分隔符 %q，点位 %d 个\n",
	"%s stays as it is: correct the table first\n":                                            "%s 未改动：请先改正点位表\n",
	"nothing new: %s stays as it is\n":                                                        "没有新内容：%s 未改动\n",
	"new cameras: %d, filled in: %d, new zones: %d":                                           "新增摄像机 %d 台，补全 %d 台，新增区域 %d 个",
	"note: %s": "提示：%s",
	"%s\nnothing is written yet: look it over, above all the names, and say it again with --write\n": "%s\n尚未写入：请先核对，尤其是名称，然后加 --write 再执行一次\n",
	"%s\nwrote %s; as it was before: %s\n":                                                         "%s\n已写入 %s；原文件保存为 %s\n",
	"next: look over zones and names, then `sitepost check --config %s`, then `sitepost reload`\n": "下一步：核对区域和名称，运行 sitepost check --config %s，再运行 sitepost reload\n",
	"sitepost: %s stays as it is, for it would then have these mistakes:\n":                        "sitepost：%s 未改动，否则会有以下错误：\n",
	"by `sitepost import`":                                       "由 `sitepost import` 写入",
	"by `sitepost import`: row %d of %s":                         "由 `sitepost import` 写入：第 %d 行，%s",
	"what kind of place it is: `sitepost check` lists the words": "区域类别待选：运行 `sitepost check` 可列出可用的词",
	"stands at: %s":                                              "安装地址：%s",
	"longitude %.6f, latitude %.6f (%s)":                         "经度 %.6f，纬度 %.6f（%s）",

	// The points beside the site file.
	"site %q": "现场 %q",
	"the code %s is of type %s, not of a camera (131, 132), and the row is left out: write the code into the table of its device by hand":      "编码 %s 的类型是 %s，不是摄像机（131、132），该行未导入：请把编码手工写到对应设备的表里",
	"the table does not say in which system its positions are, and they are left out: ask, and say --coordinates wgs84 or gcj02":               "点位表没说明经纬度的坐标系，经纬度未导入：请问清楚，再加 --coordinates wgs84 或 gcj02",
	"%q is behind recorder %q and has no channel: fill in 通道号, as the recorder's screen counts":                                                "%q 接在录像机 %q 上，但没有通道号：请按录像机画面上的编号填写“通道号”",
	"several points with channels of their own have the address %s: write a [[recorder]] with it into the site file first":                     "多个带通道号的点位都是地址 %s：请先在配置文件里为它写一个 [[recorder]]",
	"%s is outside of device_networks, and sitepost dials nothing there: correct the address, or add its network to [network] device_networks": "%s 不在 device_networks 范围内，sitepost 不会连接：请改正地址，或把网段加到 [network] 的 device_networks",
	"there is no recorder %q in the site file: write a [[recorder]] with it as title first":                                                    "配置文件里没有录像机 %q：请先写一个以它为 title 的 [[recorder]]",
	"the point has no address and no recorder: fill in IP地址, or 录像机 and 通道号":                                                                   "该点位没有地址也没有录像机：请填写“IP地址”，或“录像机”和“通道号”",
	"which zone? fill in the column %q, or say --zone":                                                                                         "属于哪个区域？请填写 %q 列，或加 --zone",
	"this is camera %q (%s), as row %d is: take one of the rows out":                                                                           "这是摄像机 %q（%s），与第 %d 行相同：请删去其中一行",
	"the code is %s here, and camera %q has %s (%s): ask the city which is right":                                                              "此处编码是 %s，而摄像机 %q 的编码是 %s（%s）：请向平台核实哪个正确",
	"the code %s is that of %s in the site file: copy each as the city gave it":                                                                "编码 %s 在配置文件里属于 %s：请按平台下发的逐个抄写",
	"this is camera %q (%s), and the address %s is that of camera %q (%s): correct the table, or the site file":                                "这是摄像机 %q（%s），而地址 %s 属于摄像机 %q（%s）：请改正点位表或配置文件",
	"camera %q is at %s in the site file (%s), which stays: correct it there if it moved":                                                      "摄像机 %q 在配置文件里的地址是 %s（%s），未改动：若已换址请在那里改正",
	"camera %q has the title %q in the site file (%s), which stays":                                                                            "摄像机 %q 在配置文件里的名称是 %q（%s），未改动",
	"camera %q has another zone in the site file (%s), which stays":                                                                            "摄像机 %q 在配置文件里属于另一个区域（%s），未改动",
	"camera %q of the site file (%s) has the same title: is it this one? Then correct its address or code":                                     "配置文件里的摄像机 %q（%s）名称相同：若是同一台，请改正其地址或编码",

	// The table itself.
	"the file is larger than 4 MiB: this is not a table of points":                                                                   "文件大于 4 MiB：这不是点位表",
	"this is an Excel workbook, not CSV: save it with 另存为 → CSV UTF-8 (逗号分隔)":                                                        "这是 Excel 工作簿，不是 CSV：请用“另存为 → CSV UTF-8（逗号分隔）”保存",
	"line %d is neither UTF-8 nor GBK: save the file anew (Excel: 另存为 → CSV UTF-8; Windows Notepad: 另存为, 编码 UTF-8)":                  "第 %d 行既不是 UTF-8 也不是 GBK：请重新保存（Excel：另存为 → CSV UTF-8；记事本：另存为，编码选 UTF-8）",
	"no row of the first %d says what the columns are: write headings such as 点位名称, 国标编码, IP地址 (or name, code, ip) above the points": "前 %d 行里没有表头：请在点位上方写表头，如 点位名称、国标编码、IP 地址",
	"column %q is not read":                                                              "%q 列未读取",
	"the table has more than %d rows: take it apart":                                     "点位表超过 %d 行：请拆分",
	"the row has more than %d columns: this is not a table of points":                    "该行超过 %d 列：这不是点位表",
	"the quotation mark that begins this cell is never closed: take it out, or close it": "该单元格开头的引号没有配对：请删去或补上",
	"the row that begins with %q has no code and no address, and is left out":            "以 %q 开头的行没有编码也没有地址，未导入",
	"the cell has %d characters, and %d are enough: shorten it":                          "单元格有 %d 个字，最多 %d 个：请缩短",
	"the code was destroyed by Excel, and only %s is left of it: ask for the table anew, with the column set to text (单元格格式 → 文本) before the numbers are put in":                                   "编码已被 Excel 破坏，只剩 %s：请重新索取点位表，并在录入前把该列设为文本（单元格格式 → 文本）",
	"the code %s ends in five zeros: Excel keeps 15 digits of a number and has destroyed the rest: ask for the table anew, with the column set to text (单元格格式 → 文本) before the numbers are put in": "编码 %s 末五位全是 0：Excel 的数字只保留 15 位，后面的已被破坏：请重新索取点位表，并在录入前把该列设为文本（单元格格式 → 文本）",
	"the MAC address was destroyed by Excel, and only %s is left of it: ask for the table anew, with the column set to text (单元格格式 → 文本) before the numbers are put in":                            "MAC 地址已被 Excel 破坏，只剩 %s：请重新索取点位表，并在录入前把该列设为文本（单元格格式 → 文本）",
	"the serial number was destroyed by Excel, and only %s is left of it: ask for the table anew, with the column set to text (单元格格式 → 文本) before the numbers are put in":                          "序列号已被 Excel 破坏，只剩 %s：请重新索取点位表，并在录入前把该列设为文本（单元格格式 → 文本）",
	"%q is not a code: it has 20 digits, copy it as the city gave it":                                                   "%q 不是国标编码：编码为 20 位数字，请按平台下发的抄写",
	"the code %s begins with %q, and no region of China does: copy it as the city gave it":                              "编码 %s 以 %q 开头，没有这样的行政区划：请按平台下发的抄写",
	"the code %s has the type %q in digits 11 to 13, and there is none below 111: copy it as the city gave it":          "编码 %s 第 11 至 13 位的类型是 %q，没有小于 111 的类型：请按平台下发的抄写",
	"%q is not an IP address: write it such as 10.37.20.11, without a name, a path or zeros in front":                   "%q 不是 IP 地址：请写成 10.37.20.11 这样，不要写域名、路径，各段前面不要补 0",
	"no camera has the address %s: write its own":                                                                       "摄像机不会是地址 %s：请写它自己的地址",
	"%q is not a MAC address: write it such as 44:19:b6:01:02:03":                                                       "%q 不是 MAC 地址：请写成 44:19:b6:01:02:03 这样",
	"%q is not a channel: write its number, as the recorder's screen counts, from 1":                                    "%q 不是通道号：请写录像机画面上的编号，从 1 开始",
	"the position is not read: write longitude and latitude in degrees with decimals, such as 118.380000 and 31.350000": "经纬度未读取：请写成带小数的度数，如 118.380000 和 31.350000",
	"longitude and latitude have changed places, and the position is not taken: the longitude of China is %d to %d":     "经度和纬度写反了，未导入：中国的经度在 %d 到 %d 之间",
	"the position lies outside of China, and is not taken: write degrees with decimals":                                 "经纬度不在中国境内，未导入：请写带小数的度数",
	"the code %s stands in row %d too: each point has its own, ask the city which is right":                             "编码 %s 在第 %d 行也有：每个点位的编码不同，请向平台核实",
	"the MAC address %s stands in row %d too: one of the two is mistyped":                                               "MAC 地址 %s 在第 %d 行也有：其中一个写错了",
	"the serial number %s stands in row %d too: one of the two is mistyped":                                             "序列号 %s 在第 %d 行也有：其中一个写错了",
	"the name %q stands in row %d too: people will mix them up":                                                         "名称 %q 在第 %d 行也有：容易混淆",
	"the address %s stands in row %d too: correct one of them; cameras behind one recorder need their channels (通道号)":   "地址 %s 在第 %d 行也有：请改正其中一个；同一录像机下的摄像机需要填写“通道号”",

	`import reads a table of points as the police hand it out, shows what it would change
in the site file, and changes it with --write.

The table is CSV: UTF-8, or GBK as Excel writes it in China; commas, semicolons or
tabs. The row that names the columns may be in Chinese or English and in any order:
  name 点位名称   code 国标编码   address 安装地址   ip IP地址   mac MAC地址
  serial 序列号   zone 所属区域   recorder 录像机    channel 通道号
  longitude 经度  latitude 纬度
Other columns are named and not read. What is wrong with a row is told as
FILE:ROW:COLUMN, all in one run; while anything is wrong nothing is written.

A point that the site file knows (by code, MAC address or serial number, address, or
recorder and channel) gets the code and the title it lacks there. What the site file
says otherwise stays, and is told. Each other point becomes a [[camera]], and each
unknown area a [[zone]] whose class a person must choose. Names such as cam-001 are
permanent: look at them before the site runs.

Addresses, MAC addresses and positions become comments. Positions are taken as they
are, never converted: say with --coordinates in which system the table has them, for
maps in China show GCJ-02, hundreds of metres away from WGS-84.

With --write the file as it was is kept beside it, as site.toml.bak. The running sitepost
goes over to the new one when you say sitepost reload, or at once with --reload.`: `import 读取公安下发的点位表，显示配置文件将有哪些改动，加 --write 才写入。

点位表为 CSV：UTF-8，或国内 Excel 默认的 GBK；逗号、分号或制表符分隔。表头中英文均可，
顺序不限：
  name 点位名称   code 国标编码   address 安装地址   ip IP地址   mac MAC地址
  serial 序列号   zone 所属区域   recorder 录像机    channel 通道号
  longitude 经度  latitude 纬度
其他列会列出，但不读取。每行的错误按“文件:行:列”一次全部列出；有错误时什么都不写。

配置文件里已有的点位（依次按编码、MAC 地址或序列号、地址、录像机加通道号识别）只补上缺少
的编码和名称；配置文件里写法不同的保持不变，并提示。其余点位各成为一个 [[camera]]，未知
区域各成为一个 [[zone]]，区域类别须由人来选。cam-001 这样的名称永久不变：投运前请核对。

安装地址、MAC 地址和经纬度写成注释。经纬度原样保留，不做换算：请用 --coordinates 说明坐标
系，国内地图用的是 GCJ-02，与 WGS-84 相差数百米。

加 --write 时，原文件保存在旁边，名为 site.toml.bak。运行中的 sitepost 在执行
sitepost reload 后采用新文件；加 --reload 则立即采用。`,
}
