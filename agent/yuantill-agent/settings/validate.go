package settings

import (
	"math"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/agent/uplink"
	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/protocol/record"
)

// The bounds of what a file may say.
const (
	gcPercentMin, gcPercentMax = 10, 400
	limitMBMin                 = 8
	paperNarrow, paperWide     = 58, 80
	tokenMin, tokenMax         = 8, 128 // characters
	waitMost                   = 24 * time.Hour
)

// check collects mistakes, each with its place.
type check struct {
	settings Settings
	found    []Mistake
}

// wrong notes a mistake.
func (c *check) wrong(key string, what catalogue.Text) {
	c.found = append(c.found, c.settings.Wrong(key, what))
}

// needs notes a text that is not there.
func (c *check) needs(value, key, example string) {
	if value == "" {
		c.wrong(key, catalogue.SettingMissing(strconv.Quote(example)))
	}
}

// mistakes says which settings make no sense, all of them. What needs the disk, the network or a device is not tried.
func (s Settings) mistakes() []Mistake {
	c := &check{settings: s}
	if _, err := record.ParseTerminal(s.Terminal); err != nil {
		c.wrong("terminal", catalogue.WantsTerminal(s.Terminal))
	}
	c.needs(s.Merchant.Name, "merchant.name", "幸福小吃店")
	c.needs(s.Merchant.ID, "merchant.id", "102290053110001")
	c.needs(s.Merchant.Acquirer, "merchant.acquirer", "示例收单机构")
	c.needs(s.Sale.Cashier, "sale.cashier", "01")
	c.needs(s.Device.SerialNumber, "device.serial_number", "YT-2026-000001")
	if _, err := money.Lookup(s.Sale.Currency); err != nil {
		c.wrong("sale.currency", catalogue.NoCurrency(s.Sale.Currency))
	}
	if s.Journal.RoomMin < 0 {
		c.wrong("journal.room_min", catalogue.ValueBelow(s.Journal.RoomMin, 0))
	}
	if s.Memory.GCPercent < gcPercentMin || s.Memory.GCPercent > gcPercentMax {
		c.wrong("memory.gc_percent", catalogue.ValueOutside(int64(s.Memory.GCPercent), gcPercentMin, gcPercentMax))
	}
	if s.Memory.LimitMB < limitMBMin {
		c.wrong("memory.limit_mb", catalogue.ValueBelow(s.Memory.LimitMB, limitMBMin))
	}
	c.till()
	c.texts()
	c.paths()
	c.addresses()
	c.devices()
	c.timing()
	return c.found
}

// till notes what the till itself would refuse, where nothing is noted yet.
func (c *check) till() {
	for _, m := range c.settings.Till("").Mistakes() {
		if !slices.ContainsFunc(c.found, func(known Mistake) bool { return known.Key == m.Field }) {
			c.wrong(m.Field, m.What)
		}
	}
}

// texts checks what is printed, and what is sent of the device.
func (c *check) texts() {
	s := c.settings
	c.graphic("merchant.name", s.Merchant.Name)
	c.graphic("merchant.acquirer", s.Merchant.Acquirer)
	c.graphic("sale.cashier", s.Sale.Cashier)
	c.graphic("device.type", s.Device.Type)
	c.graphic("device.serial_number", s.Device.SerialNumber)
	c.graphic("device.network_licence", s.Device.NetworkLicence)
	if at := s.Device.Location; at != "" && !onEarth(at) {
		c.wrong("device.location", catalogue.NotOnEarth(at))
	}
}

// graphic notes the first character that no paper can show, such as a bell or one that turns the text around.
func (c *check) graphic(key, text string) {
	for i, character := range []rune(text) {
		if !strconv.IsGraphic(character) {
			c.wrong(key, catalogue.NotGraphic(i+1, character))
			return
		}
	}
}

// onEarth reports "latitude/longitude" in degrees.
func onEarth(text string) bool {
	latitude, longitude, _ := strings.Cut(text, "/")
	north, err := strconv.ParseFloat(latitude, 64)
	east, wrong := strconv.ParseFloat(longitude, 64)
	return err == nil && wrong == nil && math.Abs(north) <= 90 && math.Abs(east) <= 180
}

// paths wants each path, and no file or device twice: one of the two would overwrite the other or take what it is sent. So it
// is with the files that are made beside those that settings name.
func (c *check) paths() {
	taken := map[string]string{filepath.Clean(c.settings.path): ""}
	c.settings.eachPath(func(key, example string, path *string) {
		c.needs(*path, key, example)
		if *path == "" {
			return
		}
		c.graphic(key, *path)
		for _, at := range append([]string{*path}, beside(key, *path)...) {
			if other, has := taken[at]; has && (at == *path || other != key) {
				c.wrong(key, catalogue.PathTaken(at, other))
			}
			taken[at] = key
		}
	})
}

// beside are the files that go with the one that a setting names.
func beside(key, path string) []string {
	switch key {
	case keyEnrolment:
		return []string{enrolment.DeviceKeyPath(path)}
	case keyEpochs:
		return []string{keyring.StateDraft(path)}
	case keyJournal:
		return journal.Beside(path)
	default:
		return nil
	}
}

