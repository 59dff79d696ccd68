package words

// zhEnroll is what enroll says of key, request and certificate.
var zhEnroll = map[string]string{
	"make the box's key, ask the city for its certificate, and install it":               "生成本机密钥，向平台申请证书，并安装证书",
	"file of the key, where the site file names none":                                    "密钥文件，配置文件未写时使用",
	"file for the request instead of standard output; it must not exist":                 "证书请求写入的文件（不写则输出到屏幕）；不能已存在",
	"organization (O) of the request instead of the site's name":                         "请求里的组织（O），默认为现场名称",
	"organizational unit (OU) of the request":                                            "请求里的部门（OU）",
	"make another key beside the one in use":                                             "在现用密钥旁另生成一把新密钥",
	"certificate from the city, to be checked and installed":                             "平台发回的证书，检查后安装",
	"add the missing lines to the site file":                                             "把缺少的几行写入配置文件",
	"%s: at most 64 characters that can be seen":                                         "%s：最多 64 个可见字符",
	"the site file has key = %q, which is no file: write key = \"file:/path\" there":     "配置文件写的是 key = %q，不是文件：请改为 key = \"file:/路径\"",
	"--key %s: the site file has key = %q: leave --key out, or correct it there":         "--key %s：配置文件写的是 key = %q：请去掉 --key，或在配置文件里改正",
	"made the key %s; it stays on this box\n":                                            "已生成密钥 %s，密钥不离开本机\n",
	"used the key that is there: %s\n":                                                   "使用已有的密钥：%s\n",
	"the certificate in use, %s, ends on %s\n":                                           "现用证书 %s，有效期至 %s\n",
	"the request is for CN %q, O %q; fingerprint of the key, for the telephone:\n  %s\n": "证书请求：CN %q，O %q；密钥指纹（供电话核对）：\n  %s\n",
	"wrote %s\n": "已写入 %s\n",
	"next: have the city sign it, then `sitepost enroll --install FILE`\n":                                          "下一步：请平台签发，再运行 `sitepost enroll --install 证书文件 `\n",
	"%s says nowhere where key and certificate lie: add these lines to [uplink], or say it again with --write:\n%s": "%s 没有写明密钥和证书的位置：请把以下几行加到 [uplink]，或加 --write 再执行一次：\n%s",
	"wrote %s; as it was before: %s\n":                                    "已写入 %s；原文件保存为 %s\n",
	"put the certificate of the city's authority there too, as ca says\n": "平台 CA 证书也请放到 ca 所写的位置\n",
	"there is no key %s yet: leave --new-key out":                         "还没有密钥 %s：请去掉 --new-key",
	"key %s: %w": "密钥 %s：%w",
	"sitepost: the key can be read or changed by others (mode %04o): chmod 0640 %s\n":                                                              "sitepost：密钥可被其他人读取或修改（权限 %04o）：请执行 `chmod 0640 %s`\n",
	"%s was made by somebody else just now and stays: try again":                                                                                   "%s 刚被别人生成，未改动：请重试",
	"it does not belong to the key %s: it is another box's, or was asked for with another key; ask the city to sign what `sitepost enroll` prints": "证书与密钥 %s 不匹配：是别的主机的，或用别的密钥申请的；请平台签发 `sitepost enroll` 输出的请求",
	"%d certificates in %s did not sign it, and are left out\n":                                                                                    "有 %d 张证书（%s）与签发无关，已略去\n",
	"%s is not installed\n":                                                                 "%s 未安装\n",
	"the certificate before it: %s\n":                                                       "原证书保存为 %s\n",
	"wrote %s: %s, signed by %s, ends on %s, in %d days\n":                                  "已写入 %s：%s，由 %s 签发，有效期至 %s，还有 %d 天\n",
	"a running sitepost takes it by itself within a minute\n":                               "运行中的 sitepost 会在一分钟内自动启用\n",
	"next: `sitepost reload`, for the sitepost that runs does not know yet where it lies\n": "下一步：执行 `sitepost reload`，运行中的 sitepost 还不知道证书在哪里\n",

	"the key has a password, and sitepost has nobody to ask for it: make one with --new-key": "密钥有密码，sitepost 无法输入：请用 --new-key 另生成一把",
	"the key is damaged: make one with --new-key":                                            "密钥已损坏：请用 --new-key 另生成一把",
	"there is no key in it (-----BEGIN PRIVATE KEY-----): correct the path":                  "里面没有密钥（-----BEGIN PRIVATE KEY-----）：请改正路径",
	"the RSA key has %d bits, and brokers ask for %d: make one with --new-key":               "RSA 密钥只有 %d 位，MQTT 服务器要求 %d 位：请用 --new-key 另生成一把",
	"the key cannot sign: make one with --new-key":                                           "密钥不能签名：请用 --new-key 另生成一把",
	"larger than 64 KiB: this is no certificate":                                             "大于 64 KiB：这不是证书",
	"there is a private key in it: the key of the box never leaves the box, so nobody can send one; ask the city to sign the request that `sitepost enroll` prints": "里面有私钥：本机密钥不离开本机，不应由别人发来；请平台签发 `sitepost enroll` 输出的请求",
	"this is PKCS#7: turn it into PEM with `openssl pkcs7 -print_certs`":                                                                                            "这是 PKCS#7：请用 `openssl pkcs7 -print_certs` 转成 PEM",
	"this is the request, not the certificate: the city signs it and sends the certificate back":                                                                    "这是证书请求，不是证书：平台签发后会发回证书",
	"certificate %d cannot be read: copy the file again":                                                                                                            "第 %d 张证书无法读取：请重新拷贝",
	"there are more than %d certificates in it: take the box's own and those that signed it":                                                                        "里面的证书多于 %d 张：只取本机证书和签发它的证书",
	"there is no certificate in it (-----BEGIN CERTIFICATE-----): ask the city for PEM":                                                                             "里面没有证书（-----BEGIN CERTIFICATE-----）：请向平台索取 PEM 格式",
	"it is for CN %q, and client_id is %q: ask the city for one with CN %q, or change client_id if the city names its boxes so":                                     "证书的 CN 是 %q，而 client_id 是 %q：请平台签发 CN 为 %q 的证书；若平台就是这样命名的，请改 client_id",
	"it is not for client authentication: ask the city for one with extendedKeyUsage clientAuth":                                                                    "证书不能用于客户端认证：请平台签发带 extendedKeyUsage clientAuth 的证书",
	"its key may not sign: ask the city for one with keyUsage digitalSignature":                                                                                     "证书不允许签名：请平台签发带 keyUsage digitalSignature 的证书",
	"it is an authority's own certificate: ask the city for one of a client":                                                                                        "这是 CA 自己的证书：请平台签发客户端证书",
	"it ended on %s: ask the city for a new one":                                                                                                                    "证书已于 %s 到期：请向平台申请新的",
	"it begins on %s, and the clock of this box says %s: set the clock, or wait":                                                                                    "证书从 %s 起生效，而本机时间是 %s：请校时，或等待",
	"it ends before it begins: ask the city for a new one":                                                                                                          "证书的到期早于生效：请向平台申请新的",

	"install the certificate without showing it to the brokers first":                                                    "不先给 MQTT 服务器验看，直接安装证书",
	"broker %q refuses it (%s): ask the city which authority signs its boxes, or install it all the same with --untried": "服务器 %q 不接受这张证书（%s）：请问平台用哪个 CA 签发，或加 --untried 照样安装",
	"stopped: %s is not installed":                                              "已中断：%s 未安装",
	"there is no folder %s: make it with `install -d -m 2750 -o root -g %s %s`": "没有目录 %s：请执行 install -d -m 2750 -o root -g %s %s",
	"%s does not hold the certificate of %s, who signed: if the broker refuses the box, ask the city for the whole chain\n": "%s 里没有签发者 %s 的证书：若平台拒绝本机，请向平台索取完整的证书链\n",
	"the file is in UTF-16: save it as \"UTF-8\" (Windows Notepad: 另存为, 编码 UTF-8), or copy what the city sent once more":    "文件是 UTF-16 编码：请另存为 \"UTF-8\"（Windows 记事本：另存为，编码 UTF-8），或把平台发来的文件重新拷贝一次",
	"it is signed over %s, which brokers refuse: ask the city for one that is signed over SHA-256":                          "证书的签名算法是 %s，平台不接受：请平台用 SHA-256 重新签发",
	"the key is on the curve P-224, which TLS does not know: make one with --new-key":                                       "密钥用的是 P-224 曲线，TLS 不支持：请用 --new-key 另生成一把",
	`enroll makes the key of this box on this box, and prints a request (CSR) which the
city signs. The key never leaves: it is written once, readable by sitepost alone, and
never printed or overwritten. Where there is a key already it is used, so the same
command renews a certificate.

  1. sitepost enroll --out box.csr            send box.csr to the city
  2. sitepost enroll --install box.pem        what the city sent back

The certificate is for CN = client_id, by which brokers tell boxes apart. --install
looks whether it belongs to this box's key, is for clients, not at its end, and for the
name that was asked; it brings the chain into order, and puts the certificate where the
site file says. Brokers that can be reached are shown it first: what all of them refuse
is not installed, unless with --untried. A running sitepost takes it by itself within a
minute.

--new-key makes another key beside the old one (box.key.new) and asks for a certificate
of it; until that is installed the old pair stays in use. Installing it keeps the old
key as box.key.old.

Where [uplink] has no certificate and key, the lines to add are printed; --write adds
them, and shows them first. From then on the city's brokers are reached with the
certificate only, so a box that is connected without one gets them with --install.`: `enroll 在本机生成本机的密钥，并输出证书请求（CSR）交平台签发。密钥不离开本机：只写一次，
只有 sitepost 能读，不显示，也不覆盖。已有密钥则沿用，因此续期也用同一条命令。

  1. sitepost enroll --out box.csr            把 box.csr 交给平台
  2. sitepost enroll --install box.pem        平台发回的证书

证书的 CN 等于 client_id，MQTT 服务器据此区分各台主机。--install 检查证书是否与本机密钥匹配、能否用于
客户端、是否到期、名称是否与申请一致；理顺证书链，放到配置文件所写的位置。安装前先给连得上的 MQTT
服务器验看，都不接受就不安装，除非加 --untried。运行中的 sitepost 会在一分钟内自动启用。

--new-key 在旧密钥旁另生成一把（box.key.new）并为它申请证书；新证书安装之前，旧的一对继续
使用。安装后旧密钥保存为 box.key.old。

[uplink] 没有写明证书和密钥时，会列出要加的几行；加 --write 则先显示再写入。写入后只凭证书连接
平台，所以已经不用证书连着的主机，要在 --install 时一并写入。`,
}
