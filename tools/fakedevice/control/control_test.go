package control_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakedevice/control"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

func TestDevicesTellWhoIsAttached(t *testing.T) {
	b := newBench(t)
	attached := func() map[string]bool {
		states := map[string]bool{}
		for _, state := range do[[]control.DeviceState](t, http.MethodGet, b.url+"/devices", "", http.StatusOK) {
			states[state.Device] = state.Attached
		}
		return states
	}
	require.Equal(t, map[string]bool{"scanner": false, "card-reader": false, "printer": false}, attached())
	b.openScanner(t)
	require.Equal(t, map[string]bool{"scanner": true, "card-reader": false, "printer": false}, attached())
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	b := newBench(t)
	b.openScanner(t)
	for name, c := range map[string]struct {
		path, body string
		status     int
	}{
		"NoText":       {"/scan", `{}`, http.StatusBadRequest},
		"NoAction":     {"/scan", `{"action":"beep"}`, http.StatusBadRequest},
		"UnknownField": {"/scan", `{"code":"1"}`, http.StatusBadRequest},
		"NoJSON":       {"/scan", `scan`, http.StatusBadRequest},
		"Gap":          {"/scan", `{"action":"split","text":"1","gap":"soon"}`, http.StatusBadRequest},
		"ThreeCards":   {"/tap", `{"cards":3}`, http.StatusBadRequest},
		"OddUID":       {"/tap", `{"uid_size":5}`, http.StatusBadRequest},
		"Fault":        {"/printer/on-fire", ``, http.StatusNotFound},
		"Device":       {"/hang-up/kettle", ``, http.StatusNotFound},
		"CardFaults":   {"/card-reader/faults", `{"stall":1}`, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			problem := do[control.Problem](t, http.MethodPost, b.url+c.path, c.body, c.status)
			require.NotEmpty(t, problem.Error)
		})
	}
	for _, query := range []string{"?after=x", "?wait=soon", "?wait=2h"} {
		do[control.Problem](t, http.MethodGet, b.url+"/events"+query, "", http.StatusBadRequest)
	}
}

func TestDevicesThatAreNotThere(t *testing.T) {
	url := start(t, control.Config{})
	require.Empty(t, do[[]control.DeviceState](t, http.MethodGet, url+"/devices", "", http.StatusOK))
	for _, path := range []string{"/scan", "/tap", "/remove", "/card/connect", "/card-reader/faults", "/printer/stall", "/plug-in/printer"} {
		problem := do[control.Problem](t, http.MethodPost, url+path, "", http.StatusNotFound)
		require.Contains(t, problem.Error, control.ErrNoDevice.Error(), path)
	}
	do[control.Problem](t, http.MethodGet, url+"/receipts", "", http.StatusNotFound)
}

func TestEventStream(t *testing.T) {
	b := newBench(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+"/events", nil)
	require.NoError(t, err)
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for _, kind := range []string{"cover-open", "stall"} {
		b.post(t, "/printer/"+kind, "")
		require.True(t, lines.Scan())
		require.True(t, strings.HasPrefix(lines.Text(), "id: "))
		require.True(t, lines.Scan())
		require.Contains(t, lines.Text(), `"kind":"`+kind+`"`)
		require.True(t, lines.Scan())
	}
}

func TestNewErrors(t *testing.T) {
	folder := t.TempDir()
	t.Run("NoWallet", func(t *testing.T) {
		_, err := control.New(control.Config{Wallet: filepath.Join(folder, "none")})
		require.ErrorIs(t, err, os.ErrNotExist)
	})
	t.Run("BadWallet", func(t *testing.T) {
		path := filepath.Join(folder, "bad")
		require.NoError(t, os.WriteFile(path, []byte("{}"), 0o600))
		_, err := control.New(control.Config{Wallet: path})
		require.ErrorIs(t, err, hardcard.ErrFile)
	})
	t.Run("PathInTheWayFreesTheOthers", func(t *testing.T) {
		scanner, printer := filepath.Join(folder, "scanner"), filepath.Join(folder, "printer")
		require.NoError(t, os.WriteFile(printer, nil, 0o600))
		_, err := control.New(control.Config{ScannerPath: scanner, PrinterPath: printer})
		require.ErrorIs(t, err, os.ErrExist)
		_, err = os.Lstat(scanner)
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestListen(t *testing.T) {
	for _, address := range []string{"", "devices.sock", "0.0.0.0:0", "example.com:80", "localhost:0"} {
		_, err := control.Listen(context.Background(), address)
		require.ErrorIs(t, err, control.ErrAddress, address)
	}
	t.Run("ReplacesAStaleSocket", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "devices.sock")
		stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
		require.NoError(t, err)
		stale.SetUnlinkOnClose(false)
		require.NoError(t, stale.Close())
		listener, err := control.Listen(context.Background(), "unix:"+path)
		require.NoError(t, err)
		require.NoError(t, listener.Close())
	})
}

func TestServeEndsWithItsContext(t *testing.T) {
	counter, err := control.New(control.Config{})
	require.NoError(t, err)
	listener, err := control.Listen(context.Background(), "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- counter.Serve(ctx, listener) }()
	// An event stream that is open must not hold the server up.
	request, err := http.NewRequest(http.MethodGet, "http://"+listener.Addr().String()+"/events", nil)
	require.NoError(t, err)
	request.Header.Set("Accept", "text/event-stream")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	cancel()
	select {
	case err := <-served:
		require.NoError(t, err)
	case <-time.After(patience):
		require.Fail(t, "server does not end")
	}
}

func TestLog(t *testing.T) {
	origin := time.Now()
	log := control.NewLog(origin)
	t.Run("WaitsForTheFirst", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		require.Empty(t, log.After(ctx, 0))
		timer := time.AfterFunc(time.Millisecond, func() { log.Add(origin.Add(5), control.Event{Kind: "first"}) })
		defer timer.Stop()
		events := log.After(bounded(t), 0)
		require.Equal(t, []control.Event{{Sequence: 1, Kind: "first", Nanoseconds: 5, At: origin.Add(5).Round(0)}}, events)
	})
	t.Run("ForgetsTheOldestOnly", func(t *testing.T) {
		const more = 1<<16 + 10
		for range more {
			log.Add(origin, control.Event{})
		}
		events := log.After(bounded(t), 0)
		require.Equal(t, uint64(more+1), events[len(events)-1].Sequence)
		require.Greater(t, events[0].Sequence, uint64(1))
		require.Equal(t, events[0].Sequence+uint64(len(events))-1, events[len(events)-1].Sequence)
		require.Len(t, log.After(bounded(t), more-1), 2)
	})
}