func (c *check) addresses() {
	const broker, station = "broker.example.com:8883", "127.0.0.1:7710"
	if len(c.settings.Cloud.Brokers) == 0 {
		c.wrong("cloud.brokers", catalogue.SettingMissing(`["`+broker+`"]`))
	}
	if len(c.settings.Cloud.Brokers) > uplink.BrokersMax {
		c.wrong("cloud.brokers", catalogue.ItemsMost(uplink.BrokersMax))
	}
	for i, address := range c.settings.Cloud.Brokers {
		if host, port, err := net.SplitHostPort(address); err != nil || host == "" || !isPort(port) {
			c.wrong("cloud.brokers", catalogue.NotHostPort(address, broker))
		}
		if sameEnd(address, c.settings.Station.Listen) {
			c.wrong("cloud.brokers", catalogue.OwnStation(address))
		}
		if slices.ContainsFunc(c.settings.Cloud.Brokers[:i], func(other string) bool { return strings.EqualFold(other, address) }) {
			c.wrong("cloud.brokers", catalogue.ItemTwice(address))
		}
	}
	host, port, err := net.SplitHostPort(c.settings.Station.Listen)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() || !isPort(port) {
		c.wrong("station.listen", catalogue.NotLoopback(c.settings.Station.Listen, station))
	}
	c.token()
}

// token wants what a header can carry, and nobody guesses.
func (c *check) token() {
	token := c.settings.Station.Token
	visible := !strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' })
	if token != "" && (!visible || len(token) < tokenMin || len(token) > tokenMax) {
		c.wrong("station.token", catalogue.NoToken(tokenMin, tokenMax))
	}
}

// sameEnd reports two addresses of one port of this machine.
func sameEnd(address, station string) bool {
	host, port, _ := net.SplitHostPort(address)
	_, own, _ := net.SplitHostPort(station)
	return port == own && port != "" && (strings.EqualFold(host, "localhost") || net.ParseIP(host).IsLoopback())
}

// isPort reports a number that a port can have. 0 would take a free one, and nobody could find it.
func isPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0
}

func (c *check) devices() {
	s := c.settings
	if s.Scanner != nil {
		c.line("scanner", s.Scanner.Line, "line")
	}
	if s.Reader != nil {
		c.line("reader", s.Reader.Line, "pn532")
	}
	if s.Printer == nil {
		return
	}
	c.line("printer", s.Printer.Line, "escpos")
	if s.Printer.Paper != paperNarrow && s.Printer.Paper != paperWide {
		c.wrong("printer.paper", catalogue.ValueNotOf(strconv.Itoa(s.Printer.Paper),
			[]string{strconv.Itoa(paperNarrow), strconv.Itoa(paperWide)}))
	}
}

// line checks a device's line; driver is an example of one.
func (c *check) line(section string, l Line, driver string) {
	c.needs(l.Driver, section+".driver", driver)
	switch {
	case l.Baud < 0:
		c.wrong(section+".baud", catalogue.ValueBelow(int64(l.Baud), 0))
	case !slices.Contains(bauds(), l.Baud):
		var known []string
		for _, baud := range bauds()[1:] {
			known = append(known, strconv.Itoa(baud))
		}
		c.wrong(section+".baud", catalogue.ValueNotOf(strconv.Itoa(l.Baud), known))
	}
}

// bauds are the speeds that serial devices have, in bits a second; 0 is the usual one.
func bauds() []int {
	return []int{
		0, 1200, 2400, 4800, 9600, 14400, 19200, 28800, 38400, 57600, 76800, 115200, 128000, 230400, 250000, 256000, 460800, 500000,
		576000, 921600, 1000000, 1152000, 1500000, 2000000, 2500000, 3000000, 3500000, 4000000,
	}
}

// timing checks the times one by one, then against each other, and then as the checkout does. The cloud takes a payment back
// after the default times of giving up whatever a till says (protocol/SPEC.md 7.4): who gave up later would only wait for
// what is over.
func (c *check) timing() {
	type named struct {
		key   string
		value time.Duration
	}
	before, t := len(c.found), c.settings.CheckoutTiming()
	wait, answer := named{"timing.wait_at_most", t.WaitAtMost}, named{"timing.answer_within", t.AnswerWithin}
	for _, at := range []named{wait, answer, {"timing.ask_every", time.Duration(c.settings.Timing.AskEvery)}} {
		if at.value < time.Second {
			c.wrong(at.key, catalogue.Sooner(at.value, time.Second))
		}
	}
	if len(c.found) > before {
		return
	}
	for _, at := range []named{{"timing.give_up", t.GiveUp}, {"timing.give_up_shown", t.GiveUpShown}} {
		if at.value <= answer.value {
			c.wrong(at.key, catalogue.NotLonger(at.value, answer.key, answer.value))
		}
	}
	if wait.value < answer.value {
		c.wrong(wait.key, catalogue.Sooner(wait.value, answer.value))
	}
	most := checkout.DefaultTiming()
	for _, at := range []struct {
		named
		most time.Duration
	}{
		{wait, waitMost}, {named{"timing.ask_every", time.Duration(c.settings.Timing.AskEvery)}, most.AskSlowly},
		{named{"timing.give_up", t.GiveUp}, most.GiveUp}, {named{"timing.give_up_shown", t.GiveUpShown}, most.GiveUpShown},
	} {
		if at.value > at.most {
			c.wrong(at.key, catalogue.Later(at.value, at.most))
		}
	}
	if err := t.Validate(); err != nil && len(c.found) == before {
		c.wrong("timing", catalogue.TimesDisagree(err.Error()))
	}
}
