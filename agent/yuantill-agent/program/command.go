package program

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/yuantill-agent/settings"
)

// command is one thing that the program does. There are four, so that a library for them would be larger than all they
// say.
type command struct {
	name      string
	about     catalogue.Text
	takesFile bool // may be followed by the settings' path
	act       func(ctx context.Context, settings string) error
}

func commands(clock func() time.Time, out, errOut io.Writer) []command {
	return []command{{
		name: "run", takesFile: true, about: catalogue.TillRun(settingsPath),
		act: func(ctx context.Context, path string) error { return run(ctx, clock, path, errOut) },
	}, {
		name: "check-settings", takesFile: true, about: catalogue.TillCheck(),
		act: func(ctx context.Context, path string) error { return checkSettings(ctx, path, out) },
	}, {
		name: "example-settings", about: catalogue.TillExample(),
		act: func(context.Context, string) error { _, err := io.WriteString(out, settings.Example()); return err },
	}, {
		name: "version", about: catalogue.TillVersion(),
		act: func(context.Context, string) error {
			_, err := fmt.Fprintf(out, "yuantill-agent %s %s\n", Version, revision())
			return err
		},
	}}
}

// execute does what the arguments say. It returns an *argumentError, or the command's error.
func execute(ctx context.Context, all []command, arguments []string, out io.Writer) error {
	if len(arguments) == 0 {
		return &argumentError{what: catalogue.CommandMissing(), usage: usage(all)}
	}
	if slices.ContainsFunc(arguments, asksForHelp) {
		_, err := io.WriteString(out, usage(all))
		return err
	}
	name, rest := arguments[0], arguments[1:]
	i := slices.IndexFunc(all, func(c command) bool { return c.name == name })
	switch {
	case i < 0:
		return &argumentError{what: catalogue.NoCommand(name)}
	case len(rest) > 0 && strings.HasPrefix(rest[0], "-"):
		return &argumentError{what: catalogue.NoFlag(rest[0])}
	case len(rest) > 0 && !all[i].takesFile:
		return &argumentError{what: catalogue.ArgumentsMost(name, 0)}
	case len(rest) > 1:
		return &argumentError{what: catalogue.ArgumentsMost(name, 1)}
	case len(rest) == 0:
		rest = []string{settingsPath}
	}
	return all[i].act(ctx, rest[0])
}

func asksForHelp(argument string) bool {
	return argument == "-h" || argument == "--help" || argument == "help"
}

func usage(all []command) string {
	var text strings.Builder
	text.WriteString(line(catalogue.TillProgram()) + "\n\n" + exitCodes() + "\n\n" + heading(catalogue.Usage()) + "\n")
	for _, c := range all {
		call := c.name
		if c.takesFile {
			call += " [SETTINGS]"
		}
		fmt.Fprintf(&text, "  yuantill-agent %-28s%s\n", call, line(c.about))
	}
	return text.String()
}
