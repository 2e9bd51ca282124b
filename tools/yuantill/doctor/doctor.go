// Package doctor looks a terminal over: where its files, devices and peers are comes in, ordered findings leave, each
// with its cause and the next thing to do. It changes nothing and tells nothing secret.
package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/agent/yuantill-agent/settings"
	"github.com/yuantill/yuantill/drivers/port/hid"
	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// Level is how good or bad a finding is.
type Level uint8

// The levels. Skipped means that something else has to be mended before this can be looked at.
const (
	OK Level = iota + 1
	Warn
	Fail
	Skipped
)

// String returns the level as it is printed.
func (l Level) String() string {
	switch l {
	case OK:
		return "OK"
	case Warn:
		return "WARN"
	case Fail:
		return "FAIL"
	default:
		return "SKIP"
	}
}

// MarshalText implements encoding.TextMarshaler.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// Finding is the result of one check.
type Finding struct {
	// Check is the check's stable name, such as "journal".
	Check string         `json:"check"`
	Level Level          `json:"level"`
	Text  bilingual.Text `json:"finding"`
	// Cause is the program's own error, told apart from the words for people; empty when they say everything.
	Cause string `json:"cause,omitempty"`
	// Next says what to do, Command what to type for it; both empty when all is well.
	Next    bilingual.Text `json:"next"`
	Command string         `json:"command,omitempty"`
	Details map[string]any `json:"details,omitempty"`
}

// Device is a serial device of the settings.
type Device struct {
	Name string // "scanner", "reader" or "printer"
	Path string
}

// Site is where everything of a terminal is. Empty parts are reported as not set.
type Site struct {
	SettingsPath string
	// SettingsError is why the settings could not be read; everything that hangs on them is skipped.
	SettingsError error

	Terminal                               string
	JournalPath, EnrolmentPath, EpochsPath string
	// RoomMin is the free space in bytes below which the agent refuses sales.
	RoomMin int64
	Devices []Device
	Brokers []string
	Station string
}

// Tools are the doctor's hands; tests have others.
type Tools struct {
	Engine seal.Engine
	Clock  func() time.Time
	// Built is when this program was built; zero when unknown.
	Built      time.Time
	Status     func(context.Context) (stationclient.Status, error)
	Free       func(path string) (int64, error)
	ListHID    func() ([]hid.Device, error)
	OpenSerial func(path string) error
	Dial       func(ctx context.Context, address string, config *tls.Config) (net.Conn, error)
}

// Doctor looks one terminal over.
type Doctor struct {
	site  Site
	tools Tools

	// What earlier checks found out for later ones.
	agent     *stationclient.Status
	enrolment *enrolment.File
	ring      *keyring.Keyring
}

// New returns a doctor for a site.
func New(site Site, tools Tools) *Doctor { return &Doctor{site: site, tools: tools} }

// Run carries out all checks in order and hands each finding over as it comes. It returns the worst level, Fail above
// Warn above OK, or ctx's error.
func (d *Doctor) Run(ctx context.Context, report func(Finding)) (Level, error) {
	worst := OK
	for _, check := range []func(context.Context) []Finding{
		d.selfTest, d.settings, d.checkEnrolment, d.checkKeys, d.checkAgent, d.checkClock, d.checkJournal, d.checkRoom,
		d.checkDevices, d.checkHID, d.checkBrokers,
	} {
		if err := ctx.Err(); err != nil {
			return worst, err
		}
		for _, finding := range check(ctx) {
			report(finding)
			if finding.Level != Skipped {
				worst = max(worst, finding.Level)
			}
		}
	}
	return worst, ctx.Err()
}

func (d *Doctor) selfTest(context.Context) []Finding {
	if err := seal.SelfTest(d.tools.Engine); err != nil {
		return one(fail("self-test", "密码算法自检失败", "cryptography gives wrong answers").because(err).
			next("请勿使用本程序；重新安装，或更换设备", "do not use this program; install it again or replace the machine", ""))
	}
	return one(ok("self-test", "SM3、SM4 自检通过", "SM3 and SM4 give the right answers"))
}

func (d *Doctor) settings(context.Context) []Finding {
	switch {
	case errors.Is(d.site.SettingsError, syscall.EISDIR):
		return one(settingsFinding(d.site.SettingsError).advise(catalogue.SettingsFolder(d.site.SettingsPath), ""))
	case d.site.SettingsError != nil:
		return one(settingsFinding(d.site.SettingsError).
			next("改正所指的行，再检查", "mend the line that is named, then check again",
				"yuantill-agent check-settings "+d.site.SettingsPath))
	case d.site.SettingsPath == "":
		return one(warn("settings", "没有设置文件，只检查给出的部分", "no settings file: only what was given is checked").
			next("指明设置文件", "name the settings file", "yuantill doctor --settings FILE"))
	default:
		return one(ok("settings", "设置可读："+d.site.SettingsPath, "settings are readable: "+d.site.SettingsPath))
	}
}

// settingsFinding says what is wrong with the settings, and where.
func settingsFinding(err error) Finding {
	text := bilingual.Text{Chinese: "设置有误", English: "the settings are wrong"}
	var wrong *settings.Error
	if errors.As(err, &wrong) {
		text = text.With(wrong.Text())
		return fail("settings", text.Chinese, text.English)
	}
	return fail("settings", text.Chinese, text.English).because(err)
}

func one(f Finding) []Finding { return []Finding{f} }

func ok(check, chinese, english string) Finding   { return found(check, OK, chinese, english) }
func warn(check, chinese, english string) Finding { return found(check, Warn, chinese, english) }
func fail(check, chinese, english string) Finding { return found(check, Fail, chinese, english) }
func skip(check, chinese, english string) Finding { return found(check, Skipped, chinese, english) }

func found(check string, level Level, chinese, english string) Finding {
	return Finding{Check: check, Level: level, Text: bilingual.Text{Chinese: chinese, English: english}}
}

// next adds what to do.
func (f Finding) next(chinese, english, command string) Finding {
	f.Next, f.Command = bilingual.Text{Chinese: chinese, English: english}, command
	return f
}

// advise is next in words that others use as well.
func (f Finding) advise(text bilingual.Text, command string) Finding {
	return f.next(text.Chinese, text.English, command)
}

// because adds the program's own error.
func (f Finding) because(err error) Finding {
	f.Cause = err.Error()
	return f
}

// with adds a detail for the JSON output.
func (f Finding) with(name string, value any) Finding {
	details := make(map[string]any, len(f.Details)+1)
	for k, v := range f.Details {
		details[k] = v
	}
	details[name] = value
	f.Details = details
	return f
}
