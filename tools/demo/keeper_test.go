package main

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/shop/shoptest"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// page is a transcript's paper.
type page struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.Write(b)
}

func (p *page) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.text.String()
}

// requireLine waits until a line of the transcript matches.
func (p *page) requireLine(t *testing.T, pattern string) {
	t.Helper()
	line := regexp.MustCompile(pattern)
	require.Eventually(t, func() bool { return line.MatchString(p.String()) }, 20*time.Second, 20*time.Millisecond, "%s\n%s", pattern, p)
}

func TestWordsOfAnEnd(t *testing.T) {
	k := &keeper{again: 5}
	killed := shop.End{Role: shop.CloudRole, PID: 4711, Signal: syscall.SIGKILL, Log: "build/demo/cloud.log", Again: 2}
	lines := strings.Join(k.wordsOf(killed), "\n")
	require.Contains(t, lines, "云端（进程 4711）被信号 9（killed）终止 · the cloud (process 4711) was ended by signal 9 (killed)")
	require.Contains(t, lines, "build/demo/cloud.log")
	require.Contains(t, lines, "第 2 次，最多 5 次 · started again as an init system would, 2 of 5")
	killed.Again = 0
	require.Contains(t, strings.Join(k.wordsOf(killed), "\n"), "已重新启动 5 次，不再启动；其余继续运行")
	lost := shop.End{Role: shop.OperatorRole, PID: 1, Code: 1, Lost: true}
	lines = strings.Join(k.wordsOf(lost), "\n")
	require.Contains(t, lines, "运营机构（进程 1）自行退出，退出码 1 · the operator (process 1) left by itself with exit code 1")
	require.Contains(t, lines, "其余继续运行。Ctrl-C 后重新 make demo")
	k.again = 0
	require.Contains(t, strings.Join(k.wordsOf(killed), "\n"), "无人值守的演示到此为止 · an unattended demonstration ends here")
}

// attended is a shop with a keeper, and the world of its scenes.
func attended(t *testing.T, once bool) (context.Context, *world, *page) {
	t.Helper()
	s, err := shop.Start(t.Context(), shop.Options{Bin: shoptest.Bin(), Dir: t.TempDir(), Terminals: 1})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Stop() }) // some tests leave a process ended
	paper := &page{}
	words := &transcript{out: paper, begun: time.Now()}
	ctx, cancel := context.WithCancelCause(t.Context())
	k := newKeeper(words, once, cancel, s)
	wait := s.Keep(ctx, k.keeping())
	t.Cleanup(func() { cancel(nil); wait() })
	return ctx, &world{shop: s, out: words, tally: map[string]int{}, began: map[string]bool{}, keeper: k}, paper
}

// kill ends a process as a power cut would.
func (w *world) kill(t *testing.T, role shop.Role) {
	t.Helper()
	require.NoError(t, syscall.Kill(w.keeper.pid(role), syscall.SIGKILL))
}

// TestKilledInAScene: the scene may go another way, nothing is lost, the next one goes on, and the books agree.
func TestKilledInAScene(t *testing.T) {
	for name, role := range map[string]shop.Role{"Cloud": shop.CloudRole, "Agent": shop.AgentRole} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, w, paper := attended(t, false)
			slow := bank.Rule{Operation: "authorise", Amount: 1800, LatencyMillis: 700}
			sc := scene{amount: 1800, pay: scan, want: "approved", rules: []bank.Rule{slow}, on: map[string]func(context.Context, *stage) error{
				"authorising": func(context.Context, *stage) error { w.kill(t, role); return nil },
			}}
			require.NoError(t, w.perform(ctx, func() error { return w.play(ctx, sc) }))
			paper.requireLine(t, `✗ .*被信号 9（killed）终止`)
			paper.requireLine(t, `✓ .*已恢复`)
			next := scene{amount: 950, pay: scan, want: "approved"}
			require.NoError(t, w.perform(ctx, func() error { return w.play(ctx, next) }), "%s", paper)
			w.off = true // its outcome is the till's to say, also where it went as planned
			v, problems := w.audit(ctx)
			require.NoError(t, errors.Join(problems...), "%s", paper)
			require.Equal(t, 2, v.Sales)
			require.GreaterOrEqual(t, v.Approved, 1)
			require.NoError(t, w.keeper.broken())
		})
	}
}

// TestOpenDoors: what the till does while the cloud is away is seen, and a second kill finds the new process.
func TestOpenDoors(t *testing.T) {
	t.Parallel()
	ctx, w, paper := attended(t, false)
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- w.openDoors(ctx, "bin") }()
	paper.requireLine(t, `kill -9 \d+   # 云端`)
	for range 2 {
		before := w.keeper.pid(shop.CloudRole)
		w.kill(t, shop.CloudRole)
		require.Eventually(t, func() bool { return w.keeper.pid(shop.CloudRole) != before }, 20*time.Second, 20*time.Millisecond)
	}
	paper.requireLine(t, `第 2 次，最多 5 次`)
	paper.requireLine(t, `平台断开，流水照常记在本机`)
	paper.requireLine(t, `终端   till      已连接平台`)
	elsewhere := &world{shop: w.shop, out: &transcript{out: nobody{}}, tally: map[string]int{}, began: map[string]bool{}, keeper: w.keeper}
	require.NoError(t, elsewhere.play(ctx, scene{amount: 950, pay: scan, want: "approved"}))
	paper.requireLine(t, `终端   till      ¥9.50 支付成功 · Paid`)
	cancel()
	require.NoError(t, <-done)
	require.NoError(t, w.keeper.broken())
}

