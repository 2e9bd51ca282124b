package catalogue

import "fmt"

// TillProgram is what the till's program is.
func TillProgram() Text { return Text{"数字人民币收银程序", "Digital yuan till"} }

// TillRun, TillCheck, TillExample and TillVersion are what its commands do; path is where settings are by default.
func TillRun(path string) Text {
	return Text{"运行", "Run the till; settings default to " + path}
}

// TillCheck is described with TillRun.
func TillCheck() Text { return Text{"检查设置", "Check the settings file"} }

// TillExample is described with TillRun.
func TillExample() Text { return Text{"输出示例设置", "Print a documented settings file"} }

// TillVersion is described with TillRun.
func TillVersion() Text { return Text{"版本", "Version"} }

// SettingsRight says that nothing is wrong with a settings file.
func SettingsRight() Text { return Text{"设置正确", "settings are right"} }

// ExitCodes heads the list of a program's exit codes, Usage that of its commands.
func ExitCodes() Text { return Text{"退出码", "Exit codes"} }

// Usage is described with ExitCodes.
func Usage() Text { return Text{"用法", "Usage"} }

// TillExits are what the exit codes of the till's program mean, from 0.
func TillExits() []Text {
	return []Text{
		{"收到信号后正常停止", "stopped by a signal"},
		{"运行中出错", "a part of the till failed while running"},
		{"参数或设置有误", "wrong arguments or settings"},
		{"密钥文件不可用或属于别的终端", "enrolment or epochs unreadable, or of another terminal"},
		{"流水损坏、不见了、打不开、属于别的终端、正被使用或由更新的程序建立", "journal damaged, gone, not to be opened, of another terminal, in use by another agent, or made by a newer program"},
		{"密码自检失败", "a cryptographic primitive gives a wrong answer"},
		{"本地接口地址被占用", "the station's address is taken"},
		{"存储空间已满", "the disk is full"},
	}
}

// Why the till's program does not start. A cause is what the failed part says, in English.

// JournalUnusable says that the file system keeps the journal from being opened or made.
func JournalUnusable() Text {
	return Text{"流水文件打不开或无法建立", "the journal's file cannot be opened or made"}
}

// AfterJournalUnusable is what to do about that where no path and no right is to blame.
func AfterJournalUnusable() Text {
	return Text{
		"请检查流水所在的磁盘和程序的限制：ulimit -a，dmesg；切勿删除任何文件",
		"check the disk that the journal is on, and the program's limits: ulimit -a, dmesg; delete no file",
	}
}

// OtherTerminal says that settings and enrolment do not belong together.
func OtherTerminal(settings, enrolled, path string) Text {
	return Text{
		fmt.Sprintf("设置的终端号是 %s，入网文件是 %s 的", settings, enrolled),
		fmt.Sprintf("the settings say terminal %s, %s is for %s", settings, path, enrolled),
	}
}

// KeysOpen says that others than the program's user may use its keys.
func KeysOpen(cause string) Text { return Text{"密钥文件他人可读写", cause} }

// KeysMalformed says that the keys' files are not what was written.
func KeysMalformed(cause string) Text { return Text{"入网文件或密钥文件内容有误", cause} }

// KeysWrong says that a primitive computes something else than it has to.
func KeysWrong(cause string) Text { return Text{"密码算法的结果不对", cause} }

// AddressUnusable says that the local API cannot be opened.
func AddressUnusable(cause string) Text { return Text{"无法使用本地接口地址", cause} }

// AfterOtherTerminal is what to do where settings and enrolment do not belong together.
func AfterOtherTerminal() Text {
	return Text{"核对设置中的 terminal，或换回本机的入网文件", "correct terminal in the settings, or restore this machine's enrolment"}
}

// AfterKeysOpen is what to do about keys that others may use.
func AfterKeysOpen() Text {
	return Text{"只许收银程序的用户读写它：chmod 600", "the till's own user alone may read and write it: chmod 600"}
}

// AfterKeysMalformed is what to do about keys that cannot be used.
func AfterKeysMalformed() Text {
	return Text{"恢复签发给本机的密钥文件，或联系服务商重新签发", "restore the files that were issued to this machine, or call support for new ones"}
}

// AfterKeysWrong is what to do when a primitive computes something else than it has to.
func AfterKeysWrong() Text {
	return Text{"程序或处理器有问题：请勿收款，联系服务商", "the program or the processor is at fault: take no payments and call support"}
}

// AfterAddress is what to do about an address that the local API cannot have.
func AfterAddress() Text {
	return Text{"停止占用它的程序，或改设置中的 station.listen", "stop the program that has it, or change station.listen in the settings"}
}
