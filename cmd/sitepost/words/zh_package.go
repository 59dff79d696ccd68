package words

// zhPackage is what the package and its manual say.
var zhPackage = map[string]string{
	"write the manual of the commands, or of the site file, for man(1)": "输出命令或现场配置文件的手册，供 man(1) 使用",

	"NAME":        "名称",
	"SYNOPSIS":    "用法",
	"DESCRIPTION": "说明",
	"COMMANDS":    "命令",
	"OPTIONS":     "选项",
	"EXIT STATUS": "退出码",
	"FILES":       "文件",
	"SEE ALSO":    "另见",
	"EXAMPLE":     "示例",

	"0: all is well. 1: something is wrong, and stands there. 2: a bad command line, or something that cannot be opened.": "0：一切正常。1：有问题，已列出。2：命令行有误，或有文件打不开。",

	"the site file of sitepost":  "sitepost 的现场配置文件",
	"profiles of the site's own": "本现场自写的仪表文件",
	"certificates and keys of brokers and of the box: 0640, group sitepost": "平台与本机的证书和私钥：权限 0640，组 sitepost",
	"secrets, one in a file: 0640, group sitepost":                          "密码和密钥，一个文件一个：权限 0640，组 sitepost",
	"what is on its way to the city":                                        "等待上传平台的数据",
	"where the tools reach the running sitepost: root and group sitepost":   "命令行工具与运行中的 sitepost 通信处：root 和 sitepost 组可用",

	"The site file says what stands on a site, how it is wired, and where the city is. Every key stands once in the file below, with what it is for; `sitepost init` writes it, and `sitepost check` lists every mistake with its place.": "现场配置文件说明现场有哪些设备、怎样接线、平台在哪里。下面的文件把每个键都写了一遍并加以说明；`sitepost init` 写出它，`sitepost check` 列出每一处错误及其位置。",
}
