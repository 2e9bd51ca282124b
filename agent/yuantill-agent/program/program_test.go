package program_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/agent/yuantill-agent/program"
	"github.com/yuantill/yuantill/agent/yuantill-agent/settings"
	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/enrolment/enrolmenttest"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/fakedevice/pn532"
	"github.com/yuantill/yuantill/tools/fakedevice/printer"
	"github.com/yuantill/yuantill/tools/fakedevice/pty"
	"github.com/yuantill/yuantill/tools/fakedevice/scanner"
)

const (
	terminal = "10000001"
	patience = 15 * time.Second
)

// machine is a terminal on disk with simulated devices on pseudo-terminals; its network leads nowhere.
type machine struct {
	folder, settings string
	address          string
	scanner          *scanner.Scanner
	printer          *printer.Printer
	printed          chan printer.Event
}

// text writes the settings file.
func (m *machine) configure(t *testing.T, more string) {
	t.Helper()
	text := fmt.Sprintf(`terminal = %q
[merchant]
name = "幸福小吃店"
id = "102290053110001"
acquirer = "机构"
[device]
serial_number = "YT1"
[cloud]
brokers = ["127.0.0.1:1"]
[station]
listen = %q
[journal]
room_min = 0
[timing]
answer_within = "1s"
ask_every = "1s"
give_up = "2s"
give_up_shown = "2s"
%s`, terminal, m.address, more)
	require.NoError(t, os.WriteFile(m.settings, []byte(text), 0o600))
}

func newMachine(t *testing.T) *machine { return newMachineIn(t, t.TempDir()) }

func newMachineIn(t *testing.T, folder string) *machine {
	m := &machine{folder: folder, settings: filepath.Join(folder, "agent.toml"), address: freeAddress(t)}
	path := filepath.Join(folder, "enrolment.json")
	authority := enrolmenttest.NewAuthority(t)
	require.NoError(t, enrolment.Write(path, authority.Enrolment(t, terminal), seal.Portable(), rand.Reader))
	m.configure(t, "")
	return m
}

// signIn leaves an epoch behind, as an earlier day's sign-in would.
func (m *machine) signIn(t *testing.T) {
	keys := m.keys(t)
	epoch := keyring.Epoch{Number: 1, TerminalNonce: [16]byte{1}, CloudNonce: [16]byte{2}, OpenedAt: time.Now()}
	j := m.journal(t) // there before the first sign-in, as ever
	require.NoError(t, keys.Add(epoch))
	_, err := j.OpenEpoch(t.Context(), journal.EpochOpening{
		Keys: keys.Derive(epoch), TerminalNonce: epoch.TerminalNonce, CloudNonce: epoch.CloudNonce,
	})
	require.NoError(t, err)
	require.NoError(t, j.Close())
}

func (m *machine) keys(t *testing.T) *keyring.Keyring {
	keys, err := keyring.Open(keyring.Config{
		EnrolmentPath: filepath.Join(m.folder, "enrolment.json"), StatePath: filepath.Join(m.folder, "epochs.json"),
		Engine: seal.Portable(),
	})
	require.NoError(t, err)
	return keys
}

func (m *machine) journal(t *testing.T) *journal.Journal {
	config := journal.DefaultConfig()
	config.Path, config.Terminal, config.KeyVersion = filepath.Join(m.folder, "journal.db"), record.Terminal([]byte(terminal)), 1
	config.Keyring, config.Logger, config.RoomMin = m.keys(t), slog.New(slog.DiscardHandler), 0
	j, err := journal.Open(t.Context(), config)
	require.NoError(t, err)
	return j
}

// plugIn gives the machine a scanner and a printer.
func (m *machine) plugIn(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	open := func(name string) *pty.Port {
		p, err := pty.Open(filepath.Join(m.folder, name))
		require.NoError(t, err)
		return p
	}
	scannerPort, printerPort := open("scanner"), open("printer")
	m.scanner = scanner.New(scannerPort, scanner.Options{})
	m.printed = make(chan printer.Event, 64)
	var err error
	m.printer, err = printer.New(printerPort, printer.Options{Observe: func(e printer.Event) { m.printed <- e }})
	require.NoError(t, err)
	running.Go(func() { _ = m.scanner.Run(ctx) })
	running.Go(func() { _ = m.printer.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		require.NoError(t, scannerPort.Close())
		require.NoError(t, printerPort.Close())
		running.Wait()
	})
	m.configure(t, "[scanner]\ndriver = \"line\"\npath = \"scanner\"\n[printer]\ndriver = \"escpos\"\npath = \"printer\"\npaper = 58\n")
}

func freeAddress(t *testing.T) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// log is what the program wrote.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// start runs the agent until stop, which returns its exit code.
func (m *machine) start(t *testing.T) (out *log, stop func() int) {
	ctx, cancel := context.WithCancel(context.Background())
	out = &log{}
	ended := make(chan int, 1)
	go func() { ended <- program.Main(ctx, time.Now, []string{"run", m.settings}, io.Discard, out) }()
	t.Cleanup(cancel)
	stop = func() int {
		cancel()
		select {
		case code := <-ended:
			return code
		case <-time.After(patience):
			t.Fatal("the agent does not stop")
			return -1
		}
	}
	require.Eventually(t, func() bool {
		response, err := http.Get("http://" + m.address + "/livez")
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK
	}, patience, 5*time.Millisecond, out)
	return out, stop
}

