package jsonhttps_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/jsonhttps"
	"github.com/yuantill/yuantill/cloud/operator/profile"
)

const patience = 20 * time.Second

// connections counts the connections that a server has taken, and tells when one is closed.
type connections struct {
	opened atomic.Int64
	closed chan struct{}
}

func (c *connections) changed(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		c.opened.Add(1)
	case http.StateClosed, http.StateHijacked:
		c.closed <- struct{}{}
	default:
	}
}

func (c *connections) oneClosed(t *testing.T) {
	t.Helper()
	select {
	case <-c.closed:
	case <-time.After(patience):
		require.FailNow(t, "no connection was closed")
	}
}

func answering(t *testing.T) (*httptest.Server, jsonhttps.Config, *connections) {
	return serveCounted(t, func(w http.ResponseWriter, r *http.Request) { reply(t, w, r, 200, notFound, time.Now().UnixMilli()) })
}

func TestConnectionIsKept(t *testing.T) {
	_, config, connections := answering(t)
	connector := connect(t, config)
	for range 20 {
		_, err := connector.Query(t.Context(), inquiry())
		require.NoError(t, err)
	}
	require.Equal(t, int64(1), connections.opened.Load())
	require.Equal(t, 1, connector.Idle())
}

// TestConnectionThatTheOperatorClosed: one that was closed while it was idle is noticed before a request is written on it,
// so that an operator's restart leaves no payment in doubt that was not on its way.
func TestConnectionThatTheOperatorClosed(t *testing.T) {
	server, config, connections := answering(t)
	connector := connect(t, config)
	for range 20 {
		_, err := connector.Query(t.Context(), inquiry())
		require.NoError(t, err)
		server.CloseClientConnections()
		connections.oneClosed(t)
	}
	require.Equal(t, int64(20), connections.opened.Load())
}

func TestConnectionIsClosedAfterAWhile(t *testing.T) {
	_, config, connections := answering(t)
	connector := connect(t, config)
	connector.KeepIdle(50 * time.Millisecond)
	for range 3 {
		_, err := connector.Query(t.Context(), inquiry())
		require.NoError(t, err)
		connections.oneClosed(t)
		require.Zero(t, connector.Idle())
		require.True(t, connector.Forgotten())
	}
}

// TestSentRequestHoldsNoCode: what was written is erased with the call.
func TestSentRequestHoldsNoCode(t *testing.T) {
	for name, waited := range map[string]time.Duration{"AtOnce": 0, "SignedAnew": 20 * time.Second} {
		t.Run(name, func(t *testing.T) {
			_, config, _ := answering(t)
			var later atomic.Int64
			config.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) }
			prepared, err := connect(t, config).Prepare(request())
			require.NoError(t, err)
			require.True(t, jsonhttps.Holds(prepared, request().Code))
			later.Store(int64(waited))
			_, err = prepared.Send(t.Context())
			require.NoError(t, err)
			require.False(t, jsonhttps.Holds(prepared, request().Code))
		})
	}
}

// TestClosedWhileConnecting: a call whose connection is there only after Close sends nothing on it.
func TestClosedWhileConnecting(t *testing.T) {
	_, config, connections := answering(t)
	shaking, goOn := make(chan struct{}), make(chan struct{})
	config.TLS = config.TLS.Clone()
	config.TLS.VerifyConnection = func(tls.ConnectionState) error {
		close(shaking)
		<-goOn
		return nil
	}
	connector := connect(t, config)
	called := make(chan error, 1)
	go func() {
		_, err := connector.Query(context.Background(), inquiry())
		called <- err
	}()
	<-shaking
	require.NoError(t, connector.Close())
	close(goOn)
	err := <-called
	var notSent *operator.NotSentError
	require.ErrorAs(t, err, &notSent)
	connections.oneClosed(t)
}

func TestConnectionIsNotKept(t *testing.T) {
	for name, handler := range map[string]func(t *testing.T, w http.ResponseWriter, r *http.Request){
		"OperatorSaysClose": func(t *testing.T, w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close")
			reply(t, w, r, 200, notFound, time.Now().UnixMilli())
		},
		"MoreThanAsked": func(t *testing.T, w http.ResponseWriter, r *http.Request) {
			answer := httptest.NewRecorder()
			reply(t, answer, r, 200, notFound, time.Now().UnixMilli())
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			if _, err := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n%s: %s\r\n%s: %s\r\nContent-Length: %d\r\n\r\n%sHTTP/1.1 200 OK\r\n",
				profile.HeaderTime, answer.Header().Get(profile.HeaderTime), profile.HeaderSignature,
				answer.Header().Get(profile.HeaderSignature), len(notFound), notFound); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, config, connections := serveCounted(t, func(w http.ResponseWriter, r *http.Request) { handler(t, w, r) })
			connector := connect(t, config)
			for range 3 {
				_, err := connector.Query(t.Context(), inquiry())
				require.NoError(t, err)
				require.Zero(t, connector.Idle())
			}
			require.Equal(t, int64(3), connections.opened.Load())
		})
	}
}

