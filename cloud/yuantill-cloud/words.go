package main

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/broker"
	"github.com/yuantill/yuantill/cloud/folder"
	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/operator/registry"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/record"
)

// saying is what a command's error means to the person who gave the command, with the next step.
type saying struct {
	of   error
	text alarm.Text
}

// sayings is the catalogue of the commands' errors; the first that fits an error is said.
func sayings() []saying {
	return append(terminalSayings(), []saying{
		{ErrSettings, alarm.Text{Chinese: "改正设置文件后再运行", English: "correct the settings file and run again"}},
		{merchant.ErrMerchant, alarm.Text{Chinese: "改正这一项后再运行", English: "correct it and run again"}},
		{registry.ErrUnknownOperator, alarm.Text{Chinese: "没有这个运营机构代码，请核对，例如 ICBC",
			English: "there is no operator of this code; check it, such as ICBC"}},
		{registry.ErrInvalid, alarm.Text{Chinese: "运营机构各写一次，不能过多", English: "name each operator once, and not too many"}},
		{errInitialised, alarm.Text{Chinese: "已经初始化，无须再做；密钥从不覆盖", English: "nothing is left to be done; keys are never replaced"}},
		{errSigningKeyLost, alarm.Text{Chinese: "从备份放回 signing.key；没有备份时移走 signing.pub 再运行 init，并把新公钥交给各运营机构",
			English: "put signing.key back from a backup; without one move signing.pub away, run init, and give the operators the new public key"}},
		{merchant.ErrKeyFile, alarm.Text{Chinese: "密钥文件损坏或他人可读：按提示改权限，或从备份恢复",
			English: "a key file is damaged or others may read it: change its mode as it says, or restore it from a backup"}},
		{sqlite.ErrGone, alarm.Text{Chinese: "账簿不见了：从备份放回 cloud.db（连同 -wal）再启动；没有备份时联系技术支持。确要从头开始的，把整个数据目录移走保存，再运行 init，全部终端重新入网",
			English: "the books are gone: put cloud.db back from a backup, with its -wal, and start again; without one ask technical support. To begin anew on purpose move the whole data folder aside and keep it, run init, and enrol every terminal again"}},
		{sqlite.ErrForeign, alarm.Text{Chinese: "数据库属于另一个云端（根密钥不同）：核对设置中的 data，放回属于这里的 cloud.db 或 root.key",
			English: "the database is another cloud's, used under another root key: check data in the settings, and put back the cloud.db or root.key that belongs here"}},
		{sqlite.ErrNewer, alarm.Text{Chinese: "数据库是更新版本的程序写的：用那个版本的程序", English: "a newer program has written the database: use that program"}},
		{folder.ErrHeld, alarm.Text{Chinese: "数据目录或其中的数据库正由另一进程使用：等它结束，或先停止它",
			English: "another process has the data folder, or the database in it: wait for its end, or stop it first"}},
		{sqlite.ErrDamaged, alarm.Text{Chinese: "数据库损坏：不要删除文件，先把 cloud.db 与 -wal、-shm 一起复制保存，再从备份恢复或交给技术支持",
			English: "the database is damaged: delete nothing, copy cloud.db aside together with its -wal and -shm, then restore a backup or ask technical support"}},
		{sqlite.ErrForeignSchema, alarm.Text{Chinese: "有人改动了数据库的结构：先把 cloud.db 与 -wal、-shm 一起复制保存，再由技术支持去掉或改回所示对象；自加的普通表与索引不受影响",
			English: "somebody has changed the database's structure: copy cloud.db aside together with its -wal and -shm, then have technical " +
				"support remove or restore what is named; tables and plain indexes of your own do no harm"}},
		{broker.ErrFolder, alarm.Text{Chinese: "数据目录中的 broker 须是本程序可写的目录：移走同名文件或改正权限；其中只有会话，丢失无妨",
			English: "broker in the data folder must be a folder that this program may write: move a file of that name away, or mend its mode; it holds sessions only, which may be lost"}},
		{syscall.EADDRINUSE, alarm.Text{Chinese: "地址已被占用：另一个云端或程序正在监听；先停止它，或改设置中的 listen",
			English: "another program listens at this address, perhaps another cloud: stop it, or change listen in the settings"}},
		{errUsage, alarm.Text{Chinese: "用法见 yuantill-cloud --help", English: "yuantill-cloud --help has what there is"}},
		{store.ErrFull, alarm.Text{Chinese: "磁盘已满：清理后再运行", English: "the disk is full: free some room and run again"}},
		{fs.ErrNotExist, alarm.Text{Chinese: "找不到这个文件：核对 --settings；尚未初始化时先运行 yuantill-cloud init",
			English: "the file is not there: check --settings; where nothing was set up yet run yuantill-cloud init first"}},
	}...)
}