// TestTheOperatorIsNotStartedAgain: its books were in its memory, and that is said; the till stays to be looked at.
func TestTheOperatorIsNotStartedAgain(t *testing.T) {
	t.Parallel()
	ctx, w, paper := attended(t, false)
	w.kill(t, shop.OperatorRole)
	paper.requireLine(t, `✗ 运营机构（进程 \d+）被信号 9（killed）终止`)
	paper.requireLine(t, `它知道的只在内存里，不重新启动；其余继续运行`)
	err := w.perform(ctx, func() error {
		return w.play(ctx, scene{amount: 950, rules: []bank.Rule{{Operation: "authorise"}}, pay: scan, want: "approved"})
	})
	require.ErrorIs(t, err, errNotWhole)
	require.ErrorIs(t, w.keeper.broken(), shop.ErrDied)
	_, err = w.shop.Station.Status(ctx)
	require.NoError(t, err, "the rest goes on")
	require.NoError(t, w.keeper.wrong(), "it was told, and whoever did it may go")
}

// TestWhatIsWrong: what a person ended is told and no failure of a watched demonstration; what ended by itself is.
func TestWhatIsWrong(t *testing.T) {
	died := errors.New("died")
	for name, test := range map[string]struct {
		end   shop.End
		once  bool
		wrong bool
	}{
		"Killed":            {end: shop.End{Signal: syscall.SIGKILL, Lost: true}},
		"Terminated":        {end: shop.End{Signal: syscall.SIGTERM, Lost: true}},
		"AskedToEnd":        {end: shop.End{Code: 0, Lost: true}},
		"KilledTooOften":    {end: shop.End{Signal: syscall.SIGKILL}},
		"StartedAgain":      {end: shop.End{Code: 1, Again: 1}},
		"Failed":            {end: shop.End{Code: 1, Lost: true}, wrong: true},
		"Crashed":           {end: shop.End{Signal: syscall.SIGSEGV, Lost: true}, wrong: true},
		"FailedTooOften":    {end: shop.End{Code: 2}, wrong: true},
		"KilledWhileNobody": {end: shop.End{Signal: syscall.SIGKILL}, once: true, wrong: true},
	} {
		t.Run(name, func(t *testing.T) {
			k := &keeper{out: &transcript{out: nobody{}}, again: againMax, fail: func(error) {}}
			if test.once {
				k.again = 0
			}
			test.end.Err = died
			k.ended(test.end)
			require.Equal(t, test.end.Again == 0, k.broken() != nil)
			if test.wrong {
				require.ErrorIs(t, k.wrong(), died)
				return
			}
			require.NoError(t, k.wrong())
		})
	}
	k := &keeper{out: &transcript{out: nobody{}}, again: againMax}
	k.back(shop.Back{Err: died})
	require.ErrorIs(t, k.wrong(), died)
}

// TestCtrlCAfterAKill: the day ends well although a person has killed the operator, and badly where a process failed.
func TestCtrlCAfterAKill(t *testing.T) {
	for name, test := range map[string]struct {
		signal syscall.Signal
		want   error
	}{"ByHand": {syscall.SIGKILL, nil}, "ByItself": {syscall.SIGABRT, shop.ErrDied}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := shop.Start(t.Context(), shop.Options{Bin: shoptest.Bin(), Dir: t.TempDir(), Terminals: 1})
			require.NoError(t, err)
			paper := &page{}
			ctx, cancel := context.WithCancel(t.Context())
			day := func(ctx context.Context, w *world) error { return w.openDoors(ctx, "bin") }
			ended := make(chan error, 1)
			go func() { ended <- attend(ctx, options{}, s, &transcript{out: paper, begun: time.Now()}, day) }()
			paper.requireLine(t, `kill -9 \d+   # 云端`)
			require.NoError(t, syscall.Kill(s.Bank.PID(), test.signal))
			paper.requireLine(t, `✗ 运营机构（进程 \d+）`)
			cancel()
			require.ErrorIs(t, <-ended, test.want)
			require.NoError(t, s.Stop())
		})
	}
}

// TestUnattendedEnds: nobody watches, so an end is a failure, and is said all the same.
func TestUnattendedEnds(t *testing.T) {
	t.Parallel()
	ctx, w, paper := attended(t, true)
	w.kill(t, shop.CloudRole)
	paper.requireLine(t, `✗ 云端（进程 \d+）被信号 9（killed）终止`)
	<-ctx.Done()
	require.ErrorIs(t, context.Cause(ctx), shop.ErrDied)
	paper.requireLine(t, `无人值守的演示到此为止`)
}

func TestTheTillInOneLine(t *testing.T) {
	status := stationclient.Status{Pending: 1, Sale: "x"}
	status.Uplink.Connected = true
	require.Equal(t, "已连接平台 · connected to the cloud", lineOf(status, false), "a sale before the cashier is no trouble")
	require.Equal(t, "已连接平台 · connected to the cloud；1 笔没有结果 · without a result: 1", lineOf(status, true),
		"one that waits for its customer is not counted, so the one is another")
	status.Pending, status.Uplink.Connected, status.Journal.Unsent = 3, false, 2
	status.Refusing = &stationclient.Words{Chinese: "不收", English: "none"}
	require.Equal(t, "平台断开，流水照常记在本机 · the cloud is gone, the journal goes on here；有未上送的流水 · records wait to be sent"+
		"；2 笔没有结果 · without a result: 2；不收 · none", lineOf(status, false))
}
