package stationclient_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/yuantill/sitetest"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

func streaming(t *testing.T, text string) *stationclient.Stream {
	t.Helper()
	c := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, text)
	})
	s, err := c.Events(t.Context(), "")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func TestEventsOfTheRealStation(t *testing.T) {
	till := sitetest.NewTill(t, "")
	c := client(t, till.URL, "")
	sale, err := c.Start(t.Context(), "k", stationclient.Start{Amount: 1, Currency: "CNY", Note: sitetest.NotePassword})
	require.NoError(t, err)
	s, err := c.Events(t.Context(), "")
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	var states []string
	var ids []string
	for len(states) < 4 {
		event, err := s.Next()
		require.NoError(t, err)
		told, ok := event.Sale()
		require.True(t, ok)
		require.Equal(t, sale.ID, told.ID)
		require.Equal(t, "sale", event.Kind)
		states, ids = append(states, told.State), append(ids, event.ID)
	}
	require.Equal(t, []string{"waiting", "authorising", "awaiting-password", "approved"}, states)
	t.Run("taken up after an event", func(t *testing.T) {
		s, err := c.Events(t.Context(), ids[2])
		require.NoError(t, err)
		defer func() { require.NoError(t, s.Close()) }()
		event, err := s.Next()
		require.NoError(t, err)
		require.Equal(t, ids[3], event.ID)
	})
}

func TestNext(t *testing.T) {
	t.Run("lines, comments, carriage returns and unknown fields", func(t *testing.T) {
		s := streaming(t, "retry: 5\n\n: hello\n\nid: 7\r\nevent: notice\r\ndata: a\r\ndata:b\r\nfoo: bar\r\n\r\ndata: c\n\n")
		event, err := s.Next()
		require.NoError(t, err)
		require.Equal(t, stationclient.Event{ID: "7", Kind: "notice", Data: []byte("a\nb")}, event)
		event, err = s.Next()
		require.NoError(t, err)
		require.Equal(t, "c", string(event.Data))
		_, err = s.Next()
		require.ErrorIs(t, err, io.EOF)
	})
	t.Run("signs of life without end are no event", func(t *testing.T) {
		s := streaming(t, strings.Repeat(": still here\n\n", 2000)+"data: x\n\n")
		event, err := s.Next()
		require.NoError(t, err)
		require.Equal(t, "x", string(event.Data))
	})
	t.Run("half an event is none", func(t *testing.T) {
		_, err := streaming(t, "data: x\n").Next()
		require.ErrorIs(t, err, io.EOF)
	})
	t.Run("ErrAnswer for an event without end", func(t *testing.T) {
		_, err := streaming(t, strings.Repeat("data: x\n", 1000)).Next()
		require.ErrorIs(t, err, stationclient.ErrAnswer)
	})
	t.Run("an error for a line without end", func(t *testing.T) {
		_, err := streaming(t, "data: "+strings.Repeat("x", 1<<20)).Next()
		require.Error(t, err)
	})
	t.Run("what is no sale is no sale", func(t *testing.T) {
		for _, data := range []string{"", "{}", "[]", `{"id":"x"}`, `{"device":"printer","text":{"zh":"a","en":"b"}}`} {
			_, ok := stationclient.Event{Data: []byte(data)}.Sale()
			require.False(t, ok, data)
		}
	})
}

func TestEventsRefused(t *testing.T) {
	t.Run("ErrAnswer for what is no stream", func(t *testing.T) {
		c := answering(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
		_, err := c.Events(t.Context(), "")
		require.ErrorIs(t, err, stationclient.ErrAnswer)
	})
	t.Run("the station's no", func(t *testing.T) {
		_, err := client(t, sitetest.NewTill(t, "secret").URL, "wrong").Events(t.Context(), "")
		var refused *stationclient.RefusedError
		require.ErrorAs(t, err, &refused)
	})
}
