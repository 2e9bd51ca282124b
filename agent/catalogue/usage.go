package catalogue

import (
	"fmt"
	"path/filepath"
	"strings"
)

// What is wrong with a command line. The agent and yuantill say it in the same words.

// NoCommand says that a program has no such command.
func NoCommand(name string) Text {
	return Text{"没有“" + name + "”这个命令", fmt.Sprintf("there is no command %q", name)}
}

// CommandMissing says that no command was given.
func CommandMissing() Text { return Text{"缺少命令", "a command is missing"} }

// NoFlag says that a command has no such flag; it comes with its dashes.
func NoFlag(flag string) Text {
	return Text{"没有 " + flag + " 这个选项", "there is no flag " + flag}
}

// NoJSON says that what a command prints is a script and not to be had as JSON.
func NoJSON(command string) Text {
	return Text{command + " 输出脚本，不能输出 JSON", command + " prints a script and takes no --json"}
}

// FlagValueMissing says that a flag stands without its value.
func FlagValueMissing(flag string) Text {
	return Text{flag + " 后面缺少值", flag + " needs a value"}
}

// FlagValueWrong says that a flag's value cannot be read; want says what it must be.
func FlagValueWrong(flag, value string, want Text) Text {
	return Text{
		flag + " 不能为“" + value + "”，须为" + want.Chinese, fmt.Sprintf("%s cannot be %q, it must be %s", flag, value, want.English),
	}
}

// WholeNumber is what a flag of numbers takes.
func WholeNumber() Text { return Text{"整数", "a whole number"} }

// BatchNumber is what a flag of a batch or voucher takes.
func BatchNumber() Text { return Text{" 1 至 999999 的整数", "a whole number from 1 to 999999"} }

// Duration is what a flag of durations takes.
func Duration() Text {
	return Text{"带单位的时长，如 30s、5m", "a duration with its unit, such as 30s or 5m"}
}

// YesNo is what a flag of yes and no takes.
func YesNo() Text { return Text{" true 或 false", "true or false"} }

// OneOf is what a flag of a few texts takes.
func OneOf(allowed []string) Text {
	return Text{" " + strings.Join(allowed, "、") + " 之一", "one of " + strings.Join(allowed, ", ")}
}

// Anything is what a flag takes of which no more can be said.
func Anything() Text { return Text{"另一种写法", "written otherwise"} }

// FlagMissing says that a flag is needed.
func FlagMissing(flag string) Text { return Text{"缺少 " + flag, flag + " is missing"} }

// FlagEmpty says that a flag was given an empty value, as an unset variable has.
func FlagEmpty(flag string) Text {
	return Text{flag + " 给了，却是空的（变量没有赋值？）", flag + " is given and empty: a variable that is not set?"}
}

// ArgumentsMost says how many arguments a command takes at most.
func ArgumentsMost(command string, most int) Text {
	if most == 0 {
		return Text{command + " 不带参数", command + " takes no arguments"}
	}
	return Text{fmt.Sprintf("%s 最多 %d 个参数", command, most), command + " takes at most " + Counted(most, "argument")}
}

// ArgumentMissing says that a command needs an argument, and which.
func ArgumentMissing(command, argument string) Text {
	return Text{command + " 缺少参数 " + argument, command + " needs the argument " + argument}
}

// NotAboveZero says that a value must be above zero.
func NotAboveZero(flag, value string) Text {
	return Text{flag + " 须大于零，不能为 " + value, flag + " must be above zero and cannot be " + value}
}

// BelowZero says that a value must not be below zero.
func BelowZero(flag, value string) Text {
	return Text{flag + " 不能小于零，不能为 " + value, flag + " must not be below zero and cannot be " + value}
}

// FlagOutside says between which numbers a flag may be.
func FlagOutside(flag string, value, least, most int) Text {
	return Text{
		fmt.Sprintf("%s 须在 %d 至 %d 之间，不能为 %d", flag, least, most, value),
		fmt.Sprintf("%s must be %d to %d and cannot be %d", flag, least, most, value),
	}
}

// NoAmount says that a text is no amount.
func NoAmount(flag, value string) Text {
	return Text{flag + " “" + value + "”不是金额，须为数字，如 12.50", fmt.Sprintf("%s %q is no amount; it must be digits such as 12.50", flag, value)}
}

