package agent_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/station"
)

// listener is a writer of an event stream that no network is behind.
type listener struct{ *httptest.ResponseRecorder }

func (listener) SetReadDeadline(time.Time) error  { return nil }
func (listener) SetWriteDeadline(time.Time) error { return nil }

// told is everything that the station's event stream has said since the start.
func (s *shop) told(t *testing.T) string {
	t.Helper()
	api, err := station.New(station.Config{Listen: "127.0.0.1:7710", Version: "1"}, s.till, s.feed, time.Now, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:7710/v1/events", nil)
	request.Header.Set("Last-Event-ID", "1")
	heard := listener{httptest.NewRecorder()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		api.Handler().ServeHTTP(heard, request)
	}()
	synctest.Wait()
	cancel()
	<-done
	return heard.Body.String()
}

func TestAnOldCopyIsTold(t *testing.T) {
	status := func(t *testing.T, s *shop) station.JournalStatus {
		status, err := s.till.Status(context.Background())
		require.NoError(t, err)
		return status.Journal
	}
	at := time.Date(2026, 5, 1, 4, 0, 0, 0, time.UTC)
	run := journal.Range{First: 11, Last: 20}
	for name, c := range map[string]struct {
		loss          journal.Loss
		after         catalogue.Phrase
		says, english string
	}{
		"NotAskedYet": {journal.Loss{Range: run, FoundAt: at}, catalogue.AfterOldCopy,
			"本终端号的第 11-20 条记录不是本机流水所记（平台有没有，要等它应答）：流水被换成旧副本，或另有机器在用本终端的副本", "(whether the cloud has them shows once it answers)"},
		"CloudHasAll": {journal.Loss{Range: run, FoundAt: at, Told: true}, catalogue.AfterOldCopyWhole,
			"本终端号的第 11-20 条记录不是本机流水所记（平台全都有）：流水被换成旧副本，或另有机器在用本终端的副本", "(the cloud has them all)"},
		"CloudLacksSome": {journal.Loss{Range: run, FoundAt: at, Told: true, Missing: []journal.Range{{First: 12, Last: 13}, {First: 15, Last: 15}}},
			catalogue.AfterOldCopy, "本终端号的第 11-20 条记录不是本机流水所记（平台也缺 12-13、15）：流水被换成旧副本，或另有机器在用本终端的副本", "(the cloud lacks 12-13, 15 as well)"},
	} {
		t.Run(name, func(t *testing.T) {
			inShop(t, approve, func(t *testing.T, s *shop) {
				require.Nil(t, status(t, s).Notice)
				s.journal.change(func() { s.journal.lost = []journal.Loss{c.loss} })
				got := status(t, s)
				require.Equal(t, c.says, got.Notice.Chinese)
				require.Contains(t, got.Notice.English, c.english)
				require.Contains(t, got.Notice.English, "either it was put back from an older copy, or another machine works with a copy of this terminal")
				require.Contains(t, got.Next.English, "Look for another machine with a copy of this terminal first")
				require.True(t, strings.HasPrefix(got.Next.Chinese, "先查有没有另一台机器"))
				require.Equal(t, c.after.Text(), *got.Next)
				require.Equal(t, at, *got.Lost[0].FoundAt)
			})
		})
	}
	t.Run("WhatOnlyASignInTells", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.cloud.mu.Lock()
			s.cloud.oldCopyAt, s.cloud.gone = at, run
			s.cloud.mu.Unlock()
			got := status(t, s)
			require.Contains(t, got.Notice.English, "the cloud lacks 11-20 as well")
			require.Equal(t, at, *got.Lost[0].FoundAt)
		})
	})
	t.Run("ManyAreOneNotice", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.journal.change(func() {
				s.journal.lost = []journal.Loss{
					{Range: run, FoundAt: at, Told: true}, {Range: journal.Range{First: 25, Last: 25}, FoundAt: at, Told: true},
					{Range: journal.Range{First: 31, Last: 40}, FoundAt: at, Told: true, Missing: []journal.Range{{First: 40, Last: 40}}},
					{Range: journal.Range{First: 44, Last: 45}, FoundAt: at},
				}
			})
			got := status(t, s)
			require.Equal(t, "records 11-20, 25, 31-40, 44-45 under this terminal's id were not made with this journal (the cloud lacks 40 as well): "+
				"either it was put back from an older copy, or another machine works with a copy of this terminal", got.Notice.English)
			require.Equal(t, catalogue.AfterOldCopy.Text(), *got.Next)
			require.Len(t, got.Lost, 4)
		})
	})
	t.Run("OfAJournalThatBeganBehindAllOfThem", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.journal.change(func() {
				s.journal.lost = []journal.Loss{{Range: journal.Range{First: 1, Last: 20}, FoundAt: time.Now(), Told: true}}
			})
			got := status(t, s)
			require.Equal(t, "this till's journal is a new one, and the one before is missing: it lacks records 1-20 under this terminal's id "+
				"(the cloud has them all); or another machine works with a copy of this terminal", got.Notice.English)
			require.Contains(t, got.Notice.Chinese, "本机流水是新建的，原来的不见了：缺本终端号的第 1-20 条记录（平台全都有）")
		})
	})
	t.Run("WhatTheCloudHasIsNotToldForEver", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			found := time.Now()
			s.journal.change(func() { s.journal.lost = []journal.Loss{{Range: run, FoundAt: found, Told: true}} })
			time.Sleep(6 * 24 * time.Hour)
			require.NotNil(t, status(t, s).Notice)
			time.Sleep(2 * 24 * time.Hour)
			require.Nil(t, status(t, s).Notice)
			require.Nil(t, status(t, s).Next)
			require.Len(t, status(t, s).Lost, 1, "it is there for who asks")
			s.journal.change(func() { s.journal.lost[0].Missing = []journal.Range{{First: 12, Last: 12}} })
			require.NotNil(t, status(t, s).Notice, "a payment may be missing")
		})
	})
	t.Run("AnotherMachineForCertain", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.journal.change(func() { s.journal.lost = []journal.Loss{{Range: run, FoundAt: time.Now(), Told: true}} })
			twin := func() {
				s.cloud.mu.Lock()
				s.cloud.oldCopyAt, s.cloud.twinAt = time.Now(), time.Now()
				s.cloud.mu.Unlock()
			}
			for range 5 {
				twin()
				time.Sleep(time.Minute)
			}
			got := status(t, s)
			require.Equal(t, catalogue.NoticeTwin.Text(), *got.Notice, "that, and nothing that may be")
			require.Equal(t, catalogue.AfterTwin.Text(), *got.Next)
			said := s.told(t)
			require.Equal(t, 1, strings.Count(said, catalogue.NoticeTwin.Text().Chinese), "once")
			require.NotContains(t, said, catalogue.NoticeOldCopy.Text().Chinese)
			s.journal.change(func() { s.journal.lost[0].Missing = []journal.Range{{First: 12, Last: 12}} })
			require.Equal(t, catalogue.NoticeTwin.Text().With(catalogue.CloudLacks([]string{"12"})), *status(t, s).Notice)
			time.Sleep(25 * time.Hour)
			require.NotEqual(t, catalogue.AfterTwin.Text(), *status(t, s).Next, "it has not been heard of for a day")
		})
	})
	t.Run("AtOnceAndOnceOnTheStream", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			time.Sleep(time.Minute) // of the bubble's clock
			require.NotContains(t, s.told(t), catalogue.NoticeOldCopy.Text().Chinese)
			s.cloud.mu.Lock()
			s.cloud.oldCopyAt = at
			s.cloud.mu.Unlock()
			time.Sleep(time.Hour)
			said := s.told(t)
			require.Equal(t, 1, strings.Count(said, catalogue.NoticeOldCopy.Text().Chinese), said)
			require.Contains(t, said, catalogue.NoticeOldCopy.Text().English)
		})
	})
}
