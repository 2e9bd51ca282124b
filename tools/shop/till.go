package shop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// agentSettings is a terminal's settings file.
const agentSettings = `terminal = "%[1]s"

[merchant]
name = %[2]q
id = %[3]q
acquirer = "示例收单机构"

[device]
type = "01"
serial_number = "SN-%[1]s"
location = "+31.23/+121.47"

[receipt]
check_base = "http://%[4]s"

[keys]
enrolment = "enrolment/%[1]s.json"
epochs = "%[5]s/epochs.json"

[journal]
path = "%[5]s/journal.db"

[cloud]
brokers = [%[6]q]

[station]
listen = %[7]q

[scanner]
driver = "line"
path = "%[5]s/scanner"

[reader]
driver = "pn532"
path = "%[5]s/reader"
issuers = ["issuer.pub"]

[printer]
driver = "escpos"
path = "%[5]s/printer"
paper = 58

[log]
level = %[8]q
`

// Till is one terminal: its devices and its agent.
type Till struct {
	Terminal string
	// Folder, below the shop's, holds journal, epochs and devices.
	Folder string
	// Command is the agent's program, with what runs it before and its first arguments behind.
	Command []string
	// Settings is the agent's settings file; Journal its journal.
	Settings, Journal string
	Station           *stationclient.Client
	Devices           Devices
	Agent             *Process
	// Cable is how it reaches the broker; nil where it reaches it by itself.
	Cable *Cable
	// Wallet is the file of its customers' hard wallet, WalletID that wallet's 16 digits.
	Wallet, WalletID string
}

// startTills starts the terminals and their cables: the first's, or in a rough shop every one's.
func (s *Shop) startTills(running context.Context) func(context.Context) error {
	return func(ctx context.Context) error {
		for i := range s.options.Terminals {
			till, err := s.startTill(ctx, running, i)
			if err != nil {
				return fmt.Errorf("start terminal %d: %w", firstTerminal+i, err)
			}
			s.Tills = append(s.Tills, till)
			if i == 0 {
				s.Till, s.Station, s.Devices, s.Cable = till, till.Station, till.Devices, till.Cable
			}
		}
		return nil
	}
}

func (s *Shop) startTill(ctx, running context.Context, number int) (*Till, error) {
	broker, wallet := s.Broker, firstWallet
	var cable *Cable
	if number == 0 || s.options.Rough {
		var err error
		if cable, err = s.cable(running, s.Broker); err != nil {
			return nil, err
		}
		broker = cable.Address()
	}
	if number > 0 {
		wallet = fmt.Sprintf("wallet-%d.json", number)
		if err := s.mint(ctx, wallet, number); err != nil {
			return nil, err
		}
	}
	name := strconv.Itoa(firstTerminal + number)
	till, err := s.furnish(ctx, name, name, broker, wallet)
	if err != nil {
		return nil, err
	}
	till.Cable, till.WalletID = cable, walletID(number)
	return till, s.StartAgent(ctx, till)
}

// furnish makes a folder with devices and settings for a terminal's agent.
func (s *Shop) furnish(ctx context.Context, terminal, folder, broker, wallet string) (*Till, error) {
	if err := os.MkdirAll(s.path(folder), 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	till := &Till{Terminal: terminal, Folder: folder, Wallet: s.path(wallet),
		Command:  append(s.options.Runner[:len(s.options.Runner):len(s.options.Runner)], s.options.Agent),
		Settings: s.path(folder + ".toml"), Journal: filepath.Join(s.path(folder), "journal.db")}
	if err := s.plugIn(ctx, till); err != nil {
		return nil, err
	}
	station, err := freeAddress()
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf(agentSettings, terminal, merchantName, merchantID, s.API, folder, broker, station,
		s.options.LogLevel) + s.options.AgentSettings
	if err := os.WriteFile(till.Settings, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write settings: %w", err)
	}
	till.Station, err = stationclient.New("http://"+station, "")
	return till, err
}

// Clone copies a till whose agent is stopped: a machine of its own, with devices of its own, that carries the same
// terminal's keys and journal. Its agent is not started.
func (s *Shop) Clone(ctx context.Context, till *Till, folder string) (*Till, error) {
	clone, err := s.furnish(ctx, till.Terminal, folder, s.Broker, filepath.Base(till.Wallet))
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"journal.db", "epochs.json"} {
		content, err := os.ReadFile(filepath.Join(s.path(till.Folder), name))
		if err != nil {
			return nil, fmt.Errorf("copy till: %w", err)
		}
		if err := os.WriteFile(filepath.Join(s.path(folder), name), content, 0o600); err != nil {
			return nil, fmt.Errorf("copy till: %w", err)
		}
	}
	return clone, nil
}

// plugIn starts a terminal's simulated devices.
func (s *Shop) plugIn(ctx context.Context, till *Till) error {
	arguments := []string{s.program("fakedevice"), "--control", "127.0.0.1:0", "--wallet", till.Wallet,
		"--scanner", till.Folder + "/scanner", "--pn532", till.Folder + "/reader", "--printer", till.Folder + "/printer"}
	if !s.options.NoPictures {
		arguments = append(arguments, "--receipts", s.path(till.Folder+"/receipts"))
	}
	p, err := s.begin("devices-"+till.Folder, arguments...)
	if err != nil {
		return err
	}
	var where struct{ Control string }
	if err := p.announced(ctx, &where); err != nil {
		return err
	}
	till.Devices = Devices{base: "http://" + where.Control}
	return nil
}

// errNotSelling says what a till lacks.
// devicesOfATill are a scanner, a reader and a printer.
const devicesOfATill = 3

var errNotSelling = errors.New("till cannot sell yet")

// StartAgent starts a till's agent and waits until it can sell: signed in, and all devices there.
func (s *Shop) StartAgent(ctx context.Context, till *Till) error {
	if err := s.LaunchAgent(till); err != nil {
		return err
	}
	return till.Agent.ready(ctx, till.Selling)
}

// LaunchAgent starts a till's agent and does not wait.
func (s *Shop) LaunchAgent(till *Till) error {
	argv := append(till.Command[:len(till.Command):len(till.Command)], "run", till.Settings)
	p, err := s.begin("agent-"+till.Folder, argv...)
	if err != nil {
		return err
	}
	till.Agent = p
	return nil
}

// Selling returns nil when the till can sell: signed in, and all devices there.
func (t *Till) Selling(ctx context.Context) error {
	status, err := t.Station.Status(ctx)
	if err != nil {
		return err
	}
	if status.Refusing != nil {
		return fmt.Errorf("%w: %s", errNotSelling, status.Refusing.English)
	}
	if !status.Uplink.Connected || status.Uplink.Epoch == 0 {
		return fmt.Errorf("%w: not connected: %s", errNotSelling, status.Uplink.LastError)
	}
	if len(status.Devices) < devicesOfATill { // those that were not tried yet are not listed
		return fmt.Errorf("%w: %d of %d devices tried", errNotSelling, len(status.Devices), devicesOfATill)
	}
	var missing []string
	for _, device := range status.Devices {
		if device.State != "ready" {
			missing = append(missing, device.Name+" "+device.State+" "+device.Fault)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: %s", errNotSelling, strings.Join(missing, ", "))
	}
	return nil
}
