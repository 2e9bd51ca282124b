package drivertest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
)

const (
	// patience bounds everything a suite waits for; a correct driver never comes near it.
	patience = 5 * time.Second
	// shortWait is how long a suite lets a call block before it ends its context.
	shortWait = 50 * time.Millisecond
	// promptly is how soon a call must return after its context ended; generous for emulated processors.
	promptly = 2 * time.Second
	// attemptsMax bounds how often a suite repeats a call that failed with a retryable error.
	attemptsMax = 10
)

// bounded returns a context that ends after patience.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// ended returns a context that was cancelled already.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// requireKind checks that err is a *drivers.Error of one of kinds, complete enough for a log line.
func requireKind(t *testing.T, err error, kinds ...drivers.Kind) {
	t.Helper()
	failure := requireFailure(t, err)
	require.Contains(t, kinds, failure.Kind, "kind of %v", err)
	require.NotEmpty(t, failure.Device, "device of %v", err)
	require.NotEmpty(t, failure.Op, "operation of %v", err)
}

// requireFailure returns the *drivers.Error that err is.
func requireFailure(t *testing.T, err error) *drivers.Error {
	t.Helper()
	var failure *drivers.Error
	require.ErrorAs(t, err, &failure)
	return failure
}

// requireEnds runs call with a context that times out and with one that is cancelled while it blocks, and checks that
// it returns promptly with that context's error.
func requireEnds(t *testing.T, call func(context.Context) error) {
	t.Helper()
	t.Run("Deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), shortWait)
		defer cancel()
		began := time.Now()
		require.ErrorIs(t, call(ctx), context.DeadlineExceeded)
		require.Less(t, time.Since(began), shortWait+promptly)
	})
	t.Run("Cancel", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		timer := time.AfterFunc(shortWait, cancel)
		defer timer.Stop()
		began := time.Now()
		require.ErrorIs(t, call(ctx), context.Canceled)
		require.Less(t, time.Since(began), shortWait+promptly)
	})
	t.Run("AlreadyEnded", func(t *testing.T) {
		began := time.Now()
		require.ErrorIs(t, call(ended()), context.Canceled)
		require.Less(t, time.Since(began), promptly)
	})
}

// eventually repeats call while it fails with a retryable device error.
func eventually(t *testing.T, call func() error) {
	t.Helper()
	var err error
	for range attemptsMax {
		err = call()
		var failure *drivers.Error
		if !errors.As(err, &failure) || !failure.Retryable() {
			break
		}
	}
	require.NoError(t, err)
}
