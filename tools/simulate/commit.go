package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
)

// gitWithin bounds asking git for the tree's commit.
const gitWithin = 10 * time.Second

// commit names the tree that this program was built from: as the build has it, or else, as with go run, as git has it of the
// tree in a folder, if that is this one's.
func commit(ctx context.Context, folder string) string {
	if info, known := debug.ReadBuildInfo(); known {
		if name := commitOf(info.Settings); name != "" {
			return name
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "tools", "simulate", "commit.go")); err != nil {
		return "commit unknown"
	}
	ctx, cancel := context.WithTimeout(ctx, gitWithin)
	defer cancel()
	name, err := git(ctx, folder, "rev-parse", "HEAD")
	if err != nil {
		return "commit unknown"
	}
	changes, err := git(ctx, folder, "status", "--porcelain")
	return named(name, err != nil || changes != "")
}

func git(ctx context.Context, folder string, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, "git", arguments...)
	command.Dir = folder
	output, err := command.Output()
	return strings.TrimSpace(string(output)), err
}

// commitOf is what a build says of the tree; empty for nothing.
func commitOf(settings []debug.BuildSetting) string {
	name, changed := "", false
	for _, setting := range settings {
		switch setting.Key {
		case "vcs.revision":
			name = setting.Value
		case "vcs.modified":
			changed = setting.Value == "true"
		}
	}
	if name == "" {
		return ""
	}
	return named(name, changed)
}

func named(name string, changed bool) string {
	if changed {
		return "commit " + name + " with changes"
	}
	return "commit " + name
}
