package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/folder"
	"github.com/yuantill/yuantill/cloud/merchant"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/enrolment"
)

const patience = 20 * time.Second

// shopID is the merchant of a prepared site.
const shopID = "301310053110001"

// site is a folder with settings for one cloud.
type site struct {
	t        *testing.T
	settings string
	api      string
	dir      string
}

func newSite(t *testing.T, more string) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), api: freeAddress(t)}
	s.settings = filepath.Join(s.dir, "cloud.toml")
	text := fmt.Sprintf("data = \"data\"\n[broker]\nlisten = %q\n[api]\nlisten = %q\n%s", freeAddress(t), s.api, more)
	require.NoError(t, os.WriteFile(s.settings, []byte(text), 0o600))
	return s
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

// run runs the program with a command line and returns what it printed.
func (s *site) run(ctx context.Context, arguments ...string) (string, error) {
	command := newCommand()
	var out bytes.Buffer
	command.SetOut(&out)
	command.SetErr(io.Discard)
	command.SetArgs(append(arguments, "--settings", s.settings))
	err := command.ExecuteContext(ctx)
	return out.String(), err
}

// must runs a command that succeeds.
func (s *site) must(arguments ...string) string {
	s.t.Helper()
	out, err := s.run(s.t.Context(), arguments...)
	require.NoError(s.t, err)
	return out
}

// prepared is a site with keys, a merchant and a terminal.
func prepared(t *testing.T) *site {
	s := newSite(t, "")
	s.must("init")
	s.must("merchant", "--id", "301310053110001", "--name", "王记早点", "--operators", "ICBC,ABC")
	s.must("enrol", "--terminal", "10000001", "--merchant", "301310053110001", "--out", s.dir)
	return s
}

func TestSettings(t *testing.T) {
	bank := "[[operator]]\ncode = \"ICBC\"\nurl = \"https://pay\"\nclient = \"y\"\npublic_key = \"i.pub\"\n"
	for name, c := range map[string]struct{ text, says string }{
		"UnknownKey":    {"[store]\nkey = 1\n", "cloud.toml:6:2: store: 没有这个设置"},
		"Syntax":        {"[[operator]\n", "cloud.toml:6:11: 不是有效的 TOML · is not valid TOML"},
		"WrongType":     {"profiling = 1\n", "cloud.toml:6:13: api.profiling: 须为 · must be: true, false"},
		"HalfOperator":  {"[[operator]]\ncode = \"ICBC\"\n", "cloud.toml:6:3: operator.0.url: 必须填写 · is needed"},
		"TwiceOperator": {bank + bank, "cloud.toml:12:8: operator.1.code: 机构 ICBC 出现了两次 · ICBC stands twice"},
		"QueryTooOften": {"[payment]\nquery_every = \"1s\"\n", "cloud.toml:7:15: payment.query_every: 1s 须在 3s 至 5s 之间"},
		"GivesUpLate":   {"[payment]\ngive_up_after = \"5m\"\n", "cloud.toml:7:17: payment.give_up_after: 5m0s 须在"},
		"ReverseSoon":   {"[payment]\nreverse_not_before = \"5s\"\n", "cloud.toml:7:22: payment.reverse_not_before: 5s 过短，至少 15s"},
		"ReconcileAt":   {"[reconcile]\nat = \"2h\"\n", "cloud.toml:7:6: reconcile.at: “2h”不是 00:01 至 23:59 的时刻"},
		"Duration":      {"[payment]\nquery_every = \"3\"\n", "cloud.toml:7:15: payment.query_every: 须为带单位的时长"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadSettings(newSite(t, c.text).settings)
			require.ErrorIs(t, err, ErrSettings)
			require.ErrorContains(t, err, c.says)
			require.NotContains(t, err.Error(), "struct field")
		})
	}
	t.Run("ValuesHaveTheirLine", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cloud.toml")
		require.NoError(t, os.WriteFile(path, []byte("log_level = \"loud\"\n[broker]\nlisten = \"here\"\nnames = []\n"), 0o600))
		_, err := ReadSettings(path)
		for _, says := range []string{
			path + ":1:13: log_level: 不能为“loud”", path + ":3:10: broker.listen: “here”不是“主机:端口”", path + ":4:1: broker.names: 至少一个名称",
		} {
			require.ErrorContains(t, err, says)
		}
	})
	t.Run("OpenToTheWorldHasItsLine", func(t *testing.T) {
		s := prepared(t)
		text, err := os.ReadFile(s.settings)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(s.settings, bytes.Replace(text, []byte(s.api), []byte("0.0.0.0:7500"), 1), 0o600))
		_, err = s.run(t.Context(), "serve")
		require.ErrorIs(t, err, ErrSettings)
		require.ErrorContains(t, err, "cloud.toml:5:10: api.listen: 不是本机地址")
	})
	t.Run("PathsAreRelativeToTheFile", func(t *testing.T) {
		s := newSite(t, "")
		read, err := ReadSettings(s.settings)
		require.NoError(t, err)
		require.Equal(t, filepath.Join(s.dir, "data", "cloud.db"), read.database())
	})
	t.Run("NoFile", func(t *testing.T) {
		_, err := ReadSettings(filepath.Join(t.TempDir(), "missing.toml"))
		require.ErrorIs(t, err, os.ErrNotExist)
	})
}

