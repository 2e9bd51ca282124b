package main

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// journalist writes down in which order roles end.
type journalist struct {
	mu    sync.Mutex
	ended []string
}

func (j *journalist) role(name string, result error, ready *sync.WaitGroup) role {
	ready.Add(1)
	return func(ctx context.Context) error {
		ready.Done()
		<-ctx.Done()
		j.mu.Lock()
		defer j.mu.Unlock()
		j.ended = append(j.ended, name)
		return result
	}
}

func TestRunStages(t *testing.T) {
	failed := errors.New("disk is gone")
	t.Run("TheCollectorEndsBeforeThePaymentsDo", func(t *testing.T) {
		for range 20 {
			var j journalist
			var ready sync.WaitGroup
			ctx, cancel := context.WithCancel(t.Context())
			stages := [][]role{{j.role("collector", nil, &ready)}, {j.role("payments", nil, &ready)}, {j.role("books", nil, &ready)}}
			go func() { ready.Wait(); cancel() }()
			require.NoError(t, runStages(ctx, stages...))
			require.Equal(t, []string{"collector", "payments", "books"}, j.ended)
		}
	})
	t.Run("AFailureOfALaterStageStopsAllInOrder", func(t *testing.T) {
		var j journalist
		var ready sync.WaitGroup
		stages := [][]role{{j.role("collector", nil, &ready)}, {j.role("payments", nil, &ready),
			func(context.Context) error { ready.Wait(); return failed }}}
		require.ErrorIs(t, runStages(t.Context(), stages...), failed)
		require.Equal(t, []string{"collector", "payments"}, j.ended)
	})
	t.Run("AnErrorAtTheEndIsTold", func(t *testing.T) {
		var j journalist
		var ready sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		stages := [][]role{{j.role("collector", nil, &ready)}, {j.role("payments", failed, &ready)}}
		go func() { ready.Wait(); cancel() }()
		require.ErrorIs(t, runStages(ctx, stages...), failed)
	})
}
