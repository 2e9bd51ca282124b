package program

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/agent/yuantill-agent/settings"
	"github.com/yuantill/yuantill/protocol/enrolment"
)

// exits are what the exit codes mean, in order.
func exits() []catalogue.Text {
	return []catalogue.Text{
		ExitOK:       {Chinese: "收到信号后正常停止", English: "stopped by a signal"},
		ExitFailed:   {Chinese: "运行中出错", English: "a part of the till failed while running"},
		ExitSettings: {Chinese: "参数或设置有误", English: "wrong arguments or settings"},
		ExitKeys:     {Chinese: "密钥文件不可用或属于别的终端", English: "enrolment or epochs unreadable, or of another terminal"},
		ExitJournal:  {Chinese: "流水损坏、属于别的终端、正被使用或由更新的程序建立", English: "journal damaged, of another terminal, in use by another agent, or made by a newer program"},
		ExitSelfTest: {Chinese: "密码自检失败", English: "a cryptographic primitive gives a wrong answer"},
		ExitStation:  {Chinese: "本地接口地址被占用", English: "the station's address is taken"},
		ExitFull:     {Chinese: "存储空间已满", English: "the disk is full"},
	}
}

// exitCodes is the help's part about them.
func exitCodes() string {
	var b strings.Builder
	b.WriteString("退出码 Exit codes:")
	for code, text := range exits() {
		fmt.Fprintf(&b, "\n  %d  %s", code, line(text))
	}
	return b.String()
}

// line is a text in both languages on one line.
func line(text catalogue.Text) string { return text.Chinese + "  " + text.English }

// argumentError is a command line that this program does not understand.
type argumentError struct {
	what  catalogue.Text
	usage string // the whole of it, where nothing more particular can be said; may be empty
}

// Error implements error.
func (e *argumentError) Error() string { return "wrong arguments: " + e.what.English }

// tell says why the program ends: what the exit code means, the cause, and what to do where that is known.
func tell(w io.Writer, err error) {
	fmt.Fprintf(w, "yuantill-agent: %s\n", line(exits()[exitCode(err)]))
	var wrong *settings.Error
	var arguments *argumentError
	switch {
	case errors.As(err, &wrong):
		for _, m := range wrong.Mistakes {
			fmt.Fprintf(w, "  %s  %s\n", m.Text().Chinese, m.What.English)
		}
		fmt.Fprintf(w, "  → %s\n", line(catalogue.AfterSettings(wrong.Mistakes[0].Path)))
	case errors.As(err, &arguments) && arguments.usage != "":
		fmt.Fprintf(w, "  %s\n\n%s", line(arguments.what), arguments.usage)
	case errors.As(err, &arguments):
		fmt.Fprintf(w, "  %s\n  → %s\n", line(arguments.what), line(catalogue.AfterUsage("yuantill-agent")))
	default:
		fmt.Fprintf(w, "  %s\n", cause(err))
		if next := nextAfter(err); next != (catalogue.Text{}) {
			fmt.Fprintf(w, "  → %s\n", line(next))
		}
	}
}

// cause is what went wrong, in Chinese too where keys or the address are at fault.
func cause(err error) string {
	var other *otherTerminalError
	var file *fs.PathError
	switch exit, text := exitCode(err), err.Error(); {
	case errors.As(err, &other):
		return line(other.text())
	case errors.Is(err, enrolment.ErrMode):
		return line(catalogue.KeysOpen(text))
	case exit == ExitKeys && !errors.As(err, &file):
		return line(catalogue.KeysMalformed(text))
	case exit == ExitSelfTest:
		return line(catalogue.KeysWrong(text))
	case exit == ExitStation:
		return line(catalogue.AddressUnusable(text))
	default:
		return text
	}
}

// nextAfter is what to do about an error, empty where that is not known.
func nextAfter(err error) catalogue.Text {
	var held *journal.HeldError
	var foreign *journal.ForeignError
	var other *otherTerminalError
	var file *fs.PathError
	switch {
	case journal.IsDamaged(err):
		return catalogue.KeepJournal()
	case errors.As(err, &held):
		return catalogue.AnotherAgent()
	case errors.As(err, &foreign):
		return catalogue.OtherJournal()
	case errors.Is(err, journal.ErrNoKeys), errors.Is(err, keyring.ErrState):
		return catalogue.RestoreEpochs()
	case errors.Is(err, journal.ErrNewer):
		return catalogue.NewerJournal()
	case errors.As(err, &other):
		return catalogue.AfterOtherTerminal()
	case errors.Is(err, enrolment.ErrMode):
		return catalogue.AfterKeysOpen()
	case exitCode(err) == ExitFull:
		return catalogue.DiskFull()
	case exitCode(err) == ExitSelfTest:
		return catalogue.AfterKeysWrong()
	case exitCode(err) == ExitStation:
		return catalogue.AfterAddress()
	case exitCode(err) == ExitKeys && !errors.As(err, &file):
		return catalogue.AfterKeysMalformed()
	case !errors.As(err, &file):
		return catalogue.Text{}
	case exitCode(err) == ExitSettings && errors.Is(err, fs.ErrNotExist):
		return catalogue.NoSettingsFile()
	case exitCode(err) == ExitSettings && errors.Is(err, syscall.EISDIR):
		return catalogue.SettingsFolder(file.Path)
	default:
		return catalogue.CheckPath(file.Path)
	}
}
