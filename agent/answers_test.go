package agent_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/station"
	"github.com/yuantill/yuantill/protocol/message"
)

// listener is somebody at the station who hears everything until they leave.
type listener struct{ *httptest.ResponseRecorder }

func (listener) SetReadDeadline(time.Time) error  { return nil }
func (listener) SetWriteDeadline(time.Time) error { return nil }

// told counts how often a phrase was told outside any sale so far.
func (s *shop) told(t *testing.T, phrase catalogue.Phrase) int {
	t.Helper()
	served, err := station.New(station.Config{Listen: "127.0.0.1:7710", Version: "1.0"}, s.till, s.feed, time.Now,
		slog.New(slog.NewTextHandler(io.Discard, nil)))
	require.NoError(t, err)
	leaving, leave := context.WithTimeout(t.Context(), time.Second)
	defer leave()
	request := httptest.NewRequestWithContext(leaving, http.MethodGet, "http://127.0.0.1:7710/v1/events", nil)
	request.Header.Set("Last-Event-ID", "1")
	heard := listener{httptest.NewRecorder()}
	served.Handler().ServeHTTP(heard, request)
	require.Equal(t, http.StatusOK, heard.Code)
	events := strings.Split(heard.Body.String(), "\n\n")
	count := 0
	for _, event := range events {
		if strings.Contains(event, "event: notice") && strings.Contains(event, phrase.Text().Chinese) {
			count++
		}
	}
	return count
}

// TestAnswersForWhatIsNotHereAreTold: money has moved under this terminal's name, and its journal does not know of it.
func TestAnswersForWhatIsNotHereAreTold(t *testing.T) {
	t.Run("Sale", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			known := s.sell(t, "k1").Sale.OrderID
			s.cloud.results <- approve(sent{order: known[:]})
			synctest.Wait()
			require.Zero(t, s.told(t, catalogue.NoticeStrangeAnswer))
			s.cloud.results <- approve(sent{order: elsewhere})
			synctest.Wait()
			require.Equal(t, 1, s.told(t, catalogue.NoticeStrangeAnswer))
		})
	})
	t.Run("FollowUp", func(t *testing.T) {
		inShop(t, approve, func(t *testing.T, s *shop) {
			s.cloud.follow <- &message.FollowUpResult{FollowUpId: elsewhere, OrderId: elsewhere}
			synctest.Wait()
			require.Equal(t, 1, s.told(t, catalogue.NoticeStrangeAnswer))
		})
	})
}
