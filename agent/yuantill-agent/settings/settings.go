// Package settings reads the agent's settings file: strict TOML comes in, checked settings leave, and every mistake is
// named with its line.
package settings

import (
	_ "embed"
	"encoding"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/protocol/plainfile"
	"github.com/yuantill/yuantill/protocol/tomlfile"
)

// ErrSettings marks a settings file with a mistake in it.
var ErrSettings = errors.New("settings")

const (
	sizeMax    = 64 << 10 // of the file in bytes
	othersBits = 0o077    // of a mode: what others than the owner may do
)

//go:embed settings.example.toml
var example string

// Example returns the documented example file.
func Example() string { return example }

// Settings are what the file says; what it leaves out has its default.
type Settings struct {
	Terminal string   `toml:"terminal"`
	Merchant Merchant `toml:"merchant"`
	Device   Device   `toml:"device"`
	Sale     Sale     `toml:"sale"`
	Shift    Shift    `toml:"shift"`
	Receipt  Receipt  `toml:"receipt"`
	Keys     Keys     `toml:"keys"`
	Journal  Journal  `toml:"journal"`
	Cloud    Cloud    `toml:"cloud"`
	Station  Station  `toml:"station"`
	Scanner  *Scanner `toml:"scanner"` // nil: none
	Reader   *Reader  `toml:"reader"`  // nil: none
	Printer  *Printer `toml:"printer"` // nil: none
	Timing   Timing   `toml:"timing"`
	Log      Log      `toml:"log"`
	Memory   Memory   `toml:"memory"`

	path   string // of the file
	places tomlfile.Places
}

// Merchant is whose till it is.
type Merchant struct {
	Name     string `toml:"name"`
	ID       string `toml:"id"`
	Acquirer string `toml:"acquirer"`
}

// Device describes the machine and its place.
type Device struct {
	Type           string `toml:"type"`
	SerialNumber   string `toml:"serial_number"`
	Location       string `toml:"location"`
	NetworkLicence string `toml:"network_licence"`
}

// Sale bounds one sale; AmountMax is in minor units.
type Sale struct {
	Currency  string `toml:"currency"`
	AmountMax int64  `toml:"amount_max"`
	Cashier   string `toml:"cashier"`
}

// Shift says how shifts begin.
type Shift struct {
	OpenByItself bool `toml:"open_by_itself"`
}

// Receipt says where receipts are checked.
type Receipt struct {
	CheckBase string `toml:"check_base"`
}

// Keys are the key files.
type Keys struct {
	Enrolment string `toml:"enrolment"`
	Epochs    string `toml:"epochs"`
}

// Journal is the journal file; RoomMin is in bytes.
type Journal struct {
	Path    string `toml:"path"`
	RoomMin int64  `toml:"room_min"`
}

// Cloud is where the cloud is.
type Cloud struct {
	Brokers []string `toml:"brokers"`
}

// Station is the local API.
type Station struct {
	Listen string `toml:"listen"`
	Token  string `toml:"token"`
}

// Line is a serial line.
type Line struct {
	Driver string `toml:"driver"`
	Path   string `toml:"path"`
	Baud   int    `toml:"baud"`
}

// Scanner is a bar code scanner.
type Scanner struct {
	Line
	Prefix string `toml:"prefix"`
	Suffix string `toml:"suffix"`
	AIM    bool   `toml:"aim"`
}

// Reader is a hard-wallet reader.
type Reader struct {
	Line
	Issuers []string `toml:"issuers"`
}

// Printer is a receipt printer; Paper is its width in millimetres.
type Printer struct {
	Line
	Paper int `toml:"paper"`
}

// Timing are the times that a shop may want otherwise.
type Timing struct {
	WaitAtMost   Duration `toml:"wait_at_most"`
	AnswerWithin Duration `toml:"answer_within"`
	AskEvery     Duration `toml:"ask_every"`
	GiveUp       Duration `toml:"give_up"`
	GiveUpShown  Duration `toml:"give_up_shown"`
}

// Log is how much is logged.
type Log struct {
	Level slog.Level `toml:"level"`
}

