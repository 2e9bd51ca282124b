package command

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/agent/yuantill-agent/settings"
	"github.com/yuantill/yuantill/tools/yuantill/doctor"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// Where an installed agent has its things.
const (
	settingsDefault = "/etc/yuantill/agent.toml"
	stationDefault  = "http://127.0.0.1:7710"
)

// site is what this program needs of the agent's settings.
type site struct {
	path, terminal             string
	listen, token              string
	journal, enrolment, epochs string
	roomMin                    int64 // bytes
	brokers                    []string
	devices                    []doctor.Device
}

// readSite reads the settings as the agent does. Without --settings a missing default file is no mistake: then
// everything is as if it were empty.
func (p *program) readSite() (site, error) {
	path := first(p.settings, settingsDefault)
	s, err := settings.Load(path)
	if errors.Is(err, fs.ErrNotExist) && p.settings == "" {
		return site{}, nil
	}
	if err != nil {
		return site{}, err
	}
	devices := []doctor.Device{{Name: "scanner"}, {Name: "reader"}, {Name: "printer"}}
	if s.Scanner != nil {
		devices[0].Path = s.Scanner.Path
	}
	if s.Reader != nil {
		devices[1].Path = s.Reader.Path
	}
	if s.Printer != nil {
		devices[2].Path = s.Printer.Path
	}
	return site{
		path: path, terminal: s.Terminal, listen: s.Station.Listen, token: s.Station.Token, journal: s.Journal.Path,
		enrolment: s.Keys.Enrolment, epochs: s.Keys.Epochs, roomMin: s.Journal.RoomMin, brokers: s.Cloud.Brokers,
		devices: devices,
	}, nil
}

func settingsFailure(err error) error {
	code := CodeUsage
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		code = CodeUnreadable
	}
	var wrong *settings.Error
	if errors.As(err, &wrong) {
		return &Failure{Code: code, Text: wrong.Text(), Next: catalogue.AfterSettings(wrong.Mistakes[0].Path)}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return &Failure{Code: code, Cause: err, Next: catalogue.NoSettingsFile()}
	}
	var folder *fs.PathError
	if errors.As(err, &folder) && errors.Is(err, syscall.EISDIR) {
		return &Failure{Code: code, Cause: err, Next: catalogue.SettingsFolder(folder.Path)}
	}
	return &Failure{Code: code, Cause: err}
}

// client returns a client of the station: the one that is named, else the settings', else the usual one.
func (p *program) client() (*stationclient.Client, error) {
	s, err := p.readSite()
	if err != nil && (p.settings != "" || p.station == "") {
		return nil, settingsFailure(err)
	}
	client, err := stationclient.New(p.stationAddress(s), s.token)
	if err != nil {
		return nil, usage(catalogue.StationAddress(p.stationAddress(s)))
	}
	return client, nil
}

func (p *program) stationAddress(s site) string {
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
	s, err := p.readSite()
	if err != nil && (flags.path == "" || p.settings != "") {
		return "", nil, settingsFailure(err)
	}
	path := first(flags.path, s.journal)
	if path == "" {
		return "", nil, usage(catalogue.NoJournalNamed())
	}
	enrolment, epochs := first(flags.enrolment, s.enrolment), first(flags.epochs, s.epochs)
	if flags.keyless || enrolment == "" {
		return path, nil, nil
	}
	keys, err := keyring.Open(keyring.Config{EnrolmentPath: enrolment, StatePath: epochs, Engine: p.engine})
	if err != nil && flags.enrolment != "" {
		failure := &Failure{Code: CodeUnreadable, Cause: err}
		if errors.Is(err, keyring.ErrState) {
			failure.Next = catalogue.RestoreEpochs()
		}
		return "", nil, failure
	}
	p.keyProblem = err
	return path, keys, nil
}

// doctorSite is what the doctor looks at.
func (p *program) doctorSite() doctor.Site {
	s, err := p.readSite()
	return doctor.Site{
		SettingsPath: first(p.settings, s.path), SettingsError: err, Terminal: s.terminal, JournalPath: s.journal,
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
