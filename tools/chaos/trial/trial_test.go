package trial_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/chaos/audit"
	"github.com/yuantill/yuantill/tools/chaos/plan"
	"github.com/yuantill/yuantill/tools/chaos/trial"
	"github.com/yuantill/yuantill/tools/shop/shoptest"
)

func TestMain(m *testing.M) { shoptest.Main(m, filepath.Join("..", "..", "..")) }

// steps hits everything once and each process more than once.
func steps() []plan.Step {
	const beat, moment = 400 * time.Millisecond, 300 * time.Millisecond
	return []plan.Step{
		{After: time.Second, Fault: plan.Kill, Target: 0, Aim: plan.Scanned, Lag: time.Millisecond},
		{After: beat, Fault: plan.Kill, Target: plan.Cloud, Aim: plan.Working, Lag: 20 * time.Millisecond},
		{After: beat, Fault: plan.Kill, Target: plan.Operator, Aim: plan.Working, Lag: 50 * time.Millisecond},
		{After: beat, Fault: plan.Kill, Target: 1, Aim: plan.Printing, For: moment},
		{After: beat, Fault: plan.Pause, Target: plan.Cloud, For: moment},
		{After: beat, Fault: plan.Cut, Target: 0, For: moment},
		{After: beat, Fault: plan.Deaf, Target: plan.Operator, For: moment, Up: true},
		{After: beat, Fault: plan.Stall, Target: 1, For: moment},
		{After: beat, Fault: plan.Delay, Target: plan.Operator, For: moment},
		{After: beat, Fault: plan.Narrow, Target: 1, For: moment, Size: 4_000},
		{After: beat, Fault: plan.Sever, Target: 0, Aim: plan.Scanned, For: moment, Size: 200, Up: true},
		{After: beat, Fault: plan.FullDisk, Target: 0, For: moment},
		{After: beat, Fault: plan.Upgrade, Target: 1, For: moment},
		{After: beat, Fault: plan.Kill, Target: plan.Cloud, Aim: plan.Scanned},
		{After: beat, Fault: plan.Kill, Target: plan.Operator},
	}
}

// TestTrial plays a short trial with everything in it, finds that the books agree, and then that they do not once one of
// them was doctored.
func TestTrial(t *testing.T) {
	var said []string
	lines := make(chan string, 1_000)
	result, err := trial.Run(t.Context(), trial.Options{Bin: shoptest.Bin(), Dir: t.TempDir(), Tills: 2, Seed: 1, Steps: steps(),
		Say: func(format string, values ...any) { lines <- fmt.Sprintf(format, values...) }})
	close(lines)
	for line := range lines {
		said = append(said, line)
	}
	require.NoError(t, err, "%v", said)
	require.Empty(t, result.Broken, "%v", said)
	require.Equal(t, 7, result.Kills)
	for _, step := range steps() {
		if step.Fault != plan.FullDisk { // not where no disk may be mounted
			require.Positive(t, result.Faults[step.Fault], step.Fault)
		}
	}
	report := audit.Audit(result.Evidence)
	require.Empty(t, report.Findings, "%v", said)
	require.Positive(t, report.Tally[audit.Approved], "%v", said)
	require.Zero(t, report.Tally[audit.Unknown])
	t.Run("Doctored", func(t *testing.T) { doctored(t, result.Evidence) })
}

// doctored changes one of the books alone, and holds that the auditor notices.
func doctored(t *testing.T, honest audit.Evidence) {
	paid := slices.IndexFunc(honest.Bank, func(o audit.BankOrder) bool { return o.Debited > 0 && o.Credited == 0 })
	require.GreaterOrEqual(t, paid, 0)
	for name, c := range map[string]struct {
		doctor func(e *audit.Evidence)
		kind   audit.Kind
	}{
		"OneDebitMore": {func(e *audit.Evidence) {
			e.Bank = slices.Clone(e.Bank)
			e.Bank[paid].Debited *= 2
		}, audit.Doubled},
		"OneEntryLess": {func(e *audit.Evidence) {
			e.Entries = slices.DeleteFunc(slices.Clone(e.Entries), func(entry audit.Entry) bool { return entry.Order == e.Bank[paid].Order })
		}, audit.Lost},
		"AReceiptNobodySold": {func(e *audit.Evidence) {
			e.Papers = append(slices.Clone(e.Papers), audit.Paper{Terminal: "10000001", Order: "00000000000000000000000000000000",
				Copy: audit.CustomerCopy, Outcome: audit.Approved, Amount: 1, Whole: true})
		}, audit.Unexplained},
	} {
		t.Run(name, func(t *testing.T) {
			evidence := honest
			c.doctor(&evidence)
			require.Positive(t, audit.Audit(evidence).Count(c.kind))
		})
	}
}