// terminalSayings are about terminals and their enrolment.
func terminalSayings() []saying {
	return []saying{
		{record.ErrTerminal, alarm.Text{Chinese: "终端号须为 8 位数字或大写字母", English: "a terminal id has 8 digits or upper-case letters"}},
		{merchant.ErrUnknownMerchant, alarm.Text{Chinese: "没有这个商户：核对商户号，或先用 yuantill-cloud merchant 登记",
			English: "there is no such merchant: check its id, or add it first with yuantill-cloud merchant"}},
		{merchant.ErrUnknownTerminal, alarm.Text{Chinese: "没有登记过这个终端：核对终端号", English: "no such terminal is enrolled: check its id"}},
		{merchant.ErrEnrolled, alarm.Text{Chinese: "终端号已登记，一个终端号只属于一台机器：换一个终端号；入网文件丢失而终端从未签到的，加 --again",
			English: "the terminal id is taken, and one id is one machine's: use another; where its file was lost and it never signed in, add --again"}},
		{merchant.ErrSignedIn, alarm.Text{Chinese: "终端已在使用，不能重发入网文件：用 block 停用、retire 永久停用后，以新终端号登记",
			English: "the terminal is at work, so its file is not given again: block and retire it, and enrol the machine under another id"}},
		{merchant.ErrSerialNumber, alarm.Text{Chinese: "序列号为空或属于所示终端：核对 --serial；那台终端不再使用时先用 retire 永久停用",
			English: "the serial number is empty or belongs to the terminal named: check --serial; where that one is out of use retire it first"}},
		{errEnrolmentFile, alarm.Text{Chinese: "终端没有登记：检查 --out 目录存在、有空间，且没有同名文件，再运行一次",
			English: "the terminal is not enrolled: see that the folder of --out is there, has room and no file of that name, and run again"}},
		{errEnrolmentUnplaced, alarm.Text{Chinese: "终端已登记，密钥在 --out 目录的 .new 文件中：去掉 .new，或加 --again 再运行",
			English: "the terminal is enrolled and its keys are in the .new files of --out: take .new off their names, or run again with --again"}},
		{merchant.ErrNotBlocked, alarm.Text{Chinese: "终端没有停用，无须恢复；已隔离的终端只能用 retire 永久停用",
			English: "the terminal is not blocked; one that is quarantined can only be retired"}},
		{merchant.ErrRetired, alarm.Text{Chinese: "终端已永久停用：机器以新终端号登记", English: "the terminal is retired for good: enrol the machine under another id"}},
		{merchant.ErrAtWork, alarm.Text{Chinese: "终端在使用中：先用 yuantill-cloud block 停用", English: "the terminal is at work: block it first with yuantill-cloud block"}},
		{merchant.ErrReason, alarm.Text{Chinese: "用 --by 写明决定人（至多 40 字），用 --why 写明原因（至多 200 字）",
			English: "say who decides with --by, at most 40 characters, and for what reason with --why, at most 200"}},
	}
}

// advice is what to say below an error, if anything.
func advice(err error) []alarm.Text {
	for _, s := range sayings() {
		if errors.Is(err, s.of) {
			return []alarm.Text{s.text}
		}
	}
	return nil
}
