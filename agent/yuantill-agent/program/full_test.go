package program_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/yuantill-agent/program"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// tinyMachine is a terminal whose files are on a real, tiny file system: signed in, and cut off in the middle of its day.
// It needs the right to mount one; package journal's tests hold the same on a disk that is only told to be full.
func tinyMachine(t *testing.T) *machine {
	t.Helper()
	folder := t.TempDir()
	err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=16m")
	if errors.Is(err, syscall.EPERM) {
		t.Skip("mounting a file system needs more rights")
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(folder, syscall.MNT_DETACH)) })
	m := newMachineIn(t, folder)
	m.signIn(t)
	j := m.journal(t)
	entries := make([]journal.Entry, 500)
	for i := range entries {
		entries[i] = journal.Entry{Type: record.DeviceFault, Body: &message.DeviceFault{Device: "printer", Fault: "paper out"}}
	}
	_, err = j.Append(t.Context(), entries...)
	require.NoError(t, err)
	cut := map[string][]byte{}
	for _, suffix := range []string{"", "-wal", ".lock"} {
		cut[suffix], err = os.ReadFile(m.journalPath() + suffix)
		require.NoError(t, err)
	}
	require.NoError(t, j.Close())
	for _, suffix := range []string{"-shm", ".ballast"} {
		require.NoError(t, os.RemoveAll(m.journalPath()+suffix))
	}
	for suffix, content := range cut {
		require.NoError(t, os.WriteFile(m.journalPath()+suffix, content, 0o600))
	}
	return m
}

func (m *machine) journalPath() string { return filepath.Join(m.folder, "journal.db") }

// fill takes all the room of the machine's disk but so many bytes.
func (m *machine) fill(t *testing.T, left int64) {
	t.Helper()
	greedy, err := os.Create(filepath.Join(m.folder, "greedy"))
	require.NoError(t, err)
	taken, block := int64(0), make([]byte, 4096)
	for err == nil {
		var n int
		n, err = greedy.Write(block)
		taken += int64(n)
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, greedy.Truncate(taken-left))
	require.NoError(t, greedy.Close())
}

func (m *machine) free(t *testing.T) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(m.folder, "greedy")))
}

func TestFullDisk(t *testing.T) {
	const heading = "yuantill-agent: 存储空间已满  the disk is full\n"
	t.Run("NoRoomToOpen", func(t *testing.T) {
		m := tinyMachine(t)
		m.fill(t, 0)
		code, _, said := say(t, "run", m.settings)
		require.Equal(t, program.ExitFull, code)
		require.Contains(t, said, heading)
		require.Contains(t, said, "  → 请释放磁盘空间，再启动；流水没有损坏，记录都在  free some disk space, then start again; "+
			"the journal is not damaged and all its records are there\n")
		m.free(t)
		_, stop := m.start(t)
		require.Equal(t, program.ExitOK, stop())
	})
	t.Run("NoRoomForANewJournal", func(t *testing.T) {
		m := tinyMachine(t)
		require.NoError(t, os.RemoveAll(m.journalPath()))
		require.NoError(t, os.RemoveAll(m.journalPath()+"-wal"))
		require.NoError(t, os.RemoveAll(m.journalPath()+".lock"))
		require.NoError(t, os.Remove(filepath.Join(m.folder, "epochs.json"))) // as of a till that has never signed in
		m.fill(t, 0)
		code, _, said := say(t, "run", m.settings)
		require.Equal(t, program.ExitFull, code, said)
		require.Contains(t, said, heading)
	})
	t.Run("ComesUpWithoutRoomForASale", func(t *testing.T) {
		m := tinyMachine(t)
		m.fill(t, 40<<10)
		out, stop := m.start(t)
		code, problem := m.call(t, "POST", "/v1/sales", "k1", `{"amount":1250}`)
		require.Equal(t, http.StatusInsufficientStorage, code)
		require.Contains(t, problem["text"].(map[string]any)["zh"], "存储空间不足")
		require.Contains(t, problem["next"].(map[string]any)["zh"], "释放磁盘空间")
		require.Equal(t, program.ExitFull, stop(), "what is in the log cannot be brought into the file")
		require.Contains(t, out.String(), heading)
		require.NotContains(t, out.String(), "wrong arguments")
		m.free(t)
		_, stop = m.start(t)
		code, sale := m.call(t, "POST", "/v1/sales", "k2", `{"amount":1250}`)
		require.Equal(t, http.StatusCreated, code, sale)
		require.Equal(t, program.ExitOK, stop())
		j := m.journal(t)
		defer func() { require.NoError(t, j.Close()) }()
		report, err := j.Verify(t.Context())
		require.NoError(t, err)
		require.Greater(t, report.Records, uint64(501))
	})
}