// call asks the station.
func (m *machine) call(t *testing.T, method, path, key, body string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+m.address+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var answer map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	return response.StatusCode, answer
}

func (m *machine) awaitState(t *testing.T, id any, state string) map[string]any {
	t.Helper()
	var answer map[string]any
	require.Eventually(t, func() bool {
		_, answer = m.call(t, "GET", fmt.Sprintf("/v1/sales/%s", id), "", "")
		return answer["state"] == state
	}, patience, 20*time.Millisecond, "state %s", state)
	return answer
}

func (m *machine) awaitDevices(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, status := m.call(t, "GET", "/v1/status", "", "")
		ready := 0
		for _, device := range status["devices"].([]any) {
			if device.(map[string]any)["state"] == "ready" {
				ready++
			}
		}
		return ready == 2
	}, patience, 20*time.Millisecond)
}

// TestIdleReader: no sale wants anything of the reader, and it is told all the same that it is away, or does not answer.
func TestIdleReader(t *testing.T) {
	m := newMachine(t)
	reader, err := pty.Open(filepath.Join(m.folder, "reader"))
	require.NoError(t, err)
	chip := pn532.New(reader, pn532.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- chip.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ran)
		require.NoError(t, reader.Close())
	})
	m.configure(t, "[reader]\ndriver = \"pn532\"\npath = \"reader\"\n")
	out, stop := m.start(t)
	const timeOfOneLook = 200 * time.Millisecond
	await := func(state string) {
		t.Helper()
		require.Eventually(t, func() bool {
			_, status := m.call(t, "GET", "/v1/status", "", "")
			for _, device := range status["devices"].([]any) {
				if d := device.(map[string]any); d["name"] == "reader" {
					return d["state"] == state
				}
			}
			return false
		}, patience, 20*time.Millisecond, out)
	}
	await("ready")
	require.NoError(t, reader.HangUp())
	await("absent")
	require.NoError(t, reader.PlugIn())
	await("ready")
	chip.SetFaults(pn532.Faults{Stall: true})
	await("faulted")
	chip.SetFaults(pn532.Faults{})
	answered := time.Now()
	await("ready")
	require.Less(t, time.Since(answered), time.Second+timeOfOneLook)
	require.Equal(t, program.ExitOK, stop())
}

// TestOfflineSale is a whole sale of the real program over serial devices, while the network leads nowhere: unknown is
// told, the payment is taken back by record, the customer gets a slip that says so, and a restart goes on with it.
func TestOfflineSale(t *testing.T) {
	m := newMachine(t)
	m.signIn(t)
	m.plugIn(t)
	out, stop := m.start(t)
	m.awaitDevices(t)
	code, sale := m.call(t, "POST", "/v1/sales", "k1", `{"amount":1250}`)
	require.Equal(t, http.StatusCreated, code, sale)
	_, err := m.scanner.Scan(t.Context(), "0112345678901234567")
	require.NoError(t, err)
	require.Equal(t, "unknown", m.awaitState(t, sale["id"], "querying")["outcome"])
	m.awaitState(t, sale["id"], "reversing")
	awaitPrinted(t, m, printer.ReceiptCut)
	require.Zero(t, stop())
	require.NotContains(t, out.String(), "0112345678901234567", "a payment code is never logged")
	require.Contains(t, out.String(), `"terminal":"`+terminal+`"`)
	require.Contains(t, out.String(), `"station":"`+m.address+`"`)

	out, stop = m.start(t)
	_, again := m.call(t, "POST", "/v1/sales", "k1", `{"amount":1250}`)
	require.Equal(t, sale["id"], again["id"], "the same key finds the same sale after a restart")
	require.Equal(t, "reversing", again["state"])
	require.Contains(t, out.String(), fmt.Sprintf(`"msg":"sale taken up after restart","sale":%q,"state":"reversing"`, sale["id"]))
	require.Zero(t, stop())
	require.Equal(t, []string{"epoch-opened", "shift-opened", "payment-requested", "outcome-shown", "reversal-requested", "receipt-printed"}, m.recorded(t))
}

func awaitPrinted(t *testing.T, m *machine, kind printer.EventKind) {
	t.Helper()
	limit := time.After(patience)
	for {
		select {
		case event := <-m.printed:
			if event.Kind == kind {
				return
			}
		case <-limit:
			t.Fatalf("no %s", kind)
		}
	}
}

