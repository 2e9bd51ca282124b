package floor_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakedevice/pty"
	"github.com/yuantill/yuantill/tools/loadtest/floor"
)

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// TestFloorSellsForReal runs the three parts and takes two sales: what the benchmark subtracts must really commit,
// travel and print.
func TestFloorSellsForReal(t *testing.T) {
	dir := t.TempDir()
	certificate := filepath.Join(dir, "floor.pem")
	require.NoError(t, floor.WriteCertificate(certificate))
	tlsConfig, err := floor.ReadTLS(certificate)
	require.NoError(t, err)
	scanner, err := pty.Open(filepath.Join(dir, "scanner"))
	require.NoError(t, err)
	defer scanner.Close()
	printer, err := pty.Open(filepath.Join(dir, "printer"))
	require.NoError(t, err)
	defer printer.Close()

	config := floor.Config{Operator: freeAddress(t), Broker: freeAddress(t), TLS: tlsConfig,
		Scanner: filepath.Join(dir, "scanner"), Printer: filepath.Join(dir, "printer")}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 3)
	start := func(name string, run func(context.Context, floor.Config) error) {
		one := config
		one.Database = filepath.Join(dir, name)
		go func() { ended <- run(ctx, one) }()
	}
	start("operator", floor.RunOperator)
	start("cloud", floor.RunCloud)
	awaitListener(t, config.Broker)
	start("agent", floor.RunAgent)

	printed := make(chan byte, 64)
	go func() {
		buffer := make([]byte, 1)
		for {
			if _, err := io.ReadFull(printer, buffer); err != nil {
				return
			}
			printed <- buffer[0]
		}
	}()
	require.Equal(t, byte(floor.Ready), next(t, printed, ended))
	for range 2 {
		_, err := scanner.Write([]byte("0112345678901234567\r"))
		require.NoError(t, err)
		require.Equal(t, byte(0x1b), next(t, printed, ended))
		for next(t, printed, ended) != 'V' { // up to the cut
		}
		for range 2 {
			next(t, printed, ended)
		}
	}
	for _, name := range []string{"cloud", "agent"} {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		require.NotZero(t, info.Size())
	}
	cancel()
	require.NoError(t, <-ended)
}

func awaitListener(t *testing.T, address string) {
	t.Helper()
	require.Eventually(t, func() bool {
		link, err := net.Dial("tcp", address)
		if err == nil {
			link.Close()
		}
		return err == nil
	}, 10*time.Second, 10*time.Millisecond)
}

func next(t *testing.T, printed <-chan byte, ended <-chan error) byte {
	t.Helper()
	select {
	case b := <-printed:
		return b
	case err := <-ended:
		require.NoError(t, err)
		t.Fatal("a part of the floor ended")
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was printed")
	}
	return 0
}
