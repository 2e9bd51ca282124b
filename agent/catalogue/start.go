package catalogue

import "fmt"

// Why the till's program does not start. A cause is what the failed part says, in English.

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