// Memory tunes the garbage collector.
type Memory struct {
	GCPercent int   `toml:"gc_percent"`
	LimitMB   int64 `toml:"limit_mb"`
}

// Duration is a time.Duration written as "45s".
type Duration time.Duration

var _ encoding.TextUnmarshaler = (*Duration)(nil)

// UnmarshalText reads Go's notation of durations.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return err
	}
	*d = Duration(parsed)
	return nil
}

// Default returns the settings of an empty file.
func Default() Settings {
	timing := checkout.DefaultTiming()
	return Settings{
		Sale:    Sale{Currency: "CNY", AmountMax: 5_000_000, Cashier: "01"},
		Shift:   Shift{OpenByItself: true},
		Keys:    Keys{Enrolment: "enrolment.json", Epochs: "epochs.json"},
		Journal: Journal{Path: "journal.db", RoomMin: 32 << 20},
		Station: Station{Listen: "127.0.0.1:7710"},
		Timing: Timing{
			WaitAtMost: Duration(timing.WaitAtMost), AnswerWithin: Duration(timing.AnswerWithin),
			AskEvery: Duration(timing.AskEvery), GiveUp: Duration(timing.GiveUp), GiveUpShown: Duration(timing.GiveUpShown),
		},
		Memory: Memory{GCPercent: 25, LimitMB: 12},
	}
}

// Load reads and checks a file. Its errors are *Error, with the place of every mistake, or the file system's.
func Load(path string) (Settings, error) {
	text, info, err := plainfile.Read(path, sizeMax)
	switch {
	case errors.Is(err, plainfile.ErrTooLarge):
		return Settings{}, &Error{Mistakes: []Mistake{{Path: path, What: catalogue.FileTooLarge(sizeMax)}}}
	case errors.Is(err, plainfile.ErrNotRegular):
		return Settings{}, &Error{Mistakes: []Mistake{{Path: path, What: catalogue.NotRegular(path)}}}
	case err != nil:
		return Settings{}, fmt.Errorf("read settings: %w", err)
	}
	s, err := Parse(path, text)
	if err == nil && s.Station.Token != "" && info.Mode().Perm()&othersBits != 0 {
		return Settings{}, &Error{Mistakes: []Mistake{s.Wrong("station.token", catalogue.OthersRead(path))}}
	}
	return s, err
}

// Parse reads and checks a file's text; path is for mistakes and for relative paths.
func Parse(path string, text []byte) (Settings, error) {
	s := Default()
	if err := decode(path, text, &s); err != nil {
		return Settings{}, err
	}
	s.resolve(filepath.Dir(path))
	if found := s.mistakes(); len(found) > 0 {
		return Settings{}, &Error{Mistakes: found}
	}
	return s, nil
}

// resolve makes relative paths start at the settings' folder.
func (s *Settings) resolve(folder string) {
	s.eachPath(func(_, _ string, path *string) {
		switch {
		case *path == "":
		case filepath.IsAbs(*path):
			*path = filepath.Clean(*path)
		default:
			*path = filepath.Join(folder, *path)
		}
	})
}

// The settings that name files: those that somebody else has made, and those that the till makes.
const (
	keyEnrolment = "keys.enrolment"
	keyIssuers   = "reader.issuers"
	keyEpochs    = "keys.epochs"
	keyJournal   = "journal.path"
)

// eachPath goes through all settings that say where something is, in the file's order, with an example of each.
func (s *Settings) eachPath(do func(key, example string, path *string)) {
	const cable = "/dev/ttyUSB0"
	do(keyEnrolment, "enrolment.json", &s.Keys.Enrolment)
	do(keyEpochs, "epochs.json", &s.Keys.Epochs)
	do(keyJournal, "journal.db", &s.Journal.Path)
	if s.Scanner != nil {
		do("scanner.path", cable, &s.Scanner.Path)
	}
	if s.Reader != nil {
		do("reader.path", cable, &s.Reader.Path)
		for i := range s.Reader.Issuers {
			do(keyIssuers, "issuer.pub", &s.Reader.Issuers[i])
		}
	}
	if s.Printer != nil {
		do("printer.path", cable, &s.Printer.Path)
	}
}
