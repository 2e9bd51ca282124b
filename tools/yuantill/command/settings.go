package command

import (
	"errors"
	"fmt"

	"github.com/pelletier/go-toml/v2"

	"github.com/yuantill/yuantill/tools/yuantill/doctor"
)

// agentSettings is what this program needs of the agent's settings file.
type agentSettings struct {
	path, terminal             string
	listen, token              string
	journal, enrolment, epochs string
	roomMin                    int64 // bytes
	brokers                    []string
	devices                    []doctor.Device
}

// settingsFile is the part of the file that is read here; whether the whole file is right is the agent's to say.
type settingsFile struct {
	Terminal string `toml:"terminal"`
	Station  struct {
		Listen string `toml:"listen"`
		Token  string `toml:"token"`
	} `toml:"station"`
	Journal struct {
		Path    string `toml:"path"`
		RoomMin int64  `toml:"room_min"`
	} `toml:"journal"`
	Keys struct {
		Enrolment string `toml:"enrolment"`
		Epochs    string `toml:"epochs"`
	} `toml:"keys"`
	Cloud struct {
		Brokers []string `toml:"brokers"`
	} `toml:"cloud"`
	Scanner deviceFile `toml:"scanner"`
	Reader  deviceFile `toml:"reader"`
	Printer deviceFile `toml:"printer"`
}

type deviceFile struct {
	Path string `toml:"path"`
}

// parseSettings names the line of a mistake.
func parseSettings(path string, text []byte) (agentSettings, error) {
	var f settingsFile
	if err := toml.Unmarshal(text, &f); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			line, column := at.Position()
			return agentSettings{}, fmt.Errorf("read settings: %s:%d:%d: %w", path, line, column, err)
		}
		return agentSettings{}, fmt.Errorf("read settings: %s: %w", path, err)
	}
	return agentSettings{
		path: path, terminal: f.Terminal, listen: f.Station.Listen, token: f.Station.Token, journal: f.Journal.Path,
		enrolment: f.Keys.Enrolment, epochs: f.Keys.Epochs, roomMin: f.Journal.RoomMin, brokers: f.Cloud.Brokers,
		devices: []doctor.Device{
			{Name: "scanner", Path: f.Scanner.Path}, {Name: "reader", Path: f.Reader.Path}, {Name: "printer", Path: f.Printer.Path},
		},
	}, nil
}