// TooManyDecimals says that an amount has more decimals than its currency.
func TooManyDecimals(flag, value, currency string, decimals int) Text {
	return Text{
		fmt.Sprintf("%s “%s”小数位过多，%s 最多 %d 位小数", flag, value, currency, decimals),
		fmt.Sprintf("%s %q has too many decimals, %s has at most %d", flag, value, currency, decimals),
	}
}

// AmountTooLarge says that an amount is beyond what can be counted.
func AmountTooLarge(flag, value string) Text {
	return Text{flag + " “" + value + "”过大", fmt.Sprintf("%s %q is too large", flag, value)}
}

// KeyLonger says that an idempotency key is too long, in bytes.
func KeyLonger(most int) Text {
	return Text{fmt.Sprintf("--key 过长，最多 %d 个字节", most), fmt.Sprintf("--key is too long, it has at most %d bytes", most)}
}

// KeyUnclean says that an idempotency key has what a header cannot carry.
func KeyUnclean() Text {
	return Text{"--key 前后有空格，或含换行等控制字符、ASCII 以外的字符",
		"--key has line breaks, other control characters or spaces around it, or characters beyond ASCII"}
}

// OneOrder says how an order is named.
func OneOrder() Text {
	return Text{
		"请指明一笔订单：参考号、订单号、签购单二维码内容，或 --voucher",
		"name one order: its reference, its id, its receipt's QR code, or --voucher",
	}
}

// InOrOut says that cash goes one way at a time.
func InOrOut() Text { return Text{"--in 与 --out 须给出其中一个", "give either --in or --out"} }

// RejectOrSettled says that at most one of two flags is wanted.
func RejectOrSettled() Text {
	return Text{"--reject 与 --settled 只能给出其中一个", "give --reject or --settled, not both"}
}

// CountForm says how a count is written.
func CountForm(value string) Text {
	return Text{
		"--count “" + value + "”须写成 方式=金额，每种方式一次，如 cash=150.00",
		fmt.Sprintf("--count %q must be METHOD=AMOUNT, once a method, such as cash=150.00", value),
	}
}

// CountCash says that the cash has to be counted.
func CountCash() Text {
	return Text{"缺少 --count cash=金额，钱箱为空也须清点", "--count cash=AMOUNT is needed, also when the drawer is empty"}
}

// NoJournalNamed says that it is not known which journal is meant.
func NoJournalNamed() Text {
	return Text{
		"不知道流水在哪里：用 --journal 指明流水，或用 --settings 指明设置",
		"no journal: name it with --journal, or the settings with --settings",
	}
}

// NoTopic says that there is no help about something.
func NoTopic(topic string) Text {
	return Text{"没有“" + topic + "”的说明", fmt.Sprintf("there is no help about %q", topic)}
}

// NotASequence says how a record's number looks.
func NotASequence(value string) Text {
	return Text{"“" + value + "”不是记录号，须为 1 起的整数", fmt.Sprintf("%q is no sequence; it must be a whole number from 1", value)}
}

// NoRecord says which record a journal does not have, and which it has.
func NoRecord(sequence, first, last uint64) Text {
	if last == 0 {
		return Text{fmt.Sprintf("第 %d 条；流水是空的", sequence), fmt.Sprintf("number %d; it is empty", sequence)}
	}
	return Text{
		fmt.Sprintf("第 %d 条；流水有 %d–%d", sequence, first, last), fmt.Sprintf("number %d; it holds %d-%d", sequence, first, last),
	}
}

// NothingWritten says that a journal is new.
func NothingWritten() Text {
	return Text{"流水是新的，还没有写过", "nothing has been written to the journal yet"}
}

// NoRecordType says which types of record there are.
func NoRecordType(value string, known []string) Text {
	return Text{
		"没有“" + value + "”这种记录，可用 " + strings.Join(known, "、"),
		fmt.Sprintf("there is no record type %q; there are %s", value, strings.Join(known, ", ")),
	}
}

// StationAddress says how the station's address looks.
func StationAddress(value string) Text {
	return Text{
		"--station “" + value + "”不是收银程序的地址，须为 http://127.0.0.1:端口，如 http://127.0.0.1:7710",
		fmt.Sprintf("--station %q is no address of the agent; it must be http://127.0.0.1:port, such as http://127.0.0.1:7710", value),
	}
}

// NoHost says that the station's address names a host that there is not.
func NoHost(host string) Text {
	return Text{
		"--station 地址有误：找不到主机“" + host + "”；收银程序就在本机，如 http://127.0.0.1:7710",
		fmt.Sprintf("--station is wrong: there is no host %q; the agent is on this machine, such as http://127.0.0.1:7710", host),
	}
}

