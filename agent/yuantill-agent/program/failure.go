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

// exitCodes is the help's part about them.
func exitCodes() string {
	var b strings.Builder
	b.WriteString(heading(catalogue.ExitCodes()))
	for code, text := range catalogue.TillExits() {
		fmt.Fprintf(&b, "\n  %d  %s", code, line(text))
	}
	return b.String()
}

// heading is a text above a list.
func heading(text catalogue.Text) string { return text.Chinese + " " + text.English + ":" }

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
	fmt.Fprintf(w, "yuantill-agent: %s\n", line(headline(err)))
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

// headline is what the exit code means, or which part of it where that is known.
func headline(err error) catalogue.Text {
	if unusable(err) {
		return catalogue.JournalUnusable()
	}
	return catalogue.TillExits()[exitCode(err)]
}

// unusable says that the file system keeps the journal from being opened or made: nothing is known of what is in it.
func unusable(err error) bool {
	var held *journal.HeldError
	var foreign *journal.ForeignError
	known := journal.IsDamaged(err) || errors.As(err, &held) || errors.As(err, &foreign) ||
		errors.Is(err, journal.ErrGone) || errors.Is(err, journal.ErrNewer)
	return exitCode(err) == ExitJournal && !known
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
	case errors.Is(err, journal.ErrUnsure):
		return catalogue.AcceptJournal()
	case errors.Is(err, journal.ErrForeignSchema):
		return catalogue.ForeignInJournal()
	case journal.IsDamaged(err):
		return catalogue.KeepJournal()
	case errors.Is(err, journal.ErrGone):
		return catalogue.JournalGone()
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
	case unusable(err) && !errors.As(err, &file):
		return catalogue.AfterJournalUnusable()
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
