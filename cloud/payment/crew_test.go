package payment_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/payment"
)

func TestCrew(t *testing.T) {
	t.Run("EverybodyIsRunAtOnce", func(t *testing.T) {
		end := make(chan struct{})
		defer close(end)
		do := payment.NewCrew(end)
		const many = 2000 // more than are kept
		var together sync.WaitGroup
		together.Add(many)
		var ran atomic.Int64
		var all sync.WaitGroup
		for range many {
			all.Add(1)
			do(func() {
				defer all.Done()
				together.Done()
				together.Wait() // nobody gets on until all have begun
				ran.Add(1)
			})
		}
		all.Wait()
		require.EqualValues(t, many, ran.Load())
	})
	t.Run("IdleOnesAreUsedAgainAndLeaveAtTheEnd", func(t *testing.T) {
		before := runtime.NumGoroutine()
		end := make(chan struct{})
		do := payment.NewCrew(end)
		for range 1000 {
			done := make(chan struct{})
			do(func() { close(done) })
			<-done
		}
		require.LessOrEqual(t, runtime.NumGoroutine(), before+payment.IdleMax)
		close(end)
		for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
			require.True(t, time.Now().Before(deadline), "somebody stays")
		}
		done := make(chan struct{})
		do(func() { close(done) })
		<-done
	})
}