// AnotherAgent is what to do when the till's program is running already.
func AnotherAgent() Text {
	return Text{"本机已有一个收银程序在运行，请先停止它", "another agent is running, stop it first"}
}

// DiskFull is what to do when the till's program ends because its disk is full.
func DiskFull() Text {
	return Text{
		"请释放磁盘空间，再启动；流水没有损坏，记录都在",
		"free some disk space, then start again; the journal is not damaged and all its records are there",
	}
}

// KeepJournal is what to do about a journal that is not what was written.
func KeepJournal() Text {
	return Text{
		"请勿删除；把流水文件与 -wal 一起复制保存，联系服务商",
		"keep the file, delete nothing: copy it with its -wal aside and call support",
	}
}

// ForeignInJournal is what to do about a journal whose database has what is not the journal's.
func ForeignInJournal() Text {
	return Text{
		"有人改动了流水数据库的结构：请勿删除，先复制保存流水文件与 -wal，再由服务商去掉或改回所示对象；自加的普通表与索引不受影响",
		"somebody has changed the structure of the journal's database: copy the file with its -wal aside, then have support remove " +
			"or restore what is named; tables and plain indexes of others do no harm",
	}
}

// AcceptJournal is what to do about a journal of which no program can say whether all of it is there.
func AcceptJournal() Text {
	return Text{
		"请勿删除，先复制保存流水文件；由负责人决定是否接受现有流水，见 yuantill journal accept --help",
		"delete nothing and copy the file aside; who is in charge may accept the journal as it is, see yuantill journal accept --help",
	}
}

// OtherJournal is what to do about another terminal's journal.
func OtherJournal() Text {
	return Text{"换回本机的流水，或恢复原来的入网文件", "restore the right file or the right enrolment"}
}

// RestoreEpochs is what to do about an epochs file that is gone or not what was written.
func RestoreEpochs() Text {
	return Text{
		"请把本机的密钥期文件从备份放回原处，没有备份请联系服务商；切勿删除它和流水",
		"put this till's epochs file back from a backup, or call support where there is none; delete neither it nor the journal",
	}
}

// NewerJournal is what to do about a journal that a newer program made.
func NewerJournal() Text {
	return Text{"流水由更新的程序建立，没有损坏：请升级本程序", "a newer program made the journal, and nothing is damaged: update this program"}
}

// OlderJournal is what to do about a journal that an older program made.
func OlderJournal() Text {
	return Text{"请先启动一次收银程序，它会更新流水的格式", "start the agent once, it brings the journal up to date"}
}

// NoJournalFile is what to do where there is no journal.
func NoJournalFile() Text {
	return Text{
		"收银程序首次启动时建立；若以前有过，请先找回原文件，再启动收银程序",
		"the agent makes it at its first start; if there was one, find out where it went before the agent is started",
	}
}

// JournalGone is what to do where there was a journal, and its file is not there.
func JournalGone() Text {
	return Text{
		"本机有过流水，现在不见了：请挂上数据盘，或把原流水文件放回原处（位置见设置中的 journal.path）；找不回请联系服务商以新终端号入网，切勿删除其余文件",
		"this till had a journal, and it is gone: mount the data disk, or put the journal back where it was (journal.path in the settings); " +
			"where it is not to be found call support, which enrols the till anew under another terminal id, and delete no other file",
	}
}

// CheckPath is what to do about a file that cannot be used for a reason of the file system's.
func CheckPath(path string) Text {
	return Text{"请检查路径与权限：ls -l " + path, "check path and permissions: ls -l " + path}
}

// SettingsFolder is what to do about a folder that is given as the settings file.
func SettingsFolder(folder string) Text {
	file := filepath.Join(folder, "agent.toml")
	return Text{
		folder + " 是文件夹，请给出其中的设置文件，如 " + file,
		folder + " is a folder; name the settings file in it, such as " + file,
	}
}

// NoSettingsFile is what to do when there is no settings file.
func NoSettingsFile() Text {
	return Text{
		"没有设置文件，可由示例开始：yuantill-agent example-settings > agent.toml",
		"there is no settings file; begin with the example: yuantill-agent example-settings > agent.toml",
	}
}

// AfterUsage is what to do about a command line that is not understood.
func AfterUsage(command string) Text {
	return Text{"用法：" + command + " --help", "see " + command + " --help"}
}
