package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/doctor"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// Where an installed agent has its things.
const (
	settingsDefault = "/etc/yuantill/agent.toml"
	stationDefault  = "http://127.0.0.1:7710"
)

// settingsSizeMax bounds a settings file in bytes.
const settingsSizeMax = 256 << 10

// site returns what the settings say. Without --settings a missing default file is no mistake: then everything is as
// if it were empty.
func (p *program) site() (agentSettings, error) {
	path := p.settings
	if path == "" {
		path = settingsDefault
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) && p.settings == "" {
		return agentSettings{}, nil
	}
	if err != nil {
		return agentSettings{}, fmt.Errorf("read settings: %w", err)
	}
	if info.Size() > settingsSizeMax {
		return agentSettings{}, fmt.Errorf("read settings: %s has %d bytes", path, info.Size())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return agentSettings{}, fmt.Errorf("read settings: %w", err)
	}
	return parseSettings(path, text)
}

func settingsFailure(err error) error {
	code := CodeUsage
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		code = CodeUnreadable
	}
	return &Failure{Code: code, Cause: err, Next: bilingual.Text{
		Chinese: "检查设置：yuantill-agent check-settings FILE", English: "check it: yuantill-agent check-settings FILE",
	}}
}

// client returns a client of the station: the one that is named, else the settings', else the usual one.
func (p *program) client() (*stationclient.Client, error) {
	s, err := p.site()
	if err != nil && (p.settings != "" || p.station == "") {
		return nil, settingsFailure(err)
	}
	client, err := stationclient.New(p.stationAddress(s), s.token)
	if err != nil {
		return nil, &Failure{Code: CodeUsage, Cause: err}
	}
	return client, nil
}

func (p *program) stationAddress(s agentSettings) string {
	switch {
	case p.station != "":
		return p.station
	case s.listen != "":
		return "http://" + s.listen
	default:
		return stationDefault
	}
}

// journalSource says which journal to open and with which keys. Missing keys are no mistake unless they were named: the
// chain can be checked without, and keyProblem says why.
func (p *program) journalSource(flags *journalFlags) (string, *keyring.Keyring, error) {
	s, err := p.site()
	if err != nil && (flags.path == "" || p.settings != "") {
		return "", nil, settingsFailure(err)
	}
	path := first(flags.path, s.journal)
	if path == "" {
		return "", nil, usage("no journal: name it with --journal, or the settings with --settings")
	}
	enrolment, epochs := first(flags.enrolment, s.enrolment), first(flags.epochs, s.epochs)
	if flags.keyless || enrolment == "" {
		return path, nil, nil
	}
	keys, err := keyring.Open(keyring.Config{EnrolmentPath: enrolment, StatePath: epochs, Engine: p.engine})
	if err != nil && flags.enrolment != "" {
		return "", nil, &Failure{Code: CodeUnreadable, Cause: err}
	}
	p.keyProblem = err
	return path, keys, nil
}

// doctorSite is what the doctor looks at.
func (p *program) doctorSite() doctor.Site {
	s, err := p.site()
	path := p.settings
	if path == "" && s.path != "" {
		path = s.path
	}
	return doctor.Site{
		SettingsPath: path, SettingsError: err, Terminal: s.terminal, JournalPath: s.journal,
		EnrolmentPath: s.enrolment, EpochsPath: s.epochs, RoomMin: s.roomMin, Devices: s.devices, Brokers: s.brokers,
		Station: p.stationAddress(s),
	}
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
