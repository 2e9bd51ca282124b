package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/yuantill/yuantill/tools/chaos/audit"
	"github.com/yuantill/yuantill/tools/chaos/plan"
	"github.com/yuantill/yuantill/tools/chaos/trial"
)

// transcript writes what happens, with the time since the beginning.
type transcript struct {
	begun time.Time
	mu    sync.Mutex
	out   io.Writer // guarded by mu
}

func newTranscript(out io.Writer) *transcript { return &transcript{begun: time.Now(), out: out} }

func (t *transcript) say(format string, values ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// Who does not read the transcript any more still wants the verdict.
	_, _ = fmt.Fprintf(t.out, "%7.2f  %s\n", time.Since(t.begun).Seconds(), fmt.Sprintf(format, values...))
}

// conclude tells what came of the trial.
func (t *transcript) conclude(o options, result trial.Result, report audit.Report, v verdict) {
	for fault := plan.Kill; fault <= plan.Upgrade; fault++ {
		t.say("  %s: %d", fault, result.Faults[fault])
	}
	e := result.Evidence
	records := 0
	for _, journal := range e.Journals {
		records += len(journal.Records)
	}
	t.say("运营机构 %d 笔，账本 %d 条分录，流水 %d 条，小票 %d 张，告警 %d 条 · operator %d orders, ledger %d entries, journals %d records, %d slips, %d alarms",
		len(e.Bank), len(e.Entries), records, len(e.Papers), len(e.Alarms), len(e.Bank), len(e.Entries), records, len(e.Papers), len(e.Alarms))
	t.say("支付 %d 笔：成功 %d，拒绝 %d，撤销 %d；未发起 %d，待定 %d · %d payments: %d approved, %d declined, %d reversed; %d abandoned, %d open",
		report.Payments, report.Tally[audit.Approved], report.Tally[audit.Declined], report.Tally[audit.Reversed], report.Tally[audit.Abandoned], report.Tally[audit.Unknown],
		report.Payments, report.Tally[audit.Approved], report.Tally[audit.Declined], report.Tally[audit.Reversed], report.Tally[audit.Abandoned], report.Tally[audit.Unknown])
	t.say("其中预授权 %d，脱机 %d；后续办理 %d，脱机退回 %d；班次 %d · of these %d holds, %d offline; %d follow-ups, %d of them offline; %d shifts",
		report.Holds, report.Offline, report.FollowUps, report.Given, report.Shifts,
		report.Holds, report.Offline, report.FollowUps, report.Given, report.Shifts)
	shown := 0
	for _, text := range result.Broken {
		if shown++; shown <= findingsShown {
			t.say("✗ %s", text)
		}
	}
	for _, finding := range report.Findings {
		if shown++; shown <= findingsShown {
			t.say("✗ %s", finding)
		}
	}
	t.say("断电 %d 次，丢失 %d，重复 %d，无法解释 %d · %d kills, %d lost, %d doubled, %d unexplained (seed %d)",
		v.Kills, v.Lost, v.Doubled, v.Unexplained, v.Kills, v.Lost, v.Doubled, v.Unexplained, o.seed)
}