// recorded lists the journal's records but those of starts and faults.
func (m *machine) recorded(t *testing.T) []string {
	j := m.journal(t)
	defer func() { require.NoError(t, j.Close()) }()
	report, err := j.Verify(t.Context())
	require.NoError(t, err)
	var names []string
	for sequence := uint64(1); sequence <= report.Last; sequence++ {
		r, err := j.Get(t.Context(), sequence)
		require.NoError(t, err)
		header, err := record.ParseHeader(r)
		require.NoError(t, err)
		if header.Type != record.AgentStarted && header.Type != record.DeviceFault {
			names = append(names, header.Type.String())
		}
	}
	return names
}

func TestNoSaleBeforeTheFirstSignIn(t *testing.T) {
	m := newMachine(t)
	_, stop := m.start(t)
	code, problem := m.call(t, "POST", "/v1/sales", "k1", `{"amount":1250}`)
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, problem["text"].(map[string]any)["zh"], "签到")
	require.Equal(t, program.ExitOK, stop())
}

func TestExitCodes(t *testing.T) {
	runs := func(m *machine) (int, string) {
		out := &log{}
		code := program.Main(context.Background(), time.Now, []string{"run", m.settings}, io.Discard, out)
		return code, out.String()
	}
	t.Run("SettingsMistake", func(t *testing.T) {
		m := newMachine(t)
		m.configure(t, "[scaner]\n")
		code, said := runs(m)
		require.Equal(t, program.ExitSettings, code)
		require.Contains(t, said, "yuantill-agent: 参数或设置有误  wrong arguments or settings\n")
		require.Contains(t, said, "agent.toml:19:2: scaner：没有这个设置，请核对拼写  there is no such setting, check its spelling\n")
		require.Contains(t, said, "  → 改正后检查：yuantill-agent check-settings "+m.settings)
	})
	t.Run("UnknownDriver", func(t *testing.T) {
		m := newMachine(t)
		m.configure(t, "[scanner]\ndriver = \"laser\"\npath = \"/dev/null\"\n")
		code, said := runs(m)
		require.Equal(t, program.ExitSettings, code)
		require.Contains(t, said, "agent.toml:20:10: scanner.driver：不能为 laser，可用 line  cannot be laser, there is line\n")
	})
	t.Run("NoEnrolment", func(t *testing.T) {
		m := newMachine(t)
		path := filepath.Join(m.folder, "enrolment.json")
		require.NoError(t, os.Remove(path))
		code, said := runs(m)
		require.Equal(t, program.ExitKeys, code)
		require.Contains(t, said, "agent.toml: keys.enrolment：没有文件 "+path+"：把签发的文件放到那里，或改正路径  there is no "+path+": put the file there")
	})
	t.Run("EnrolmentOfAnotherTerminal", func(t *testing.T) {
		m := newMachine(t)
		text, err := os.ReadFile(m.settings)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(m.settings, bytes.Replace(text, []byte(terminal), []byte("10000002"), 1), 0o600))
		code, said := runs(m)
		require.Equal(t, program.ExitKeys, code)
		require.Contains(t, said, "10000002")
	})
	t.Run("JournalInUse", func(t *testing.T) {
		m := newMachine(t)
		j := m.journal(t)
		defer j.Close()
		code, said := runs(m)
		require.Equal(t, program.ExitJournal, code)
		require.Contains(t, said, fmt.Sprint(os.Getpid()))
		require.Contains(t, said, "请先停止它  another agent is running, stop it first\n")
	})
	t.Run("JournalDamaged", func(t *testing.T) {
		m := newMachine(t)
		require.NoError(t, os.WriteFile(filepath.Join(m.folder, "journal.db"), []byte("this is no database, and long enough"), 0o600))
		code, _ := runs(m)
		require.Equal(t, program.ExitJournal, code)
	})
	t.Run("StationAddressTaken", func(t *testing.T) {
		m := newMachine(t)
		listener, err := net.Listen("tcp", m.address)
		require.NoError(t, err)
		defer listener.Close()
		code, said := runs(m)
		require.Equal(t, program.ExitStation, code)
		require.Contains(t, said, "yuantill-agent: 本地接口地址被占用  the station's address is taken\n")
	})
	t.Run("UnknownCommand", func(t *testing.T) {
		require.Equal(t, program.ExitSettings, program.Main(context.Background(), time.Now, []string{"sell"}, io.Discard, io.Discard))
	})
}

func TestSmallCommands(t *testing.T) {
	m := newMachine(t)
	var out, errOut bytes.Buffer
	require.Zero(t, program.Main(t.Context(), time.Now, []string{"check-settings", m.settings}, &out, &errOut))
	require.Contains(t, out.String(), "设置正确")
	out.Reset()
	require.Zero(t, program.Main(t.Context(), time.Now, []string{"version"}, &out, &errOut))
	require.Contains(t, out.String(), program.Version)
	out.Reset()
	require.Zero(t, program.Main(t.Context(), time.Now, []string{"example-settings"}, &out, &errOut))
	require.Equal(t, settings.Example(), out.String())
	require.Empty(t, errOut.String())
	require.Equal(t, program.ExitSettings, program.Main(t.Context(), time.Now, []string{"check-settings", "/nowhere"}, &out, &errOut))
	require.Contains(t, errOut.String(), "example-settings")
}
