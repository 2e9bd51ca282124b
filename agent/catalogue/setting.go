package catalogue

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// What is wrong with one setting. Its place and name stand before it.

// SettingUnknown says that there is no such setting.
func SettingUnknown() Text {
	return Text{"没有这个设置，请核对拼写", "there is no such setting, check its spelling"}
}

// SettingTwice says that a setting or section stands twice.
func SettingTwice() Text {
	return Text{"出现了两次，请删去一处", "stands twice, remove one of them"}
}

// SettingMissing says that a setting has to be there, and how it looks.
func SettingMissing(example string) Text {
	return Text{"必须填写，如 " + example, "is needed, such as " + example}
}

// NotTOML says that the file cannot be read from here on; cause is what the reader says, in English.
func NotTOML(cause string) Text { return Text{"不是有效的 TOML", "is not valid TOML: " + cause} }

// WantsText says that a setting is a text.
func WantsText() Text { return Text{"须为引号中的文本", "must be a text in quotes"} }

// WantsTexts says that a setting is a list of texts.
func WantsTexts() Text {
	return Text{`须为文本列表，如 ["a", "b"]`, `must be a list of texts, such as ["a", "b"]`}
}

// WantsNumber says that a setting is a whole number.
func WantsNumber() Text {
	return Text{"须为整数，不带引号和小数点", "must be a whole number without quotes or a decimal point"}
}

// WantsYesNo says that a setting is true or false.
func WantsYesNo() Text { return Text{"须为 true 或 false", "must be true or false"} }

// WantsSection says that a setting is a section.
func WantsSection(name string) Text {
	return Text{"须写成一节：[" + name + "]", "must be a section: [" + name + "]"}
}

// WantsDuration says that a setting is a duration.
func WantsDuration() Text {
	return Text{`须为带单位的时长，如 "45s"、"10m"`, `must be a duration with its unit, such as "45s" or "10m"`}
}

// WantsOneOf says which texts a setting may be.
func WantsOneOf(allowed []string) Text {
	joined := `"` + strings.Join(allowed, `", "`) + `"`
	return Text{"须为以下之一：" + joined, "must be one of " + joined}
}

// WantsTerminal says how a terminal id looks.
func WantsTerminal(value string) Text {
	return Text{
		"“" + value + "”不是终端号：8 位数字或大写字母，与签发文件一致",
		fmt.Sprintf("%q is no terminal id: 8 digits or upper-case letters, as in the enrolment", value),
	}
}

// NoCurrency says that a currency is not known.
func NoCurrency(value string) Text {
	return Text{
		"没有“" + value + "”这种货币，须为 ISO 4217 代码，如 CNY",
		fmt.Sprintf("%q is no currency known here; it must be an ISO 4217 code such as CNY", value),
	}
}

// ValueBelow says that a number is below the least that is allowed.
func ValueBelow(value, least int64) Text {
	return Text{fmt.Sprintf("不能为 %d，最小 %d", value, least), fmt.Sprintf("cannot be %d, it is at least %d", value, least)}
}

// ValueOutside says between which numbers a setting may be.
func ValueOutside(value, least, most int64) Text {
	return Text{
		fmt.Sprintf("不能为 %d，须在 %d 至 %d 之间", value, least, most),
		fmt.Sprintf("cannot be %d, it must be %d to %d", value, least, most),
	}
}

// ValueNotOf says which values there are.
func ValueNotOf(value string, allowed []string) Text {
	return Text{
		"不能为 " + value + "，可用 " + strings.Join(allowed, "、"),
		"cannot be " + value + ", there is " + strings.Join(allowed, ", "),
	}
}

// NotDigits says how many digits a number has.
func NotDigits(value string, n int) Text {
	return Text{fmt.Sprintf("“%s”不是 %d 位数字", value, n), fmt.Sprintf("%q is not %d digits", value, n)}
}

// NotWebAddress says how a web address looks.
func NotWebAddress(value, example string) Text {
	return Text{
		"“" + value + "”不是网址，如 " + example, fmt.Sprintf("%q is no web address, such as %s", value, example),
	}
}

// NotHostPort says how an address looks.
func NotHostPort(value, example string) Text {
	return Text{
		"“" + value + "”不是“主机:端口”，如 " + example, fmt.Sprintf("%q is not host:port, such as %s", value, example),
	}
}

// NotLoopback says that only this machine may reach the station.
func NotLoopback(value, example string) Text {
	return Text{
		"“" + value + "”不是本机地址和端口；本地接口只对本机开放，如 " + example,
		fmt.Sprintf("%q is not a loopback address with a port; the local API is for this machine only, such as %s", value, example),
	}
}

// ItemTwice says that a list names something twice.
func ItemTwice(value string) Text {
	twice := SettingTwice()
	return Text{"“" + value + "”" + twice.Chinese, strconv.Quote(value) + " " + twice.English}
}

