package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/api"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
)

// raise stores an alarm as a running cloud does.
func (s *site) raise(kind string) {
	s.t.Helper()
	settings, err := ReadSettings(s.settings)
	require.NoError(s.t, err)
	require.NoError(s.t, withBooks(s.t.Context(), settings, func(books *sqlite.Store) error {
		return books.Commit(s.t.Context(), store.Change{Alarms: []store.Alarm{
			{Key: kind + "/10000001", Kind: kind, Terminal: "10000001", Detail: "record 9", At: time.Now().UTC()}}})
	}))
}

func TestAlarmsCommand(t *testing.T) {
	s := prepared(t)
	s.serving() // it is administered meanwhile
	require.Equal(t, "没有警报 · no alarms\n", s.must("alarms"))
	s.raise("tag")
	s.raise("chain")
	said := s.must("alarms")
	for _, kind := range []string{"tag", "chain"} {
		entry := alarm.Of(kind)
		require.Contains(t, said, entry.Title.String())
		require.Contains(t, said, entry.Meaning.String())
		require.Contains(t, said, "    → "+entry.Next.String()+"\n")
	}
	require.Contains(t, said, "10000001: record 9")

	settled := s.must("settle", "--alarm", "1", "--by", "王芳", "--note", "换了网线", "--count", "1")
	require.Contains(t, settled, "#1  ")
	require.Contains(t, settled, "  王芳  换了网线\n")
	require.Equal(t, settled, s.must("settle", "--alarm", "1", "--by", "李雷"), "the first one counts")
	require.NotContains(t, s.must("alarms"), "#1  ")
	require.Contains(t, s.must("alarms", "--all"), "已处理 settled ")
	s.raise("tag")
	var listed []api.Alarm
	require.NoError(t, json.Unmarshal([]byte(s.must("alarms", "--json")), &listed))
	require.Len(t, listed, 2)
	require.EqualValues(t, 3, listed[0].Number, "what happens again is a new alarm")
	require.JSONEq(t, s.must("alarms", "--json"), string(s.get("/v1/alarms")), "the same as over HTTP")

	for name, c := range map[string]struct {
		arguments []string
		says      string
	}{
		"Unknown":       {[]string{"--alarm", "9", "--by", "王芳"}, "没有 9 号警报"},
		"Nobody":        {[]string{"--alarm", "2"}, "须用 --by 写明处理人"},
		"HappenedAgain": {[]string{"--alarm", "2", "--by", "王芳", "--count", "4"}, "请重新查看"},
	} {
		_, err := s.run(t.Context(), append([]string{"settle"}, c.arguments...)...)
		require.ErrorContains(t, err, c.says, name)
	}
}