// TestShapesOfAnswers: an operator's web server may send an answer in pieces, and a word in front of it.
func TestShapesOfAnswers(t *testing.T) {
	_, config := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusEarlyHints)
		answer := httptest.NewRecorder()
		reply(t, answer, r, 200, notFound, time.Now().UnixMilli())
		for _, name := range []string{profile.HeaderTime, profile.HeaderSignature} {
			w.Header().Set(name, answer.Header().Get(name))
		}
		for i := range len(notFound) { // chunked: no length is given
			if _, err := io.WriteString(w, notFound[i:i+1]); err != nil {
				t.Error(err)
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		}
	})
	connector := connect(t, config)
	for range 3 {
		answer, err := connector.Query(t.Context(), inquiry())
		require.NoError(t, err)
		require.Equal(t, operator.StatusNotFound, answer.Status)
		require.Equal(t, 1, connector.Idle())
	}
}

func TestEndlessAnswers(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"Interim": func(w http.ResponseWriter, _ *http.Request) {
			for range 100 {
				w.WriteHeader(http.StatusEarlyHints)
			}
		},
		"Header": func(w http.ResponseWriter, _ *http.Request) {
			for i := range 20_000 {
				w.Header().Set(fmt.Sprintf("X-%d", i), "filler")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, config := serve(t, handler)
			connector := connect(t, config)
			_, err := connector.Query(t.Context(), inquiry())
			var unknown *operator.UnknownOutcomeError
			require.ErrorAs(t, err, &unknown)
			require.Zero(t, connector.Idle())
		})
	}
}

// TestCallThatIsGivenUp: its connection is not used again, so that its answer is nobody else's.
func TestCallThatIsGivenUp(t *testing.T) {
	arrived, answer := make(chan struct{}, 1), make(chan struct{})
	var first atomic.Bool
	_, config := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !first.Swap(true) {
			arrived <- struct{}{}
			<-answer
		}
		reply(t, w, r, 200, notFound, time.Now().UnixMilli())
	})
	connector := connect(t, config)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := connector.Query(ctx, inquiry())
	var unknown *operator.UnknownOutcomeError
	require.ErrorAs(t, err, &unknown)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, connector.Idle())
	close(answer)
	_, err = connector.Query(t.Context(), inquiry())
	require.NoError(t, err)
}

func TestClosedConnectorSendsNothing(t *testing.T) {
	_, config, connections := answering(t)
	connector := connect(t, config)
	_, err := connector.Query(t.Context(), inquiry())
	require.NoError(t, err)
	require.NoError(t, connector.Close())
	connections.oneClosed(t)
	_, err = connector.Query(t.Context(), inquiry())
	var notSent *operator.NotSentError
	require.ErrorAs(t, err, &notSent)
}

// TestCallsWaitForAConnection: with as many calls in flight as there may be, the next one waits, and is not sent when it
// waits in vain.
func TestCallsWaitForAConnection(t *testing.T) {
	const most = 8
	hold := make(chan struct{})
	var inside sync.WaitGroup
	inside.Add(most)
	_, config := serve(t, func(w http.ResponseWriter, r *http.Request) {
		inside.Done()
		<-hold
		reply(t, w, r, 200, notFound, time.Now().UnixMilli())
	})
	connector := connect(t, config)
	connector.Limit(most)
	var calls sync.WaitGroup
	var failed atomic.Int64
	for range most {
		calls.Go(func() {
			if _, err := connector.Query(t.Context(), inquiry()); err != nil {
				failed.Add(1)
			}
		})
	}
	inside.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := connector.Query(ctx, inquiry())
	var notSent *operator.NotSentError
	require.ErrorAs(t, err, &notSent)
	require.True(t, errors.Is(err, context.DeadlineExceeded))
	close(hold)
	calls.Wait()
	require.Zero(t, failed.Load())
	require.Equal(t, most, connector.Idle())
}
