package doctor_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/port/hid"
	"github.com/yuantill/yuantill/protocol/enrolment/enrolmenttest"
	"github.com/yuantill/yuantill/tools/yuantill/doctor"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

func TestDevicesOfARunningAgent(t *testing.T) {
	t.Run("OK without opening them", func(t *testing.T) {
		b := newBench(t)
		b.tools.OpenSerial = func(string) error {
			require.Fail(t, "a device in use was opened")
			return nil
		}
		b.wants(t, "scanner", doctor.OK, "in use by the agent")
	})
	t.Run("FAIL with the agent's fault", func(t *testing.T) {
		b := newBench(t)
		b.agent(func(s *stationclient.Status) {
			s.Devices = []stationclient.Device{{Name: "scanner", State: "faulted", Fault: "hung up"}}
		})
		b.wants(t, "scanner", doctor.Fail, "faulted hung up")
	})
	notice := stationclient.Words{Chinese: "缺纸", English: "no paper"}
	t.Run("FAIL with what a person has to do", func(t *testing.T) {
		b := newBench(t)
		b.agent(func(s *stationclient.Status) {
			s.Devices = []stationclient.Device{{Name: "scanner", State: "faulted", Fault: "end", Notice: &notice}}
		})
		b.wants(t, "scanner", doctor.Fail, "cannot be used: no paper faulted end")
	})
	t.Run("WARN with what to know of one that works", func(t *testing.T) {
		b := newBench(t)
		b.agent(func(s *stationclient.Status) {
			s.Devices = []stationclient.Device{{Name: "scanner", State: "ready", Notice: &notice}}
		})
		b.wants(t, "scanner", doctor.Warn, "works: no paper")
	})
	t.Run("WARN when the agent does not know it", func(t *testing.T) {
		b := newBench(t)
		b.agent(func(s *stationclient.Status) { s.Devices = nil })
		b.wants(t, "scanner", doctor.Warn, "does not have this device")
	})
}

func TestDevicesWithoutAgent(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		level doctor.Level
		text  string
	}{
		"OK":                 {nil, doctor.OK, "can be opened"},
		"FAIL no permission": {&drivers.Error{Kind: drivers.KindRefused, Cause: fs.ErrPermission}, doctor.Fail, "may not open"},
		"FAIL not there":     {&drivers.Error{Kind: drivers.KindGone, Cause: fs.ErrNotExist}, doctor.Fail, "there is no /dev/ttyUSB0"},
		"WARN in use":        {&drivers.Error{Kind: drivers.KindBusy}, doctor.Warn, "in use by another program"},
		"FAIL no tty":        {&drivers.Error{Kind: drivers.KindRefused, Cause: errors.New("not a terminal")}, doctor.Fail, "not a terminal"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.tools.Status = func(context.Context) (stationclient.Status, error) {
				return stationclient.Status{}, errors.New("no agent")
			}
			b.tools.OpenSerial = func(string) error { return c.err }
			b.wants(t, "scanner", c.level, c.text)
		})
	}
}

func TestHID(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		level doctor.Level
		text  string
	}{
		"FAIL and not none without cgo": {hid.ErrUnsupported, doctor.Fail, "built without cgo"},
		"WARN without a bus":            {hid.ErrNoBus, doctor.Warn, "no USB bus"},
		"FAIL the library's error":      {errors.New("access"), doctor.Fail, "cannot be listed"},
		"OK with none":                  {nil, doctor.OK, "0 USB HID devices"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.tools.ListHID = func() ([]hid.Device, error) { return nil, c.err }
			b.wants(t, "usb-hid", c.level, c.text)
		})
	}
}

// broker accepts TLS connections until the test ends, as an MQTT broker that waits for CONNECT.
func broker(t *testing.T, config *tls.Config) string {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	require.NoError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer connection.Close()
				_, _ = io.Copy(io.Discard, connection) // handshakes, then waits
			}()
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		<-done
	})
	return listener.Addr().String()
}

func TestBrokers(t *testing.T) {
	b := newBench(t)
	t.Run("OK", func(t *testing.T) {
		b.site.Brokers = []string{broker(t, b.files.Authority.ServerTLS(t))}
		f := b.wants(t, "broker", doctor.OK, "reachable (TLS 1.3")
		require.Equal(t, b.site.Brokers[0], f.Details["address"])
	})
	t.Run("FAIL it does not know our authority", func(t *testing.T) {
		config := b.files.Authority.ServerTLS(t)
		config.ClientCAs = enrolmenttest.NewAuthority(t).ServerTLS(t).ClientCAs
		b.site.Brokers = []string{broker(t, config)}
		b.wants(t, "broker", doctor.Fail, "refused this terminal's certificate")
	})
	t.Run("FAIL it is not the cloud's", func(t *testing.T) {
		b.site.Brokers = []string{broker(t, enrolmenttest.NewAuthority(t).ServerTLS(t))}
		b.wants(t, "broker", doctor.Fail, "not to be trusted")
	})
	t.Run("FAIL it speaks no TLS 1.3", func(t *testing.T) {
		config := b.files.Authority.ServerTLS(t)
		config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
		b.site.Brokers = []string{broker(t, config)}
		b.wants(t, "broker", doctor.Fail, "cannot connect")
	})
	t.Run("FAIL nobody listens", func(t *testing.T) {
		b.site.Brokers = []string{"127.0.0.1:1"}
		b.wants(t, "broker", doctor.Fail, "connection refused")
	})
	t.Run("FAIL an address without port", func(t *testing.T) {
		b.site.Brokers = []string{"mq.example"}
		b.wants(t, "broker", doctor.Fail, "missing port")
	})
	t.Run("FAIL a name that does not resolve", func(t *testing.T) {
		b.tools.Dial = func(context.Context, string, *tls.Config) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "mq.example", IsNotFound: true}
		}
		b.site.Brokers = []string{"mq.example:8883"}
		require.Equal(t, "getent hosts mq.example", b.wants(t, "broker", doctor.Fail, "does not resolve").Command)
	})
	t.Run("skipped without keys", func(t *testing.T) {
		b.site.EnrolmentPath = ""
		b.run(t)
		require.Equal(t, doctor.Skipped, b.findings["broker"].Level)
	})
}