// PathTaken says that another setting has the path; other is empty for the settings file itself.
func PathTaken(path, other string) Text {
	by := Text{" " + other, other}
	if other == "" {
		by = Text{"本设置文件", "this settings file"}
	}
	return Text{path + " 已是" + by.Chinese + "，请改正其一", path + " is " + by.English + " already, correct one of them"}
}

// NoFile says that a file is not there that was issued to this machine.
func NoFile(path string) Text {
	return Text{
		"没有文件 " + path + "：把签发的文件放到那里，或改正路径",
		"there is no " + path + ": put the file there that was issued, or correct the path",
	}
}

// FolderNoFile says that a folder is where a file should be.
func FolderNoFile(path string) Text {
	return Text{path + " 是文件夹，须为文件", path + " is a folder and must be a file"}
}

// NotRegular says that a pipe, a socket or a device is where a file should be.
func NotRegular(path string) Text {
	return Text{path + " 是管道或设备，须为普通文件", path + " is a pipe or a device and must be a regular file"}
}

// NotGraphic says which character of a text, counted from 1, cannot be printed.
func NotGraphic(at int, character rune) Text {
	return Text{
		fmt.Sprintf("第 %d 个字符 %U 不能打印，请删去", at, character), fmt.Sprintf("character %d, %U, cannot be printed; remove it", at, character),
	}
}

// NotOnEarth says how a place is written.
func NotOnEarth(value string) Text {
	const example = "+31.23/+121.47"
	return Text{
		"“" + value + "”不是地球上的“纬度/经度”，如 " + example,
		fmt.Sprintf("%q is no latitude/longitude on the earth, such as %s", value, example),
	}
}

// Sooner says that a duration is too short.
func Sooner(value, least time.Duration) Text {
	return Text{fmt.Sprintf("%v 过短，至少 %v", value, least), fmt.Sprintf("%v is too short, it is at least %v", value, least)}
}

// Later says the longest that a duration may be.
func Later(value, most time.Duration) Text {
	return Text{fmt.Sprintf("%v 过长，最多 %v", value, most), fmt.Sprintf("%v is too long, it is at most %v", value, most)}
}

// OwnStation says that a broker's address is that of the till's own local API.
func OwnStation(address string) Text {
	return Text{address + " 是本机的 station.listen，不是平台", address + " is station.listen on this machine, and no broker"}
}

// NoToken says how a token looks. It is not repeated.
func NoToken(least, most int) Text {
	return Text{
		fmt.Sprintf("须为 %d 至 %d 个可见 ASCII 字符，不含空格", least, most),
		fmt.Sprintf("must be %d to %d visible ASCII characters, without spaces", least, most),
	}
}

// OthersMay says that a file is not its owner's alone.
func OthersMay(path string) Text {
	return Text{path + " 他人可读写，请执行 chmod 600", "others may read or write " + path + ": run chmod 600 on it"}
}

// NoFolder says that the folder of a file that the till makes is not there.
func NoFolder(folder string) Text {
	return Text{"没有文件夹 " + folder + "：请建立，或改正路径", "there is no folder " + folder + ": make it, or correct the path"}
}

// IssuersWrong says that a file is not an issuer's public key; cause is which and why, in English.
func IssuersWrong(cause string) Text {
	return Text{"须为发行方的 SM2 公钥文件", "must be files of issuers' SM2 public keys: " + cause}
}

// JournalRefused says that the till would not open its journal; cause is why, in English.
func JournalRefused(cause string) Text {
	return Text{"流水不能使用", "the journal cannot be used: " + cause}
}

// NotLonger says that a duration has to be longer than another setting's.
func NotLonger(value time.Duration, other string, than time.Duration) Text {
	return Text{
		fmt.Sprintf("%v 过短，须长于 %s（%v）", value, other, than), fmt.Sprintf("%v is too short, it must be longer than %s (%v)", value, other, than),
	}
}

// TimesDisagree says that durations make no sense together; cause is why, in English.
func TimesDisagree(cause string) Text {
	return Text{"各项时限互相矛盾", "make no sense together: " + cause}
}

// FileTooLarge says how large a file may be, in bytes.
func FileTooLarge(most int64) Text {
	return Text{fmt.Sprintf("文件过大，最多 %d 字节", most), fmt.Sprintf("the file is too large, it has at most %d bytes", most)}
}

// OthersRead says that a file with a secret is not its owner's alone.
func OthersRead(path string) Text {
	return Text{
		"设置了令牌，但此文件他人可读写，请执行 chmod 600 " + path,
		"is set, and others may read or write this file: chmod 600 " + path,
	}
}

// AfterSettings is what to do about a mistake in a settings file.
func AfterSettings(path string) Text {
	return Text{
		"改正后检查：yuantill-agent check-settings " + path + "；示例：yuantill-agent example-settings",
		"correct it and check: yuantill-agent check-settings " + path + "; an example: yuantill-agent example-settings",
	}
}
