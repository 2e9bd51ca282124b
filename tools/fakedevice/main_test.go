package main_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers/port"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakedevice/control"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
)

const patience = 20 * time.Second

// build makes the program once for a test.
func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "fakedevice")
	output, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", output)
	return program
}

func run(t *testing.T, program string, arguments ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	output, err := exec.CommandContext(ctx, program, arguments...).CombinedOutput()
	return string(output), err
}

func TestProgram(t *testing.T) {
	program := build(t)
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	t.Run("Mint", func(t *testing.T) {
		for _, wallet := range []string{"a.json", "b.json"} {
			output, err := run(t, program, "mint", "--issuer", path("issuer.pem"), "--issuer-public", path("issuer.pub"),
				"--wallet", path(wallet), "--balance", "12345")
			require.NoError(t, err, output)
			card, err := hardcard.Load(path(wallet))
			require.NoError(t, err)
			require.Equal(t, int64(12345), card.Balance())
		}
		text, err := os.ReadFile(path("issuer.pem"))
		require.NoError(t, err)
		issuer, err := sign.ParseKeyPEM(text)
		require.NoError(t, err)
		text, err = os.ReadFile(path("issuer.pub"))
		require.NoError(t, err)
		public, err := sign.ParsePublicKeyPEM(text)
		require.NoError(t, err)
		require.True(t, issuer.Public().Equal(public), "the second wallet used the same issuer")
	})
	t.Run("Serve", func(t *testing.T) { serve(t, program, folder) })
	t.Run("Help", func(t *testing.T) {
		output, err := run(t, program, "--help")
		require.NoError(t, err)
		for _, line := range strings.Split(strings.TrimSpace(control.Help("http://ADDRESS")), "\n") {
			require.Contains(t, output, line)
		}
	})
	t.Run("NoDevice", func(t *testing.T) {
		for _, arguments := range [][]string{nil, {"--receipts", path("none")}, {"--wallet", path("a.json")}} {
			output, err := run(t, program, arguments...)
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit)
			require.Equal(t, 2, exit.ExitCode())
			require.Contains(t, output, "没有指定设备")
			require.Contains(t, output, "--scanner, --pn532, --printer")
			require.NoDirExists(t, path("none"))
		}
	})
	t.Run("Errors", func(t *testing.T) {
		for want, arguments := range map[string][]string{
			"58 or 80":           {"--paper", "57"},
			"loopback":           {"--control", "0.0.0.0:0", "--printer", path("printer")},
			"unknown flag":       {"--kettle", "x"},
			"no such file":       {"--wallet", path("none.json"), "--printer", path("printer")},
			`"issuer", "wallet"`: {"mint"},
			"read issuer key":    {"mint", "--issuer", path("a.json"), "--wallet", path("c.json")},
		} {
			output, err := run(t, program, arguments...)
			require.Error(t, err, want)
			require.Contains(t, output, want)
		}
	})
}

// serve starts the program with all devices, scans a code and stops it.
func serve(t *testing.T, program, folder string) {
	path := func(name string) string { return filepath.Join(folder, name) }
	socket := path("devices.sock")
	command := exec.Command(program, "--scanner", path("dev/scanner"), "--pn532", path("dev/pn532"),
		"--printer", path("dev/printer"), "--wallet", path("a.json"), "--receipts", path("receipts"), "--paper", "80",
		"--control", "unix:"+socket)
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	// Does nothing to a program that has ended as it should.
	t.Cleanup(func() { _ = command.Process.Kill() })
	line, err := bufio.NewReader(output).ReadString('\n')
	require.NoError(t, err)
	var ready struct {
		Control, Scanner, PN532, Printer string
		PID                              int
	}
	require.NoError(t, json.Unmarshal([]byte(line), &ready))
	require.Equal(t, socket, ready.Control)
	require.Equal(t, command.Process.Pid, ready.PID)

	scanner, err := port.Open(ready.Scanner, port.Settings{})
	require.NoError(t, err)
	client := http.Client{Timeout: patience, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
	response, err := client.Post("http://devices/scan", "application/json", strings.NewReader(`{"text":"6901234567892"}`))
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	require.Equal(t, http.StatusOK, response.StatusCode)
	got := make([]byte, len("6901234567892\r"))
	require.NoError(t, scanner.SetReadDeadline(time.Now().Add(patience)))
	_, err = io.ReadFull(scanner, got)
	require.NoError(t, err)
	require.Equal(t, "6901234567892\r", string(got))
	require.NoError(t, scanner.Close())

	require.NoError(t, command.Process.Signal(os.Interrupt))
	require.NoError(t, command.Wait(), "an interrupt ends it well")
	for _, link := range []string{ready.Scanner, ready.PN532, ready.Printer} {
		_, err := os.Lstat(link)
		require.ErrorIs(t, err, os.ErrNotExist)
	}
	require.DirExists(t, path("receipts"))
}
