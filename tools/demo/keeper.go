package main

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/yuantill/yuantill/tools/shop"
)

// againMax is how often cloud and agent are started again each.
const againMax = 5

// keeper tells of processes that end unasked and keeps count of them. In a demonstration that is watched, cloud and agent
// are started again, as an init system would do it on a till and in a data centre; in one that runs unattended an end is
// a failure.
type keeper struct {
	out   *transcript
	again int
	// fail ends an unattended demonstration.
	fail context.CancelCauseFunc

	mu   sync.Mutex
	ends int
	left error // why the shop is not whole any more: something is not started again
	bad  error // why that is a failure: nobody ended it by hand, or nobody watches
	pids map[shop.Role]int
}

func newKeeper(out *transcript, once bool, fail context.CancelCauseFunc, s *shop.Shop) *keeper {
	k := &keeper{out: out, fail: fail, again: againMax, pids: map[shop.Role]int{
		shop.CloudRole: s.Cloud.PID(), shop.AgentRole: s.Till.Agent.PID(), shop.OperatorRole: s.Bank.PID(),
	}}
	if once {
		k.again = 0
	}
	return k
}

// keeping is what the shop is asked to do.
func (k *keeper) keeping() shop.Keeping {
	return shop.Keeping{AgainMax: k.again, Ended: k.ended, Back: k.back}
}

// ended tells which process ended, how, and what is done about it.
func (k *keeper) ended(end shop.End) {
	for _, line := range k.wordsOf(end) {
		k.out.say(system, "%s", line)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ends++
	if end.Again == 0 {
		k.left = cmp.Or(k.left, end.Err)
	}
	if end.Again == 0 && (k.again == 0 || !end.ByHand()) {
		k.bad = cmp.Or(k.bad, end.Err)
	}
	if k.again == 0 {
		k.fail(end.Err)
	}
}

// wordsOf are the lines about an end, Chinese first.
func (k *keeper) wordsOf(end shop.End) []string {
	chinese, english := end.How()
	name, nameEnglish := roleName(end.Role)
	lines := []string{
		fmt.Sprintf("✗ %s（进程 %d）%s · %s (process %d) %s", name, end.PID, chinese, nameEnglish, end.PID, english),
		"  日志 · log: " + end.Log,
	}
	switch {
	case end.Again > 0:
		return append(lines, fmt.Sprintf("  像 init 系统那样重新启动，第 %d 次，最多 %d 次 · started again as an init system would, %d of %d",
			end.Again, k.again, end.Again, k.again))
	case k.again == 0:
		return append(lines, "  无人值守的演示到此为止 · an unattended demonstration ends here")
	case end.Lost:
		return append(lines, "  它知道的只在内存里，不重新启动；其余继续运行。Ctrl-C 后重新 make demo · "+
			"what it knew was in its memory, so it is not started again; the rest goes on. Ctrl-C, then make demo")
	default:
		return append(lines, fmt.Sprintf("  已重新启动 %d 次，不再启动；其余继续运行。请看日志，Ctrl-C 后重新 make demo · "+
			"started again %d times already, so it is left alone; the rest goes on. See its log; Ctrl-C, then make demo", k.again, k.again))
	}
}

// back tells that a process works again, or does not.
func (k *keeper) back(b shop.Back) {
	name, english := roleName(b.Role)
	k.mu.Lock()
	if b.Err == nil {
		k.pids[b.Role] = b.PID
	} else {
		k.left, k.bad = cmp.Or(k.left, b.Err), cmp.Or(k.bad, b.Err)
	}
	k.mu.Unlock()
	if b.Err != nil {
		k.out.say(system, "✗ %s没有恢复 · %s did not come back: %v", name, english, b.Err)
		return
	}
	k.out.say(system, "✓ %s已恢复（进程 %d），停了 %.1f 秒 · %s is back (process %d), was away %.1f s", name, b.PID, b.Took.Seconds(),
		english, b.PID, b.Took.Seconds())
}

// count is how many processes have ended unasked.
func (k *keeper) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ends
}

// broken returns why the shop is not whole any more, or nil.
func (k *keeper) broken() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.left
}

// wrong returns the first failure of a process for good, or nil.
func (k *keeper) wrong() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.bad
}

func (k *keeper) pid(role shop.Role) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.pids[role]
}

// since reports whether a process has ended since the count was so. A scene can fail a moment before that is known.
func (k *keeper) since(count int) bool {
	deadline := time.Now().Add(deathGrace)
	for {
		if k.count() > count {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
		time.Sleep(printPoll)
	}
}

func roleName(role shop.Role) (chinese, english string) {
	switch role {
	case shop.CloudRole:
		return "云端", "the cloud"
	case shop.AgentRole:
		return "终端程序", "the agent"
	case shop.OperatorRole:
		return "运营机构", "the operator"
	default:
		return "模拟外设", "the simulated devices"
	}
}
