package doctor_test

import (
	"context"
	"crypto/tls"
	"database/sql"
	"encoding/json"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/drivers/port/hid"
	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/yuantill/doctor"
	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// bench is a terminal that is well, until a test makes it ill.
type bench struct {
	files *sitetest.Site
	site  doctor.Site
	tools doctor.Tools
	// findings by check; checks that find several things keep the last.
	findings map[string]doctor.Finding
	worst    doctor.Level
}

func newBench(t *testing.T) *bench {
	t.Helper()
	files := sitetest.New(t, t.TempDir(), "10000001")
	now := time.Now()
	return &bench{
		files: files,
		site: doctor.Site{
			SettingsPath: files.Settings, Terminal: files.Terminal, JournalPath: files.Journal,
			EnrolmentPath: files.Enrolment, EpochsPath: files.Epochs, RoomMin: 1 << 20,
			Devices: []doctor.Device{{Name: "scanner", Path: "/dev/ttyUSB0"}, {Name: "printer"}},
		},
		tools: doctor.Tools{
			Engine: seal.Portable(), Clock: func() time.Time { return now }, Built: now.Add(-time.Hour),
			Status: func(context.Context) (stationclient.Status, error) {
				return stationclient.Status{
					Version: "1.2.3", Terminal: "10000001", Uplink: stationclient.Uplink{Connected: true, Broker: "mq:8883", ClockOffsetMS: 40},
					Devices: []stationclient.Device{{Name: "scanner", State: "ready"}},
				}, nil
			},
			Free:       func(string) (int64, error) { return 1 << 30, nil },
			ListHID:    func() ([]hid.Device, error) { return []hid.Device{{VendorID: 0x1EAB, ProductID: 0x22}}, nil },
			OpenSerial: func(string) error { return errors.New("must not be opened while the agent runs") },
			Dial: func(ctx context.Context, address string, config *tls.Config) (net.Conn, error) {
				return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
			},
		},
	}
}

// agent changes what the agent says.
func (b *bench) agent(change func(*stationclient.Status)) {
	before := b.tools.Status
	b.tools.Status = func(ctx context.Context) (stationclient.Status, error) {
		status, err := before(ctx)
		change(&status)
		return status, err
	}
}

func (b *bench) run(t *testing.T) {
	t.Helper()
	b.findings = make(map[string]doctor.Finding)
	var err error
	b.worst, err = doctor.New(b.site, b.tools).Run(t.Context(), func(f doctor.Finding) {
		b.findings[f.Check] = f
		require.NotEmpty(t, f.Text.Chinese, f.Check)
		require.NotEmpty(t, f.Text.English, f.Check)
		if f.Level == doctor.Warn || f.Level == doctor.Fail {
			require.NotEmpty(t, f.Next.Chinese, "%s: %s", f.Check, f.Text.English)
			require.NotEmpty(t, f.Next.English, f.Check)
		}
	})
	require.NoError(t, err)
}

// wants runs all checks and asks for one finding.
func (b *bench) wants(t *testing.T, check string, level doctor.Level, text string) doctor.Finding {
	t.Helper()
	b.run(t)
	f, ok := b.findings[check]
	require.True(t, ok, check)
	require.Equal(t, level.String(), f.Level.String(), f.Text.English)
	require.Contains(t, f.Text.English+" "+f.Cause, text)
	require.NotContains(t, f.Text.Chinese, "dial ", "a program's words stand apart")
	return f
}

func TestAllWell(t *testing.T) {
	b := newBench(t)
	b.tools.Clock = func() time.Time { return b.files.Began.Add(time.Minute) }
	b.tools.Built = b.files.Began
	b.run(t)
	for check, f := range b.findings {
		if check == "certificate" || check == "authority" { // made today, and the test's clock is not
			continue
		}
		require.Contains(t, []doctor.Level{doctor.OK, doctor.Skipped}, f.Level, "%s: %s", check, f.Text.English)
	}
	require.Equal(t, true, b.findings["journal"].Details["tags_checked"])
	require.Equal(t, uint64(7), b.findings["journal"].Details["records"])
	require.Contains(t, b.findings["usb-hid"].Text.English, "1eab:0022")
	t.Run("nothing secret is told", func(t *testing.T) {
		text, err := json.Marshal(b.findings)
		require.NoError(t, err)
		deviceKey, err := os.ReadFile(enrolment.DeviceKeyPath(b.files.Enrolment))
		require.NoError(t, err)
		file, err := enrolment.Read(b.files.Enrolment)
		require.NoError(t, err)
		for _, secret := range []string{string(deviceKey[:32]), file.WrappedKey, "PRIVATE KEY", sitetest.Wallet} {
			require.NotContains(t, string(text), secret)
		}
	})
}

func TestOrder(t *testing.T) {
	b := newBench(t)
	b.site.Brokers = []string{"127.0.0.1:1"}
	var order []string
	_, err := doctor.New(b.site, b.tools).Run(t.Context(), func(f doctor.Finding) { order = append(order, f.Check) })
	require.NoError(t, err)
	require.Equal(t, []string{"self-test", "settings", "enrolment", "certificate", "authority", "keys", "agent", "cloud",
		"clock", "journal", "room", "scanner", "printer", "usb-hid", "broker"}, order)
	t.Run("ctx ends it", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := doctor.New(b.site, b.tools).Run(ctx, func(doctor.Finding) {})
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestSettings(t *testing.T) {
	b := newBench(t)
	b.site = doctor.Site{SettingsPath: "a.toml", SettingsError: errors.New("a.toml:3:1: unknown key")}
	f := b.wants(t, "settings", doctor.Fail, "a.toml:3:1")
	require.Contains(t, f.Command, "check-settings a.toml")
	require.Equal(t, doctor.Fail, b.worst)
	for _, check := range []string{"enrolment", "keys", "journal", "room", "broker"} {
		require.Equal(t, doctor.Skipped, b.findings[check].Level, check)
	}
	b.site = doctor.Site{}
	b.wants(t, "settings", doctor.Warn, "no settings file")
	require.Equal(t, doctor.Warn, b.worst)
}

func TestEnrolmentAndKeys(t *testing.T) {
	t.Run("FAIL not enrolled", func(t *testing.T) {
		b := newBench(t)
		b.site.EnrolmentPath = filepath.Join(t.TempDir(), "none.json")
		b.wants(t, "enrolment", doctor.Fail, "not enrolled")
		require.Equal(t, doctor.Skipped, b.findings["keys"].Level)
	})
	t.Run("FAIL readable by others", func(t *testing.T) {
		b := newBench(t)
		require.NoError(t, os.Chmod(b.files.Enrolment, 0o644))
		f := b.wants(t, "enrolment", doctor.Fail, "others may read")
		require.Equal(t, "chmod 600 "+b.files.Enrolment, f.Command)
	})
	t.Run("FAIL not an enrolment", func(t *testing.T) {
		b := newBench(t)
		require.NoError(t, os.WriteFile(b.files.Enrolment, []byte("{}"), 0o600))
		b.wants(t, "enrolment", doctor.Fail, "malformed")
	})
	t.Run("FAIL another terminal's", func(t *testing.T) {
		b := newBench(t)
		b.site.Terminal = "10000009"
		b.wants(t, "enrolment", doctor.Fail, "settings say terminal 10000009, the enrolment 10000001")
	})
	t.Run("certificates at other times", func(t *testing.T) {
		b := newBench(t)
		file, err := enrolment.Read(b.files.Enrolment)
		require.NoError(t, err)
		pair, err := tls.X509KeyPair([]byte(file.Certificate), []byte(file.CertificateKey))
		require.NoError(t, err)
		for at, want := range map[time.Time]doctor.Level{
			pair.Leaf.NotBefore.Add(-time.Hour): doctor.Fail, pair.Leaf.NotAfter.Add(time.Hour): doctor.Fail,
			pair.Leaf.NotAfter.Add(-time.Minute): doctor.Warn,
		} {
			b.tools.Clock = func() time.Time { return at }
			f := b.wants(t, "certificate", want, "10000001")
			require.Len(t, f.Details["sha256"], 64)
		}
	})
	deviceKey := func(b *bench) string { return enrolment.DeviceKeyPath(b.files.Enrolment) }
	t.Run("FAIL no device key", func(t *testing.T) {
		b := newBench(t)
		require.NoError(t, os.Remove(deviceKey(b)))
		b.wants(t, "keys", doctor.Fail, "device key is missing")
	})
	t.Run("FAIL device key readable by others", func(t *testing.T) {
		b := newBench(t)
		require.NoError(t, os.Chmod(deviceKey(b), 0o640))
		require.Equal(t, "chmod 600 "+deviceKey(b), b.wants(t, "keys", doctor.Fail, "others may read").Command)
	})
	t.Run("FAIL another machine's device key", func(t *testing.T) {
		b, other := newBench(t), newBench(t)
		key, err := os.ReadFile(deviceKey(other))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(deviceKey(b), key, 0o600))
		b.wants(t, "keys", doctor.Fail, "does not belong to this enrolment")
	})
	t.Run("FAIL damaged epochs", func(t *testing.T) {
		b := newBench(t)
		require.NoError(t, os.WriteFile(b.files.Epochs, []byte("{"), 0o600))
		f := b.wants(t, "keys", doctor.Fail, "epochs file")
		require.Contains(t, f.Cause, b.files.Epochs)
		require.Contains(t, f.Next.English, "put this till's epochs file back")
	})
	t.Run("WARN never signed in", func(t *testing.T) {
		b := newBench(t)
		require.NoError(t, os.Remove(b.files.Epochs))
		b.wants(t, "keys", doctor.Warn, "never signed in")
	})
	t.Run("WARN an old epoch", func(t *testing.T) {
		b := newBench(t)
		b.tools.Clock = func() time.Time { return b.files.Began.Add(72 * time.Hour) }
		b.wants(t, "keys", doctor.Warn, "no sign-in for two days")
	})
}

func TestAgentAndClock(t *testing.T) {
	t.Run("FAIL no answer", func(t *testing.T) {
		b := newBench(t)
		b.tools.Status = func(context.Context) (stationclient.Status, error) {
			return stationclient.Status{}, errors.New("connection refused")
		}
		b.tools.OpenSerial = func(string) error { return nil }
		b.wants(t, "agent", doctor.Fail, "connection refused")
		require.NotContains(t, b.findings, "cloud")
		require.Equal(t, doctor.OK, b.findings["clock"].Level)
	})
	t.Run("FAIL another terminal's agent", func(t *testing.T) {
		b := newBench(t)
		b.agent(func(s *stationclient.Status) { s.Terminal = "10000002" })
		b.tools.OpenSerial = func(string) error { return nil }
		b.wants(t, "agent", doctor.Fail, "terminal 10000002's agent answers, the enrolment is 10000001's")
		require.Contains(t, b.findings["scanner"].Text.English, "can be opened", "it says nothing of this terminal's devices")
	})
	for name, c := range map[string]struct {
		change func(*stationclient.Status)
		check  string
		level  doctor.Level
		text   string
	}{
		"WARN not connected": {func(s *stationclient.Status) {
			s.Uplink = stationclient.Uplink{LastError: "no route"}
		}, "cloud", doctor.Warn, "no route"},
		"FAIL barred": {func(s *stationclient.Status) {
			s.Uplink = stationclient.Uplink{Barred: true, LastError: "not Authorized"}
		}, "cloud", doctor.Fail, "does not let this terminal in"},
		"FAIL stopped": {func(s *stationclient.Status) { s.Uplink.Stopped = "link mismatch" }, "cloud", doctor.Fail, "link mismatch"},
		"WARN refused": {func(s *stationclient.Status) { s.Uplink.Refused = 2 }, "cloud", doctor.Warn, "refused 2 records"},
		"OK clock":     {func(s *stationclient.Status) { s.Uplink.ClockOffsetMS = -4000 }, "clock", doctor.OK, "-4s"},
		"WARN clock":   {func(s *stationclient.Status) { s.Uplink.ClockOffsetMS = -6000 }, "clock", doctor.Warn, "-6s"},
		"FAIL clock":   {func(s *stationclient.Status) { s.Uplink.ClockOffsetMS = 61000 }, "clock", doctor.Fail, "1m1s"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.agent(c.change)
			b.wants(t, c.check, c.level, c.text)
		})
	}
	t.Run("FAIL a clock before this program was built", func(t *testing.T) {
		b := newBench(t)
		b.tools.Built = b.tools.Clock().Add(time.Hour)
		b.wants(t, "clock", doctor.Fail, "before this program was built")
	})
}

func TestJournalAndRoom(t *testing.T) {
	t.Run("WARN unsent for long, by the file when there is no agent", func(t *testing.T) {
		b := newBench(t)
		b.tools.Status = func(context.Context) (stationclient.Status, error) {
			return stationclient.Status{}, errors.New("no agent")
		}
		b.tools.OpenSerial = func(string) error { return nil }
		f := b.wants(t, "journal", doctor.Warn, "the oldest since 2026-05-01 12:00:02 +08:00")
		require.Equal(t, uint64(7), f.Details["unsent"])
	})
	t.Run("WARN unsent for long, by what the agent knows", func(t *testing.T) {
		b := newBench(t)
		oldest := b.tools.Clock().Add(-2 * time.Hour)
		b.agent(func(s *stationclient.Status) { s.Journal.Unsent, s.Journal.OldestUnsent = 3, &oldest })
		b.wants(t, "journal", doctor.Warn, "7 records, 3 not sent")
	})
	t.Run("OK when the agent knows that all were sent", func(t *testing.T) {
		newBench(t).wants(t, "journal", doctor.OK, "7 records, 0 not sent")
	})
	t.Run("WARN none yet", func(t *testing.T) {
		b := newBench(t)
		require.NoError(t, os.Remove(b.files.Epochs))
		b.site.JournalPath = filepath.Join(t.TempDir(), "none.db")
		b.wants(t, "journal", doctor.Warn, "no journal yet")
	})
	t.Run("FAIL gone with all beside it", func(t *testing.T) {
		b := newBench(t)
		b.site.JournalPath = filepath.Join(t.TempDir(), "none.db")
		f := b.wants(t, "journal", doctor.Fail, "the journal is gone: "+b.site.JournalPath)
		require.Contains(t, f.Next.Chinese, "请挂上数据盘")
		require.Contains(t, f.Next.English, "mount the data disk")
	})
	t.Run("WARN a new one", func(t *testing.T) {
		b := newBench(t)
		require.NoError(t, os.Remove(b.files.Epochs))
		b.site.JournalPath = filepath.Join(t.TempDir(), "journal.db")
		require.NoError(t, os.WriteFile(b.site.JournalPath, nil, 0o600))
		b.wants(t, "journal", doctor.Warn, "no journal yet")
	})
	t.Run("FAIL the epochs file is gone", func(t *testing.T) {
		b := newBench(t)
		require.NoError(t, os.Remove(b.files.Epochs))
		f := b.wants(t, "journal", doctor.Fail, "the epochs file is gone: "+b.files.Epochs)
		require.Contains(t, f.Next.Chinese, "从备份放回原处")
	})
	t.Run("FAIL of another form", func(t *testing.T) {
		for version, says := range map[string][2]string{
			"99": {"a newer program made the journal", "update this program"}, "2": {"the journal has an older form", "start the agent once"},
		} {
			b := newBench(t)
			db, err := sql.Open("sqlite3", b.files.Journal)
			require.NoError(t, err)
			_, err = db.Exec("PRAGMA user_version = " + version)
			require.NoError(t, errors.Join(err, db.Close()))
			require.Contains(t, b.wants(t, "journal", doctor.Fail, says[0]).Next.English, says[1])
		}
	})
	t.Run("FAIL altered, and it says which record", func(t *testing.T) {
		b := newBench(t)
		db, err := sql.Open("sqlite3", b.files.Journal)
		require.NoError(t, err)
		_, err = db.Exec("UPDATE record SET bytes = zeroblob(120) WHERE sequence = 4")
		require.NoError(t, errors.Join(err, db.Close()))
		f := b.wants(t, "journal", doctor.Fail, "damaged or was altered")
		require.Equal(t, uint64(4), f.Details["sequence"])
		require.FileExists(t, b.files.Journal)
	})
	t.Run("WARN an older copy was put in its place", func(t *testing.T) {
		b := newBench(t)
		ring := b.files.Keyring(t)
		epoch, _ := ring.Current()
		epoch.Number++
		require.NoError(t, ring.Add(epoch))
		j := b.files.Open(t)
		_, err := j.OpenEpoch(t.Context(), journal.EpochOpening{Keys: ring.Derive(epoch), Highest: 40})
		require.NoError(t, err)
		require.NoError(t, j.Close())
		f := b.wants(t, "journal", doctor.Warn, "records 8-40 under this terminal's id were not made with this journal")
		require.Contains(t, f.Next.English, "put the true journal back")
		require.Contains(t, f.Text.English, "shows once it answers")
		require.Regexp(t, `; found \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \+08:00$`, f.Text.English)
		require.Regexp(t, "第 8-40 条记录不是本机流水所记.*；发现于 ", f.Text.Chinese)
		b.agent(func(s *stationclient.Status) {
			s.Journal.Lost = []station.Loss{{First: 8, Last: 40, Told: true, Missing: []station.Stretch{{First: 9, Last: 12}}}}
		})
		f = b.wants(t, "journal", doctor.Warn, "the cloud lacks 9-12 as well")
		require.Contains(t, f.Text.Chinese, "平台也缺 9-12")
		b.agent(func(s *stationclient.Status) {
			s.Journal.Lost = []station.Loss{{First: 8, Last: 40, Told: true}}
			notice, next := catalogue.NoticeTwin.Text(), catalogue.AfterTwin.Text()
			s.Journal.Notice, s.Journal.Next = &notice, &next
		})
		f = b.wants(t, "journal", doctor.Warn, "another machine works with a copy of this terminal")
		require.NotContains(t, f.Text.English, "put back", "the agent knows better")
		require.Contains(t, f.Next.English, "switch it off")
	})
	t.Run("FAIL a sale removed", func(t *testing.T) {
		b := newBench(t)
		j := b.files.Open(t)
		require.NoError(t, j.SaveSale(t.Context(), journal.Snapshot{OrderID: journal.OrderID{1}, State: []byte("open"), Open: true}))
		require.NoError(t, j.Close())
		db, err := sql.Open("sqlite3", b.files.Journal)
		require.NoError(t, err)
		_, err = db.Exec("DELETE FROM sale")
		require.NoError(t, errors.Join(err, db.Close()))
		b.wants(t, "journal", doctor.Fail, "damaged or was altered")
	})
	t.Run("FAIL not a journal", func(t *testing.T) {
		for _, content := range [][]byte{nil, make([]byte, 4096), []byte("SQLite format 3\x00" + string(make([]byte, 100)))} {
			b := newBench(t)
			b.site.JournalPath = filepath.Join(t.TempDir(), "journal.db")
			require.NoError(t, os.WriteFile(b.site.JournalPath, content, 0o600))
			b.wants(t, "journal", doctor.Fail, "journal")
		}
	})
	t.Run("FAIL another terminal's", func(t *testing.T) {
		b := newBench(t)
		b.site.JournalPath = sitetest.New(t, t.TempDir(), "10000002").Journal
		b.wants(t, "journal", doctor.Fail, "terminal 10000002's, this is 10000001")
	})
	t.Run("OK by the chain alone without keys", func(t *testing.T) {
		b := newBench(t)
		require.NoError(t, os.Remove(enrolment.DeviceKeyPath(b.files.Enrolment)))
		b.tools.Clock = func() time.Time { return b.files.Began.Add(time.Minute) }
		b.wants(t, "journal", doctor.OK, "tags not checked")
	})
	for level, free := range map[doctor.Level]int64{doctor.Fail: 1<<20 - 1, doctor.Warn: 2 << 20, doctor.OK: 4 << 20} {
		t.Run(level.String()+" room", func(t *testing.T) {
			b := newBench(t)
			b.tools.Free = func(string) (int64, error) { return free, nil }
			require.Equal(t, free, b.wants(t, "room", level, "MiB free").Details["free_bytes"])
		})
	}
	t.Run("FAIL no folder", func(t *testing.T) {
		b := newBench(t)
		b.tools.Free = func(string) (int64, error) { return 0, os.ErrNotExist }
		b.wants(t, "room", doctor.Fail, "cannot be read")
	})
}
