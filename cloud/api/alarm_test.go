package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/api"
	"github.com/yuantill/yuantill/cloud/store"
)

// settle posts a settlement and returns the answer.
func (s *site) settle(number, body string, change func(*http.Request)) (int, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.URL+"/v1/alarms/"+number+"/settle", strings.NewReader(body))
	require.NoError(s.t, err)
	request.Header.Set("Content-Type", "application/json")
	if change != nil {
		change(request)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return response.StatusCode, string(text)
}

func (s *site) alarms(query string) []api.Alarm {
	s.t.Helper()
	var alarms []api.Alarm
	s.json("/v1/alarms"+query, &alarms)
	return alarms
}

func TestAlarms(t *testing.T) {
	raise := func(s *site) {
		require.NoError(t, s.store.Commit(t.Context(), store.Change{Alarms: []store.Alarm{
			{Key: "journal-restored/10000001", Kind: "journal-restored", Terminal: "10000001", Detail: "old", At: now.Add(time.Hour)}}}))
	}
	t.Run("SayWhatTheyMeanChineseFirst", func(t *testing.T) {
		s := newSite(t, "")
		raise(s)
		first := s.alarms("")[0]
		require.Equal(t, alarm.Of("journal-restored").Title, first.Title)
		_, text, _ := s.get("/v1/alarms", nil)
		require.Less(t, strings.Index(text, `"zh":"终端的流水缺少平台已知的记录"`), strings.Index(text, `"en":"a terminal's journal lacks records`))
		for _, said := range []alarm.Text{first.Meaning, first.Next} {
			require.Contains(t, said.English, "another machine")
			require.Contains(t, said.Chinese, "机器")
		}
		require.Contains(t, first.Meaning.English, "old copy")
		require.Contains(t, first.Next.English, "find the true journal")
	})
	t.Run("SettledOnceAndKept", func(t *testing.T) {
		s := newSite(t, "")
		raise(s)
		status, text := s.settle("2", `{"by":"王芳","note":"找回了原来的流水","count":1}`, nil)
		require.Equal(t, http.StatusOK, status, text)
		var settled api.Alarm
		require.NoError(t, json.Unmarshal([]byte(text), &settled))
		require.Equal(t, "王芳", settled.SettledBy)
		require.Equal(t, "找回了原来的流水", settled.Note)
		require.WithinDuration(t, time.Now(), *settled.SettledAt, time.Minute)
		_, again := s.settle("2", `{"by":"李雷"}`, nil)
		require.JSONEq(t, text, again, "the first one counts")
		require.Len(t, s.alarms(""), 1, "what is settled is out of the way")
		require.Len(t, s.alarms("?all=true"), 2)
		raise(s)
		open := s.alarms("")
		require.EqualValues(t, 3, open[0].Number, "and what happens again is a new alarm")
		require.EqualValues(t, 1, open[0].Count)
		require.Nil(t, open[0].SettledAt)
		var stats api.Stats
		s.json("/v1/stats", &stats)
		require.EqualValues(t, 2, stats.Alarms)
	})
	t.Run("Refused", func(t *testing.T) {
		s := newSite(t, "")
		raise(s)
		raise(s)
		for name, c := range map[string]struct {
			number, body string
			status       int
			says         string
		}{
			"NoSuchAlarm":   {"9", `{"by":"王芳"}`, http.StatusNotFound, ""},
			"NoNumber":      {"x", `{"by":"王芳"}`, http.StatusUnprocessableEntity, ""},
			"Nobody":        {"2", `{"by":""}`, http.StatusUnprocessableEntity, ""},
			"Blank":         {"2", `{"by":"  "}`, http.StatusUnprocessableEntity, "须写明处理人"},
			"LongNote":      {"2", `{"by":"王芳","note":"` + strings.Repeat("x", 201) + `"}`, http.StatusUnprocessableEntity, ""},
			"HappenedAgain": {"2", `{"by":"王芳","count":1}`, http.StatusConflict, "看过之后又发生了"},
		} {
			status, text := s.settle(c.number, c.body, nil)
			require.Equal(t, c.status, status, "%s: %s", name, text)
			require.Contains(t, text, c.says, name)
		}
		require.Len(t, s.alarms(""), 2)
	})
	t.Run("Guarded", func(t *testing.T) {
		s := newSite(t, "secret")
		status, _ := s.settle("1", `{"by":"王芳"}`, nil)
		require.Equal(t, http.StatusUnauthorized, status)
		open := newSite(t, "")
		status, _ = open.settle("1", `{"by":"王芳"}`, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") })
		require.Equal(t, http.StatusForbidden, status)
		kept, err := open.store.Alarm(t.Context(), 1)
		require.NoError(t, err)
		require.Zero(t, kept.SettledAt)
	})
}