func TestAdminister(t *testing.T) {
	s := prepared(t)
	t.Run("KeysAreNeverReplaced", func(t *testing.T) {
		_, err := s.run(t.Context(), "init")
		require.ErrorIs(t, err, os.ErrExist)
	})
	t.Run("EnrolmentIsReadable", func(t *testing.T) {
		file, err := enrolment.Read(filepath.Join(s.dir, "10000001.json"))
		require.NoError(t, err)
		require.Equal(t, "10000001", file.Terminal)
	})
	t.Run("OneIdOneTerminal", func(t *testing.T) {
		_, err := s.run(t.Context(), "enrol", "--terminal", "10000001", "--merchant", "301310053110001", "--out", t.TempDir())
		require.ErrorIs(t, err, merchant.ErrEnrolled)
	})
	t.Run("NothingIsEnrolledWithoutItsFile", func(t *testing.T) {
		enrol := func(out string, more ...string) error {
			_, err := s.run(t.Context(), append([]string{"enrol", "--terminal", "10000003", "--merchant", shopID, "--out", out}, more...)...)
			return err
		}
		dir := t.TempDir()
		require.ErrorIs(t, enrol(filepath.Join(dir, "none")), os.ErrNotExist)
		in := filepath.Join(dir, "10000003.json")
		require.NoError(t, os.WriteFile(in, []byte("another enrolment"), 0o600))
		require.ErrorIs(t, enrol(dir), os.ErrExist)
		require.NoError(t, os.Remove(in))
		require.NoError(t, enrol(dir))
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 2)

		require.NoError(t, os.Remove(in))
		require.NoError(t, os.Remove(enrolment.DeviceKeyPath(in)))
		require.ErrorIs(t, enrol(dir), merchant.ErrEnrolled)
		require.NoFileExists(t, in)
		require.NoError(t, enrol(dir, "--again"), "it has never signed in, and its file is lost")
		file, err := enrolment.Read(in)
		require.NoError(t, err)
		require.EqualValues(t, 2, file.KeyVersion)
	})
	t.Run("UnknownOperator", func(t *testing.T) {
		_, err := s.run(t.Context(), "merchant", "--id", "301310053110002", "--name", "x", "--operators", "NOBANK")
		require.Error(t, err)
	})
	t.Run("AChangeLeavesWhatIsNotNamed", func(t *testing.T) {
		s.must("merchant", "--id", shopID, "--fee", "3", "--completion-percent", "115", "--hold-days", "7")
		s.must("merchant", "--id", shopID, "--name", "王记面馆")
		want := store.Merchant{ID: shopID, Name: "王记面馆", Operators: []string{"ICBC", "ABC"}, FeeBasisPoints: 3,
			Jurisdiction: "CN", CompletionPercent: 115, HoldDays: 7}
		got := s.merchant(shopID)
		want.CreatedAt = got.CreatedAt
		require.Equal(t, want, got)
		s.must("merchant", "--id", shopID, "--operators", "ABC", "--fee", "0")
		want.Operators, want.FeeBasisPoints = []string{"ABC"}, 0
		require.Equal(t, want, s.merchant(shopID))
	})
	t.Run("ANewMerchantNeedsNameAndOperators", func(t *testing.T) {
		_, err := s.run(t.Context(), "merchant", "--id", "301310053110009", "--operators", "ICBC")
		require.ErrorIs(t, err, merchant.ErrMerchant)
		_, err = s.run(t.Context(), "merchant", "--id", "301310053110009", "--name", "x")
		require.ErrorIs(t, err, merchant.ErrMerchant)
		s.must("merchant", "--id", "301310053110009", "--name", "x", "--operators", "ICBC")
		require.EqualValues(t, 10, s.merchant("301310053110009").FeeBasisPoints)
		require.Equal(t, "CN", s.merchant("301310053110009").Jurisdiction)
	})
	t.Run("EmptyBooksBalance", func(t *testing.T) {
		require.Contains(t, s.must("check"), "balanced: 0 entries")
	})
}

