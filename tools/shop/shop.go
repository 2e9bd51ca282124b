// Package shop runs a small shop on this machine: the cloud, a wallet operator, and terminals with simulated devices
// on pseudo-terminals, each as the process it would be in the field. The demo, the load test and the end-to-end tests
// are built on it.
package shop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// The shop's names.
const (
	merchantID    = "105290054110001"
	merchantName  = "元味早点铺"
	firstTerminal = 10_000_001
	operatorCode  = "ICBC"
	client        = "yuantill"
	walletBalance = 100_000 // fen on the hard wallet
	firstWalletID = 10_000_000_000_001
	// openingBalance in fen lets a wallet pay for a whole load test.
	openingBalance = "100000000000"
	// NoPasswordCount is how many payments a day the operator lets a wallet make without verification, as many as the
	// cloud's standard plan says.
	NoPasswordCount = 10
)

// Options say what to run.
type Options struct {
	// Bin is the folder of the programs, Dir the folder for everything the shop writes.
	Bin, Dir string
	// Terminals is how many terminals are run with devices and agent; the shop's Station, Devices and Cable are those
	// of the first.
	Terminals int
	// Enrolments is how many further terminals are enrolled for a load generator to play.
	Enrolments int
	// Agent is the agent's program when it is not Bin's, Runner what runs it, such as an emulator.
	Agent  string
	Runner []string
	// NoPictures leaves out drawing the receipts.
	NoPictures bool
	// LogLevel is debug, info, warn or error; empty counts as info.
	LogLevel string
	// Rough gives every terminal, and the cloud on its way to the operator, a cable of its own that can be made worse.
	Rough bool
	// Daybook lets the operator keep its books across a kill, synced before each answer.
	Daybook bool
	// Wallet is the hard wallet of each terminal's customers.
	Wallet Wallet
	// AgentSettings and CloudSettings are TOML tables put behind the settings of every agent and of the cloud.
	AgentSettings, CloudSettings string
	// Unasked lets a wallet pay as often a day as it likes without verification, for a load generator that plays one.
	Unasked bool
	// Profiling has the cloud serve its profiles to this machine.
	Profiling bool
}

// Wallet is a hard wallet; zero fields have the defaults of a minted card.
type Wallet struct {
	Balance int64 // fen
	Taps    uint16
}

// Shop is what is running.
type Shop struct {
	Dir      string
	Merchant string
	// Broker is the broker's own address; the first terminal reaches it through Cable.
	Broker string
	// API is the cloud's HTTP API.
	API string
	// Enrolments are the files of the terminals for a load generator.
	Enrolments []string

	Cloud *Process
	// Bank is the operator's process, Operator what it can be told, OperatorCable how the cloud reaches it in a rough shop.
	Bank          *Process
	Operator      Operator
	OperatorCable *Cable

	Till    *Till   // the first
	Tills   []*Till // all
	Station *stationclient.Client
	Devices Devices
	Cable   *Cable

	options      Options
	operatorPay  string // where the operator listens for the cloud
	operatorHome string // where it listens for the person who runs the trial

	mu        sync.Mutex
	processes []*Process // in the order they were started; guarded by mu
	cancel    context.CancelFunc
	running   sync.WaitGroup
	stopped   bool
}

// Start brings the shop up and returns when it can sell. On an error everything that was started is stopped.
func Start(ctx context.Context, options Options) (*Shop, error) {
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("find folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	if options.Bin, err = filepath.Abs(options.Bin); err != nil {
		return nil, fmt.Errorf("find programs: %w", err)
	}
	if options.Agent == "" {
		options.Agent = filepath.Join(options.Bin, "yuantill-agent")
	}
	if options.Agent, err = filepath.Abs(options.Agent); err != nil {
		return nil, fmt.Errorf("find agent: %w", err)
	}
	if options.LogLevel == "" {
		options.LogLevel = "info"
	}
	running, cancel := context.WithCancel(context.Background())
	s := &Shop{Dir: dir, Merchant: merchantID, options: options, cancel: cancel}
	for _, step := range []func(context.Context) error{s.prepare, s.startOperator(running), s.StartCloud, s.startTills(running)} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	return s, nil
}

// Stop stops everything, the last started first. It may be called again.
func (s *Shop) Stop() error {
	if s.stopped {
		return nil
	}
	s.stopped = true
	var failures []error
	s.mu.Lock()
	processes := s.processes
	s.mu.Unlock()
	for i := len(processes) - 1; i >= 0; i-- {
		failures = append(failures, processes[i].Stop())
	}
	s.cancel()
	s.running.Wait()
	return errors.Join(failures...)
}

func (s *Shop) program(name string) string { return filepath.Join(s.options.Bin, name) }
func (s *Shop) path(name string) string    { return filepath.Join(s.Dir, name) }

// command runs one of our programs to its end.
func (s *Shop) command(ctx context.Context, name string, arguments ...string) error {
	var said bytes.Buffer
	command := exec.CommandContext(ctx, s.program(name), arguments...)
	command.Dir, command.Stderr = s.Dir, &said
	if err := command.Run(); err != nil {
		return fmt.Errorf("run %s %s: %w: %s", name, arguments[0], err, bytes.TrimSpace(said.Bytes()))
	}
	return nil
}

func (s *Shop) begin(name string, argv ...string) (*Process, error) {
	p, err := startProcess(s.Dir, name, argv...)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.processes = append(s.processes, p)
	}
	return p, err
}

// cable runs a cable to an address until the shop stops.
func (s *Shop) cable(running context.Context, target string) (*Cable, error) {
	lay := NewCable
	if s.options.Rough {
		lay = NewRoughCable
	}
	cable, err := lay(target)
	if err != nil {
		return nil, err
	}
	s.running.Go(func() { _ = cable.Run(running) }) // ends when the shop closes it
	return cable, nil
}

// The ports that shops listen on: below those that Linux gives to outgoing connections, any of which could take a port
// between its choice and the process that is to listen there.
const (
	portsFrom = 20000
	ports     = 12000
	portTries = 100
)

// freeAddress returns a loopback address that nobody listens on at the moment.
func freeAddress() (string, error) {
	var problem error
	for range portTries {
		address := fmt.Sprintf("127.0.0.1:%d", portsFrom+rand.IntN(ports))
		listener, err := net.Listen("tcp", address)
		if err == nil {
			return address, listener.Close()
		}
		problem = err
	}
	return "", fmt.Errorf("find free port: %w", problem)
}
