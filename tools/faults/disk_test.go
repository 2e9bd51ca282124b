package faults_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// diskSize is a small disk, roomMin what the till wants to have free on it.
const (
	diskSize = 24 << 20
	roomMin  = 8 << 20
)

// TestDiskFull fills the disk that a till's journal is on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shop.Options{Terminals: 1})
	w.sell(t, w.Till, 101)
	disk := filepath.Dir(w.Till.Journal)
	require.NoError(t, w.Till.Agent.Stop())
	w.smallDisk(t, disk)
	require.NoError(t, w.StartAgent(t.Context(), w.Till))
	w.sell(t, w.Till, 102)

	t.Run("PaymentOnItsWayIsFinished", func(t *testing.T) {
		w.rule(t, bank.Rule{Operation: "authorise", Amount: 103, LatencyMillis: 500})
		sale := w.begin(t, w.Till, 103)
		w.reach(t, w.Till, sale.ID, "authorising")
		fill(t, disk)
		w.end(t, w.Till, sale.ID, "approved")
	})
	t.Run("NewSaleIsRefused", func(t *testing.T) {
		w.noRoom(t, 104)
		status, err := w.Station.Status(t.Context())
		require.NoError(t, err)
		require.NotNil(t, status.Refusing)
		require.Contains(t, status.Refusing.English, "Not enough room")
	})
	t.Run("RestartOnAFullDisk", func(t *testing.T) {
		w.Till.Agent.Kill()
		require.NoError(t, w.LaunchAgent(w.Till))
		await(t, longPatience, "the agent", lineIs(w.Till, true))
		w.noRoom(t, 105)
	})
	t.Run("RoomAgain", func(t *testing.T) {
		require.NoError(t, os.Remove(filepath.Join(disk, "filler")))
		w.ready(t, w.Till)
		w.sell(t, w.Till, 106)
	})
	w.audit(t)
	w.quiet(t)
}

// smallDisk mounts a small disk over a folder and moves the folder's files to it. The devices' links stay: they are made
// anew.
func (w *world) smallDisk(t *testing.T, folder string) {
	t.Helper()
	aside := folder + ".aside"
	require.NoError(t, os.Rename(folder, aside))
	require.NoError(t, os.Mkdir(folder, 0o700))
	err := syscall.Mount("tmpfs", folder, "tmpfs", 0, fmt.Sprintf("size=%d", diskSize))
	if errors.Is(err, syscall.EPERM) {
		t.Skip("this machine does not let us mount a small disk; package journal's room tests hold the same bounds")
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Unmount(folder, syscall.MNT_DETACH)) })
	entries, err := os.ReadDir(aside)
	require.NoError(t, err)
	for _, entry := range entries {
		from, to := filepath.Join(aside, entry.Name()), filepath.Join(folder, entry.Name())
		switch {
		case entry.Type()&os.ModeSymlink != 0:
			target, err := os.Readlink(from)
			require.NoError(t, err)
			require.NoError(t, os.Symlink(target, to))
		case entry.Type().IsRegular():
			content, err := os.ReadFile(from)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(to, content, 0o600))
		}
	}
	text, err := os.ReadFile(w.Till.Settings)
	require.NoError(t, err)
	changed := strings.Replace(string(text), "journal.db\"\n", fmt.Sprintf("journal.db\"\nroom_min = %d\n", roomMin), 1)
	require.NoError(t, os.WriteFile(w.Till.Settings, []byte(changed), 0o600))
}

// fill leaves no room on a disk.
func fill(t *testing.T, disk string) {
	t.Helper()
	f, err := os.Create(filepath.Join(disk, "filler"))
	require.NoError(t, err)
	defer f.Close()
	block := make([]byte, 64<<10)
	for range diskSize/len(block) + 1 {
		if _, err := f.Write(block); err != nil {
			require.ErrorIs(t, err, syscall.ENOSPC)
			return
		}
	}
	require.Fail(t, "the disk does not get full")
}

// noRoom holds that a sale is refused before anybody is asked for money, with what to do about it.
func (w *world) noRoom(t *testing.T, amount int64) {
	t.Helper()
	_, err := w.Station.Start(t.Context(), uuid.NewString(), stationclient.Start{Amount: amount, Currency: "CNY"})
	var refused *stationclient.RefusedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, http.StatusInsufficientStorage, refused.StatusCode)
	require.Contains(t, refused.Text.Chinese, "存储空间不足")
	require.Contains(t, refused.Next.English, "Free some disk space")
}