// merchant returns a merchant as it is stored.
func (s *site) merchant(id string) (found store.Merchant) {
	s.t.Helper()
	settings, err := ReadSettings(s.settings)
	require.NoError(s.t, err)
	require.NoError(s.t, withBooks(s.t.Context(), settings, func(books *sqlite.Store) error {
		found, err = books.Merchant(s.t.Context(), id)
		return err
	}))
	return found
}

func TestServe(t *testing.T) {
	s := prepared(t)
	for range 2 { // and once more on the same files
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := s.run(ctx, "serve")
			done <- err
		}()
		require.Eventually(t, func() bool { return s.status("/readyz") == http.StatusOK }, patience, 20*time.Millisecond)
		require.Equal(t, http.StatusOK, s.status("/livez"))
		require.Equal(t, http.StatusNotFound, s.status("/r/00000000000000000000000000"))
		var stats struct{ Terminals int }
		require.NoError(t, json.Unmarshal(s.get("/v1/stats"), &stats))
		require.Equal(t, 1, stats.Terminals)
		require.Contains(t, string(s.get("/metrics")), "yuantill_collector_records_total 0")
		cancel()
		select {
		case err := <-done:
			require.NoError(t, err, "stopping is no failure")
		case <-time.After(patience):
			require.FailNow(t, "does not stop")
		}
	}
}

// serving runs the cloud until the test ends.
func (s *site) serving() {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		_, err := s.run(ctx, "serve")
		done <- err
	}()
	s.t.Cleanup(func() {
		cancel()
		require.NoError(s.t, <-done)
	})
	require.Eventually(s.t, func() bool { return s.status("/readyz") == http.StatusOK }, patience, 20*time.Millisecond)
}

func TestStopWhileStarting(t *testing.T) {
	s := prepared(t)
	for wait := range 4 {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		time.AfterFunc(time.Duration(wait)*20*time.Millisecond, cancel)
		_, err := s.run(ctx, "serve")
		require.NoError(t, err, "stopping is no failure")
	}
}

func TestSecondCloud(t *testing.T) {
	s := prepared(t)
	s.serving()
	t.Run("ErrHeldEvenOnOtherAddresses", func(t *testing.T) {
		second := &site{t: t, dir: s.dir, api: freeAddress(t), settings: filepath.Join(s.dir, "second.toml")}
		text := fmt.Sprintf("data = \"data\"\n[broker]\nlisten = %q\n[api]\nlisten = %q\n", freeAddress(t), second.api)
		require.NoError(t, os.WriteFile(second.settings, []byte(text), 0o600))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := second.run(ctx, "serve")
		require.ErrorIs(t, err, folder.ErrHeld)
		require.ErrorContains(t, err, fmt.Sprintf("pid %d", os.Getpid()))
	})
	t.Run("ErrHeldByALinkInAnotherFolder", func(t *testing.T) {
		second := newSite(t, "")
		second.must("init")
		require.NoError(t, os.Remove(filepath.Join(second.dir, "data", "cloud.db")))
		require.NoError(t, os.Link(filepath.Join(s.dir, "data", "cloud.db"), filepath.Join(second.dir, "data", "cloud.db")))
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		_, err := second.run(ctx, "serve")
		require.ErrorIs(t, err, folder.ErrHeld)
		require.ErrorContains(t, err, "cloud.db")
	})
	t.Run("AdministrationGoesOn", func(t *testing.T) {
		s.must("merchant", "--id", "301310053110002", "--name", "李记面馆", "--operators", "ICBC")
		s.must("enrol", "--terminal", "10000002", "--merchant", "301310053110002", "--out", s.dir)
		require.Contains(t, s.must("check"), "balanced: 0 entries")
	})
	require.Equal(t, http.StatusOK, s.status("/readyz"), "the first goes on")
}

func (s *site) get(path string) []byte {
	s.t.Helper()
	response, err := http.Get("http://" + s.api + path)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return text
}

// status returns an answer's status, 0 when there is none.
func (s *site) status(path string) int {
	response, err := http.Get("http://" + s.api + path)
	if err != nil {
		return 0
	}
	response.Body.Close()
	return response.StatusCode
}
