package trial

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/chaos/plan"
)

func TestMoments(t *testing.T) {
	// waited returns how long a strike at a target waits for the moment that comes at a till after a second.
	waited := func(t *testing.T, target plan.Target, aim plan.Aim, till plan.Target, comes plan.Aim) time.Duration {
		m := newMoments()
		begun := time.Now()
		timer := time.AfterFunc(time.Second, func() { m.comes(till, comes) })
		defer timer.Stop()
		require.True(t, m.await(t.Context(), target, aim, time.Minute))
		return time.Since(begun)
	}
	for name, c := range map[string]struct {
		target plan.Target
		aim    plan.Aim
		till   plan.Target
		comes  plan.Aim
		want   time.Duration
	}{
		"ItsOwn":           {1, plan.Scanned, 1, plan.Scanned, time.Second},
		"AnyForTheCloud":   {plan.Cloud, plan.Scanned, 1, plan.Scanned, time.Second},
		"AnyForTheBank":    {plan.Operator, plan.Printing, 0, plan.Printing, time.Second},
		"AnotherTill":      {0, plan.Scanned, 1, plan.Scanned, time.Minute},
		"AnotherMoment":    {1, plan.Printing, 1, plan.Scanned, time.Minute},
		"NobodyNeedToWait": {1, plan.Anytime, 1, plan.Scanned, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { require.Equal(t, c.want, waited(t, c.target, c.aim, c.till, c.comes)) })
		})
	}
	t.Run("EndsWithItsContext", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.False(t, newMoments().await(ctx, 0, plan.Scanned, time.Hour))
	})
}
