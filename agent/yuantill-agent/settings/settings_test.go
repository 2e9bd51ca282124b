package settings_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/yuantill-agent/settings"
)

func TestExampleParses(t *testing.T) {
	s, err := settings.Parse("/etc/yuantill/agent.toml", []byte(settings.Example()))
	require.NoError(t, err)
	require.Equal(t, "10000001", s.Terminal)
	require.Equal(t, "幸福小吃店", s.Merchant.Name)
	require.Equal(t, "/etc/yuantill/enrolment.json", s.Keys.Enrolment)
	require.Equal(t, "/dev/ttyUSB0", s.Scanner.Path)
	require.Equal(t, "pn532", s.Reader.Driver)
	require.Equal(t, 58, s.Printer.Paper)
	require.Equal(t, slog.LevelInfo, s.Log.Level)
	require.Equal(t, 45*time.Second, s.CheckoutTiming().GiveUp)
}

// TestExampleShowsTheDefaults: what the example documents is what an agent does without it.
func TestExampleShowsTheDefaults(t *testing.T) {
	s, err := settings.Parse("/x/agent.toml", []byte(settings.Example()))
	require.NoError(t, err)
	d := settings.Default()
	require.Equal(t, d.Sale, s.Sale)
	require.Equal(t, d.Timing, s.Timing)
	require.Equal(t, d.Memory, s.Memory)
	require.Equal(t, d.Station, s.Station)
	require.Equal(t, d.Journal.RoomMin, s.Journal.RoomMin)
}

const least = `terminal = "10000001"
[merchant]
name = "店"
id = "102290053110001"
acquirer = "机构"
[device]
serial_number = "YT1"
[cloud]
brokers = ["localhost:8883"]
`

func TestLeastFile(t *testing.T) {
	s, err := settings.Parse("agent.toml", []byte(least))
	require.NoError(t, err)
	require.Nil(t, s.Scanner, "a section that is left out is a device the till has not")
	require.Nil(t, s.Reader)
	require.Nil(t, s.Printer)
	require.Equal(t, "CNY", s.Sale.Currency)
}

func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"UnknownKey":         {least + "[station]\nlisten = \"127.0.0.1:1\"\nlissten = 1\n", "agent.toml:12:1: unknown key station.lissten"},
		"UnknownSection":     {least + "[printr]\npath = \"x\"\n", "agent.toml:10:2: unknown key printr"},
		"WrongType":          {least + "[sale]\namount_max = \"much\"\n", "agent.toml:11:14"},
		"Float":              {least + "[sale]\namount_max = 12.5\n", "agent.toml:11:14"},
		"Syntax":             {"terminal = \"1\nx", "agent.toml:1:"},
		"Duration":           {least + "[timing]\ngive_up = \"45\"\n", "agent.toml:11:11"},
		"Level":              {least + "[log]\nlevel = \"loud\"\n", "agent.toml:11:9"},
		"Terminal":           {strings.Replace(least, "10000001", "1", 1), "terminal"},
		"NoMerchant":         {strings.Replace(least, `name = "店"`, "", 1), "merchant"},
		"NoSerial":           {strings.Replace(least, `"YT1"`, `""`, 1), "device.serial_number"},
		"Broker":             {strings.Replace(least, "localhost:8883", "localhost", 1), "cloud.brokers"},
		"NoBroker":           {strings.Replace(least, `"localhost:8883"`, "", 1), "cloud.brokers"},
		"ListenEverywhere":   {least + "[station]\nlisten = \"0.0.0.0:7710\"\n", "station.listen"},
		"Currency":           {least + "[sale]\ncurrency = \"XXX\"\n", "sale.currency"},
		"AmountMax":          {least + "[sale]\namount_max = 0\n", "sale.amount_max"},
		"Paper":              {least + "[printer]\ndriver = \"escpos\"\npath = \"/dev/x\"\npaper = 57\n", "printer.paper"},
		"NoDriver":           {least + "[scanner]\npath = \"/dev/x\"\n", "scanner.driver"},
		"NoPath":             {least + "[reader]\ndriver = \"pn532\"\n", "reader.path"},
		"GivesUpTooSoon":     {least + "[timing]\ngive_up = \"1s\"\n", "timing"},
		"MemoryTooSmall":     {least + "[memory]\nlimit_mb = 1\n", "memory.limit_mb"},
		"GCPercentTooHigh":   {least + "[memory]\ngc_percent = 1000\n", "memory.gc_percent"},
		"RoomBelowZero":      {least + "[journal]\nroom_min = -1\n", "journal.room_min"},
		"BaudBelowZero":      {least + "[reader]\ndriver = \"pn532\"\npath = \"/dev/x\"\nbaud = -1\n", "reader.baud"},
		"AskingAllTheTime":   {least + "[timing]\nask_every = \"1ms\"\n", "timing"},
		"TwoMistakesAtOnce":  {least + "[printer]\ndriver = \"escpos\"\npath = \"\"\npaper = 57\n", "printer.path"},
		"DuplicatedSections": {least + "[cloud]\nbrokers = []\n", "agent.toml:"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := settings.Parse("agent.toml", []byte(c.text))
			require.ErrorIs(t, err, settings.ErrSettings)
			require.Contains(t, err.Error(), c.want)
		})
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.toml")
	_, err := settings.Load(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, []byte(least), 0o600))
	s, err := settings.Load(path)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(filepath.Dir(path), "journal.db"), s.Journal.Path)
	require.NoError(t, os.WriteFile(path, make([]byte, 100_000), 0o600))
	_, err = settings.Load(path)
	require.ErrorIs(t, err, settings.ErrSettings)
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(least))
	f.Add([]byte(settings.Example()))
	f.Fuzz(func(t *testing.T, text []byte) {
		if _, err := settings.Parse("agent.toml", text); err != nil {
			require.ErrorIs(t, err, settings.ErrSettings)
		}
	})
}
