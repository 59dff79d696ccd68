package words

// zhTool is what all tools have in common.
var zhTool = map[string]string{
	"%s: good\n": "%s：没有错误\n",
	"--lang: %q is not spoken here: write en or zh": "--lang：不支持语言 %q，请写 en 或 zh",
}
