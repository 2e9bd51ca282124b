// Package program is the agent's command line: arguments come in, a running till and an exit code leave.
package program

import (
	"context"
	"errors"
	"io"
	"runtime/debug"
	"time"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/yuantill-agent/settings"
	"github.com/yuantill/yuantill/protocol"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Version is the agent's version, as records and the station have it.
const Version = protocol.Release

// settingsPath is where the settings are when no file is named.
const settingsPath = "/etc/yuantill/agent.toml"

// The exit codes; catalogue.TillExits says what they mean.
const (
	ExitOK       = 0 // stopped by a signal
	ExitFailed   = 1 // a part of the till failed while running
	ExitSettings = 2 // wrong arguments or settings
	ExitKeys     = 3 // enrolment or epochs unreadable, or of another terminal
	ExitJournal  = 4 // journal damaged, gone, not to be opened, of another terminal, in use by another agent, or made by a newer program
	ExitSelfTest = 5 // a cryptographic primitive gives a wrong answer
	ExitStation  = 6 // the station's address is taken
	ExitFull     = 7 // the disk is full
)

// stageError says what the till was doing when it failed.
type stageError struct {
	exit  int
	cause error
}

func (e *stageError) Error() string { return e.cause.Error() }
func (e *stageError) Unwrap() error { return e.cause }

// Main runs the program and returns its exit code. ctx ends it; clock is the machine's, which may be wrong.
func Main(ctx context.Context, clock func() time.Time, arguments []string, out, errOut io.Writer) int {
	err := execute(ctx, commands(clock, out, errOut), arguments, out)
	if err == nil {
		return ExitOK
	}
	tell(errOut, err)
	return exitCode(err)
}

func exitCode(err error) int {
	var stage *stageError
	switch {
	case journal.IsDamaged(err): // whenever it is found
		return ExitJournal
	case errors.As(err, &stage):
		return stage.exit
	default:
		return ExitSettings // what remains is about arguments
	}
}

// load reads the settings and says all that is wrong with them.
func load(path string) (settings.Settings, error) {
	s, err := settings.Load(path)
	if err == nil {
		err = checkDrivers(s)
	}
	if err != nil {
		return settings.Settings{}, &stageError{exit: ExitSettings, cause: err}
	}
	return s, nil
}

// run is the whole life of the agent.
func run(ctx context.Context, clock func() time.Time, path string, errOut io.Writer) error {
	if err := seal.SelfTest(seal.Portable()); err != nil {
		return &stageError{exit: ExitSelfTest, cause: err}
	}
	s, err := load(path)
	if err != nil {
		return err
	}
	debug.SetGCPercent(s.Memory.GCPercent)
	debug.SetMemoryLimit(s.Memory.LimitMB << 20)
	return serve(ctx, clock, s, newLogger(errOut, s.Log.Level))
}

// revision is the commit this program was built from, as far as the linker knows.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			return setting.Value
		}
	}
	return info.GoVersion
}
