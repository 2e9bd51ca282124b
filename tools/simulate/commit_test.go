package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommitOfABuild(t *testing.T) {
	require.Empty(t, commitOf(nil))
	settings := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "false"}}
	require.Equal(t, "commit abc", commitOf(settings))
	settings[1].Value = "true"
	require.Equal(t, "commit abc with changes", commitOf(settings))
}

func TestCommitOfATree(t *testing.T) {
	folder := t.TempDir()
	require.Equal(t, "commit unknown", commit(context.Background(), folder), "no tree of this program")
	run := func(arguments ...string) {
		command := exec.Command("git", append([]string{"-c", "user.name=n", "-c", "user.email=e@example.com"}, arguments...)...)
		command.Dir = folder
		output, err := command.CombinedOutput()
		require.NoError(t, err, "%s", output)
	}
	file := filepath.Join(folder, "tools", "simulate", "commit.go")
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	run("init", "-q")
	require.Equal(t, "commit unknown", commit(context.Background(), folder), "nothing was ever committed")
	run("add", ".")
	run("commit", "-qm", "first")
	clean := commit(context.Background(), folder)
	require.Regexp(t, "^commit [0-9a-f]{40}$", clean)
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	require.Equal(t, clean+" with changes", commit(context.Background(), folder))
}
