package plan_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/chaos/plan"
)

func options(seed uint64) plan.Options {
	return plan.Options{Seed: seed, Kills: 500, Tills: 3, Every: time.Second}
}

func TestSeedIsPlan(t *testing.T) {
	require.Equal(t, plan.New(options(7)), plan.New(options(7)))
	require.NotEqual(t, plan.New(options(7)), plan.New(options(8)))
}

func TestPlan(t *testing.T) {
	for seed := range uint64(20) {
		faults, aims, targets, kills := map[plan.Fault]int{}, map[plan.Aim]int{}, map[plan.Target]int{}, 0
		var length time.Duration
		steps := plan.New(options(seed))
		for _, step := range steps {
			require.NotEmpty(t, step.String())
			require.LessOrEqual(t, step.For, 6*time.Second)
			require.GreaterOrEqual(t, step.Target, plan.Operator)
			require.Less(t, step.Target, plan.Target(3))
			faults[step.Fault]++
			targets[step.Target]++
			if step.Fault == plan.Kill {
				aims[step.Aim]++
			}
			if step.Fault == plan.Kill || step.Fault == plan.Upgrade {
				kills++
			}
			length += step.After
			if step.Fault == plan.Sever || step.Fault == plan.Narrow {
				require.Positive(t, step.Size)
			}
		}
		require.Equal(t, 500, kills)
		for fault := plan.Kill; fault <= plan.Upgrade; fault++ {
			require.Positive(t, faults[fault], fault)
		}
		for aim := plan.Anytime; aim <= plan.Printing; aim++ {
			require.Positive(t, aims[aim], aim)
		}
		require.Len(t, targets, 5, "every process is hit")
		require.InDelta(t, len(steps), length.Seconds(), float64(len(steps))/5, "the steps come as often as was asked for")
	}
}
