package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/plainfile"
)

// bankOf is an operator's section.
func bankOf(code, url, client string) string {
	return "[[operator]]\ncode = \"" + code + "\"\nurl = \"" + url + "\"\nclient = \"" + client +
		"\"\npublic_key = \"bank.pub\"\nauthority = \"bank.pem\"\n"
}

// TestSettingsThatCannotBeMeant: what reads well and makes no sense has its line and the next step.
func TestSettingsThatCannotBeMeant(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"OneAddressForBoth": {"[broker]\nlisten = \"127.0.0.1:7500\"\n", "cloud.toml: api.listen: 127.0.0.1:7500 已是 broker.listen，请改正其一 · 127.0.0.1:7500 is broker.listen already"},
		"OnePortEverywhere": {"[broker]\nlisten = \"0.0.0.0:7500\"\n", "api.listen: 127.0.0.1:7500 已是 broker.listen"},
		"OnePortNoHost":     {"[api]\nlisten = \":8883\"\n", "cloud.toml:2:10: api.listen: :8883 已是 broker.listen"},
		"PortZero":          {"[broker]\nlisten = \"127.0.0.1:0\"\n", "cloud.toml:2:10: broker.listen: “127.0.0.1:0”不是“主机:端口” · \"127.0.0.1:0\" is not host:port"},
		"PortTooHigh":       {"[api]\nlisten = \"127.0.0.1:65536\"\n", "cloud.toml:2:10: api.listen: “127.0.0.1:65536”不是"},
		"NameTwice":         {"[broker]\nnames = [\"a.example\", \"A.example\"]\n", "cloud.toml:2:1: broker.names: “A.example”出现了两次，请删去一处 · \"A.example\" stands twice"},
		"NoName":            {"[broker]\nnames = [\"\"]\n", "broker.names: “”不是主机名或地址 · \"\" is no host name"},
		"NameWithANewline":  {"[broker]\nnames = [\"a\\nb\"]\n", `is no host name`},
		"IssuerTwice":       {"issuers = [\"a.pub\", \"./a.pub\"]\n", "a.pub 已是 · is already: issuers；请改正其一"},
		"PlansAreTheToken":  {"plans = \"x\"\n[api]\ntoken_file = \"x\"\n", "cloud.toml:3:14: api.token_file: "},
		"DataIsTheFile":     {"data = \"cloud.toml\"\n", "cloud.toml 已是 · is already: 本设置文件 · this settings file"},
		"NotHTTPS":          {bankOf("ICBC", "http://pay", "y"), "cloud.toml:3:7: operator.0.url: “http://pay”不是 https://主机[:端口]"},
		"URLWithAPath":      {bankOf("ICBC", "https://pay/v1", "y"), "operator.0.url: “https://pay/v1”不是"},
		"BellInClient":      {bankOf("ICBC", "https://pay", "y\\u0007"), `operator.0.client: "y\a" 须为至多 32 个可见字符 · must be at most 32 characters`},
		"LongClient":        {bankOf("ICBC", "https://pay", strings.Repeat("y", 33)), "cloud.toml:4:10: operator.0.client: "},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cloud.toml")
			require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
			_, err := ReadSettings(path)
			require.ErrorIs(t, err, ErrSettings)
			require.ErrorContains(t, err, c.says)
		})
	}
	t.Run("TwoOperatorsOfOneClearingHouse", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cloud.toml")
		require.NoError(t, os.WriteFile(path, []byte(bankOf("ICBC", "https://pay", "y")+bankOf("ABC", "https://pay", "y")), 0o600))
		_, err := ReadSettings(path)
		require.NoError(t, err)
	})
}

// TestFilesOfSettings: check and serve say all files that are not there before anything else; init does without them.
func TestFilesOfSettings(t *testing.T) {
	s := newSite(t, "token_file = \"token\"\n"+bankOf("ICBC", "https://pay", "y"))
	text, err := os.ReadFile(s.settings)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.settings, append([]byte("plans = \"plans\"\nissuers = [\"issuer.pub\"]\n"), text...), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(s.dir, "plans"), 0o700))
	s.must("init")
	for _, command := range []string{"check", "serve"} {
		_, err := s.run(t.Context(), command)
		require.ErrorIs(t, err, ErrSettings, command)
		for _, says := range []string{
			"cloud.toml:1:9: plans: " + filepath.Join(s.dir, "plans") + " 是文件夹，须为文件 · ",
			"cloud.toml:2:1: issuers: 没有文件 " + filepath.Join(s.dir, "issuer.pub") + "，请放好或改正路径 · there is no ",
			"cloud.toml:8:14: api.token_file: 没有文件 ", "operator.0.public_key: 没有文件 ", "operator.0.authority: 没有文件 ",
		} {
			require.ErrorContains(t, err, says, command)
		}
		require.Len(t, advice(err), 1)
	}
}

// TestPipesOfSettings: nobody waits for what a named pipe may say one day, and whichever setting names it is told.
func TestPipesOfSettings(t *testing.T) {
	pipe := func(t *testing.T, path string) {
		t.Helper()
		require.NoError(t, os.RemoveAll(path))
		require.NoError(t, syscall.Mkfifo(path, 0o600))
	}
	ran := func(t *testing.T, s *site, command string) error {
		t.Helper()
		done := make(chan error, 1)
		go func() {
			_, err := s.run(t.Context(), command)
			done <- err
		}()
		select {
		case err := <-done:
			return err
		case <-time.After(patience):
			require.FailNow(t, "waits for the pipe")
			return nil
		}
	}
	for key, more := range map[string]string{
		"api.token_file": "token_file = \"pipe\"\n", "operator.0.authority": strings.Replace(bankOf("ICBC", "https://pay", "y"), "bank.pem", "pipe", 1),
	} {
		t.Run(key, func(t *testing.T) {
			s := newSite(t, more)
			s.must("init")
			pipe(t, filepath.Join(s.dir, "pipe"))
			err := ran(t, s, "serve")
			require.ErrorIs(t, err, ErrSettings)
			require.ErrorContains(t, err, key+": "+filepath.Join(s.dir, "pipe")+" 是管道或设备，须为普通文件 · ")
		})
	}
	t.Run("the settings", func(t *testing.T) {
		s := newSite(t, "")
		pipe(t, s.settings)
		err := ran(t, s, "serve")
		require.ErrorIs(t, err, ErrSettings)
		require.ErrorIs(t, err, plainfile.ErrNotRegular)
	})
	for _, key := range []string{"ca.pem", "ca.key", "root.key", "server.pem", "signing.key"} {
		t.Run(key, func(t *testing.T) {
			s := newSite(t, "")
			s.must("init")
			pipe(t, filepath.Join(s.dir, "data", key))
			require.ErrorIs(t, ran(t, s, "serve"), plainfile.ErrNotRegular)
		})
	}
}
