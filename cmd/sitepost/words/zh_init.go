package words

// zhInit is what init says: of the reference file, and of answers.
var zhInit = map[string]string{
	"write the site file to begin with: the commented reference, or one made of answers": "写出起步用的现场配置：带注释的参考配置，或按答案文件生成",
	"wrote %s\nnext: `sitepost check --config %s` says what this machine still lacks\n":  "已写出 %s\n下一步：`sitepost check --config %s` 会列出本机还缺什么\n",
	"file of answers that the site file is made of":                                      "答案文件，按它生成现场配置",
	`init writes the reference site file: every key stands in it once, with what it is
for. It describes an invented ferry terminal; change it into yours. An existing
file is never overwritten. Without --write it goes to standard output.

With --answers it writes the site file of one box, out of a file that answers what
a box must know before its devices are found. Nobody is asked anything, so that many
boxes are set up by a script. Each question is a key:
  name                 of the site, permanent; needed
  title code kinds address position management_unit duty_phone
                       as in [site]
  device_interfaces    where the cameras hang, [] for none; needed
  device_networks      addresses that may be dialled, [] for none; needed
  compare_with         time servers
  store_directory store_size
                       where the store lies, and how large it may become
  broker               the city's, such as "mqtts://10.37.1.10:8883"; needed
  server_name          the name in its certificate, where it is another one
  other_broker other_server_name
                       where the city has a second one
  broker_user broker_password
                       where the city wants them
  client_id            of the box; the site's name if not given
  ca                   the city's authority; /etc/sitepost/tls/city-ca.pem if not given
  certificate key      of the box, where it has them already; else see sitepost enroll
  receipt allow        as in [uplink] and [commands]
  camera_user camera_password
                       the login of the cameras
  [[zone]]             as in a site file; cameras that are found need one
Passwords and keys are named by their place, "file:/path", and never stand in it. Every
mistake is told with its line, in one run, and while there is any nothing is written.`: `init 写出参考配置：每个键都出现一次，注明用途。它描述的是一个虚构的客运站，请改成
自己的现场。已有的文件绝不覆盖。不写 --write，就打印到标准输出。

加 --answers，就按答案文件写出一台网关的现场配置：找设备之前网关必须知道的都在里面。
全程不提问，可用脚本成批装机。每个问题是一个键：
  name                 现场名称，永久不变；必填
  title code kinds address position management_unit duty_phone
                       同 [site]
  device_interfaces    接摄像机的网卡，没有写 []；必填
  device_networks      允许连接的地址段，没有写 []；必填
  compare_with         校时服务器
  store_directory store_size
                       存储放在哪里，最多占多大
  broker               MQTT 服务器，如 "mqtts://10.37.1.10:8883"；必填
  server_name          证书里的名称与地址不同时填
  other_broker other_server_name
                       平台有第二台服务器时填
  broker_user broker_password
                       平台要求用户名密码时填
  client_id            本机的客户端标识；默认用现场名称
  ca                   平台 CA 证书；默认 /etc/sitepost/tls/city-ca.pem
  certificate key      本机已有证书和密钥时填；没有见 sitepost enroll
  receipt allow        同 [uplink] 和 [commands]
  camera_user camera_password
                       摄像机的登录
  [[zone]]             写法同现场配置；找到的摄像机要归入某个区域
密码和密钥只写放在哪里（"file:/路径"），绝不写进文件。全部错误带行号一次列出；有错误
就什么都不写。`,

	"by `sitepost init`, out of %s; `sitepost init` without answers shows every key there is": "由 sitepost init 按 %s 生成；不带答案运行 sitepost init 可看到全部的键",
	"made by `sitepost enroll`; it never leaves the box":                                      "由 sitepost enroll 生成；不离开本机",
	"a spare box has another one":                                                             "备用机用另一个",

	"the file is larger than 1 MiB: these are no answers":                                          "文件超过 1 MiB：这不是答案文件",
	"the line is longer than 8 KiB: these are no answers":                                          "这一行超过 8 KiB：这不是答案文件",
	"device_interfaces = [\"enp2s0\"], or [] on a site without cameras":                            "device_interfaces = [\"enp2s0\"]，没有摄像机的现场写 []",
	"device_networks = [\"10.37.20.0/24\"], or [] on a site without any":                           "device_networks = [\"10.37.20.0/24\"]，没有的现场写 []",
	"broker_password has no broker_user: write broker_user = \"…\"":                                "有 broker_password 没有 broker_user：请写 broker_user = \"…\"",
	"camera_password has no camera_user: write camera_user = \"…\", the ONVIF user":                "有 camera_password 没有 camera_user：请写 camera_user = \"…\"，即 ONVIF 用户名",
	"camera_user has no camera_password: write camera_password = \"file:/etc/sitepost/secrets/…\"": "有 camera_user 没有 camera_password：请写 camera_password = \"file:/etc/sitepost/secrets/…\"",
	"other_server_name has no other_broker: write other_broker = \"mqtts://10.37.1.11:8883\"":      "有 other_server_name 没有 other_broker：请写 other_broker = \"mqtts://10.37.1.11:8883\"",
}
