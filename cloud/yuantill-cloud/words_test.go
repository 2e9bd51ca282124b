package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/store"
)

func chinese(text string) bool {
	for _, c := range text {
		if unicode.Is(unicode.Han, c) {
			return true
		}
	}
	return false
}

// TestSayings: each is in both languages, and names what there is.
func TestSayings(t *testing.T) {
	for _, s := range sayings() {
		require.True(t, chinese(s.text.Chinese), s.text.Chinese)
		require.False(t, chinese(s.text.English), s.text.English)
		require.NotEmpty(t, s.text.English)
		require.Equal(t, []alarm.Text{s.text}, advice(s.of), "said of itself")
	}
	require.Empty(t, advice(errors.New("something else")))
}

// TestMistakesAreExplained goes through what a person does wrong: each error says what to do, in both languages.
func TestMistakesAreExplained(t *testing.T) {
	s := prepared(t)
	enrol := func(more ...string) []string {
		return append([]string{"enrol", "--merchant", shopID, "--out", s.dir}, more...)
	}
	for name, c := range map[string]struct {
		arguments []string
		says      string
	}{
		"EnrolledAlready":  {enrol("--terminal", "10000001"), "--again"},
		"SerialNumber":     {enrol("--terminal", "10000002", "--serial", "SN-10000001"), "retire"},
		"UnknownMerchant":  {[]string{"enrol", "--merchant", "301310053110009", "--terminal", "10000002"}, "yuantill-cloud merchant"},
		"NoFolder":         {enrol("--terminal", "10000002", "--out", filepath.Join(s.dir, "none")), "--out"},
		"TerminalID":       {enrol("--terminal", "1000"), "8 位"},
		"UnknownTerminal":  {[]string{"block", "--terminal", "99999999"}, "核对终端号"},
		"NotBlocked":       {[]string{"block", "--terminal", "10000001", "--lift"}, "没有停用"},
		"AtWork":           {[]string{"retire", "--terminal", "10000001", "--by", "x", "--why", "y"}, "yuantill-cloud block"},
		"NoReason":         {[]string{"retire", "--terminal", "10000001"}, "--why"},
		"Merchant":         {[]string{"merchant", "--id", "1"}, "改正"},
		"UnknownOperator":  {[]string{"merchant", "--id", shopID, "--operators", "NOBANK"}, "ICBC"},
		"OperatorTwice":    {[]string{"merchant", "--id", shopID, "--operators", "ICBC,ICBC"}, "各写一次"},
		"InitialisedTwice": {[]string{"init"}, "无须再做"},
		"UnknownFlag":      {[]string{"check", "--all"}, "--help"},
		"UnknownCommand":   {[]string{"chekc"}, "--help"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.run(t.Context(), c.arguments...)
			require.Error(t, err)
			said := advice(err)
			require.Len(t, said, 1, err)
			require.Contains(t, said[0].Chinese, c.says, err)
		})
	}
	for _, arguments := range [][]string{enrol("--terminal", "10000002", "--count", "0"), enrol("--terminal", "ABCDEFGH", "--count", "2")} {
		_, err := s.run(t.Context(), arguments...)
		require.True(t, chinese(err.Error()), err)
	}
	for name, c := range map[string]struct {
		spoil func(s *site) error
		says  string
	}{
		"DamagedDatabase": {func(s *site) error {
			return os.WriteFile(filepath.Join(s.dir, "data", "cloud.db"), bytes.Repeat([]byte{0xff}, 10_000), 0o600)
		}, "-wal"},
		"BrokerFolder": {func(s *site) error {
			return os.WriteFile(filepath.Join(s.dir, "data", "broker"), nil, 0o600)
		}, "broker"},
	} {
		t.Run(name, func(t *testing.T) {
			s := prepared(t)
			require.NoError(t, c.spoil(s))
			_, err := s.run(t.Context(), "serve")
			require.Error(t, err)
			said := advice(err)
			require.Len(t, said, 1, err)
			require.Contains(t, said[0].Chinese, c.says, err)
		})
	}
	require.Contains(t, advice(fmt.Errorf("open store: fill log: %w", store.ErrFull))[0].Chinese, "磁盘已满")
	fresh := newSite(t, "")
	for _, command := range []string{"serve", "enrol"} {
		_, err := fresh.run(t.Context(), command, "--settings", fresh.settings)
		require.NotEmpty(t, advice(err), err)
	}
}
