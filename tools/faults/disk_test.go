package faults_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/yuantill-agent/program"
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
	require.NoError(t, w.Till.Agent.Stop())
	disk, err := w.SmallDisk(w.Till, diskSize, roomMin)
	if errors.Is(err, shop.ErrNoMount) {
		t.Skip("this machine does not let us mount a small disk; package journal's room tests hold the same bounds")
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, disk.Unmount()) })
	require.NoError(t, w.StartAgent(t.Context(), w.Till))
	w.sell(t, w.Till, 102)

	t.Run("PaymentOnItsWayIsFinished", func(t *testing.T) {
		w.rule(t, bank.Rule{Operation: "authorise", Amount: 103, LatencyMillis: 500})
		sale := w.begin(t, w.Till, 103)
		w.reach(t, w.Till, sale.ID, "authorising")
		require.NoError(t, disk.Fill())
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
		w.drained(t, w.Till)
	})
	t.Run("RestartWithoutAReserve", func(t *testing.T) {
		w.Till.Agent.Kill()
		require.NoError(t, os.RemoveAll(w.Till.Journal+".ballast"))
		require.NoError(t, disk.Fill())
		require.NoError(t, w.LaunchAgent(w.Till))
		await(t, longPatience, "the agent", lineIs(w.Till, true))
		w.noRoom(t, 107)
		w.drained(t, w.Till)
	})
	t.Run("NoRoomToOpen", func(t *testing.T) {
		w.Till.Agent.Kill()
		require.NoError(t, os.Remove(w.Till.Journal+"-shm")) // as on a copy
		require.NoError(t, disk.Fill())
		text := w.refused(t, w.Till, program.ExitFull)
		require.Contains(t, text, "存储空间已满")
		require.NotContains(t, text, "keep the file")
		require.NoError(t, disk.Free())
		require.NoError(t, w.LaunchAgent(w.Till))
	})
	t.Run("RoomAgain", func(t *testing.T) {
		require.NoError(t, disk.Free())
		w.ready(t, w.Till)
		w.sell(t, w.Till, 106)
	})
	w.audit(t)
	w.quiet(t)
}

// drained waits until the cloud has all that a till's journal has, the start that was just recorded too.
func (w *world) drained(t *testing.T, till *shop.Till) {
	t.Helper()
	await(t, patience, "records sent from a full disk", func(ctx context.Context) (bool, string) {
		status, err := till.Station.Status(ctx)
		if err != nil {
			return false, err.Error()
		}
		return status.Journal.Unsent == 0, fmt.Sprintf("%+v %+v", status.Journal, status.Uplink)
	})
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
