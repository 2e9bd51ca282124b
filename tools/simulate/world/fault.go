package world

import (
	"errors"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// kinds are the actions by name: what people do and what goes wrong. Each is done at its time.
var kinds = map[string]func(*World, Action){
	"sale":   ringUp,
	"refund": refund,
	"hold":   ringUp,
	"follow": follow,
	"kiosk":  ringUp,
	"shift":  keepShift,

	"weather":  changeWeather,
	"overflow": overflow,
	"broker":   restartBroker,
	"sessions": loseSessions,

	"mood":    changeMood,
	"let-go":  letGo,
	"dispute": dispute,

	"kill-till":  killTill,
	"kill-cloud": killCloud,
	"cut-till":   cutTill,
	"cut-cloud":  cutCloud,
	"disk-error": failDisk,
	"upgrade":    upgrade,
	"later":      later,
	"two-agents": twoAgents,
	"copy":       copyTill,
	"restore":    restore,
	"clone":      clone,

	"disk-full": fillDisk,
	"slow-disk": slowDisk,

	"clock": setClock,
	"set":   setRunning,
	"drift": setDrift,
	"epoch": shortenEpoch,

	"printer":   troublePrinter,
	"tear":      tearCard,
	"copy-card": copyCard,
	"tamper":    tamper,
}

// changeWeather makes a line bad for a while:
//
//	weather till=0 for=10m [loss=30] [lossdown=30] [duplicate=20] [reorder=20] [stale=5] [cut=up|down|both]
func changeWeather(w *World, a Action) {
	t := w.machine(a)
	if t == nil {
		return
	}
	cut := a.text("cut")
	t.link.weather = weather{loss: a.number("loss"), lossDown: a.number("lossdown"), duplicate: a.number("duplicate"),
		reorder: a.number("reorder"), stale: a.number("stale"), cutUp: cut == "up" || cut == "both", cutDown: cut == "down" || cut == "both"}
	if t.link.cutUp && t.life != nil { // nothing goes up, not even a ping
		w.loop.after(noticeAfter, t.life, func() {
			if t.link.cutUp || t.link.cutDown {
				t.disconnect(errCut)
			}
		})
	}
	w.forA(a, &t.link.turn, func() { t.link.weather = weather{} })
}

// lasting reports whether an action is a fault that forA ends.
func (a Action) lasting() bool {
	switch a.Kind {
	case "weather", "overflow", "mood", "slow-disk":
		return true
	default:
		return false
	}
}

// forA ends something after the action's duration, unless another has taken its turn, or everything has calmed down.
func (w *World) forA(a Action, turn *int, end func()) {
	*turn++
	mine := *turn
	w.loop.after(a.duration("for"), nil, func() {
		if *turn == mine && !w.calm {
			end()
		}
	})
}

// overflow has the broker drop most messages for a while.
func overflow(w *World, a Action) {
	w.broker.overflow = true
	w.forA(a, &w.broker.turn, func() { w.broker.overflow = false })
}

// restartBroker has the broker come back empty.
func restartBroker(w *World, a Action) {
	if !w.broker.up {
		return
	}
	w.hit("broker-restart")
	w.broker.stop()
	w.loop.after(a.duration("for"), nil, func() { w.broker.up = w.cloud.life != nil })
}

// loseSessions ends all connections.
func loseSessions(w *World, _ Action) {
	if w.broker.up {
		w.hit("broker-session-loss")
		w.broker.lose()
	}
}

// changeMood makes an operator bad for a while:
//
//	mood bank=0 for=10m [slow=30s] [loseanswers=50] [loserequests=30] [out=1] [deny=50] [refuse=1] [late=100] [renumber=30] [lie=declined|refund-done|…] [off=-1] [partial=60]
//
// A lie is one of those in lie.go.
func changeMood(w *World, a Action) {
	b := w.bank(a)
	b.mood = mood{slow: a.duration("slow"), loseAnswers: a.number("loseanswers"), loseRequests: a.number("loserequests"),
		out: a.is("out"), deny: a.number("deny"), refuseReverse: a.is("refuse"), late: a.number("late"), renumber: a.number("renumber"),
		lie: lie(a.text("lie")), off: int64(a.number("off")), partial: a.number("partial")}
	w.forA(a, &b.turn, func() { b.mood = mood{} })
}

// bank returns the operator that an action names.
func (w *World) bank(a Action) *bank { return w.banks[min(max(a.number("bank"), 0), len(w.banks)-1)] }

// decideLate gives an order that is still being thought about its end.
func (b *bank) decideLate(o *bankOrder) {
	if o.state == bankPending {
		b.decide(o)
	}
}

// killTill kills a till's process at the nth effect from now.
func killTill(w *World, a Action) {
	if t := w.till(a); t != nil {
		w.hit("till-killed")
		t.life.fatal = t.life.points + max(a.number("at"), 1)
	}
}

// killCloud kills the cloud's process at the nth effect from now.
func killCloud(w *World, a Action) {
	if w.cloud.life != nil {
		w.hit("cloud-killed")
		w.cloud.life.fatal = w.cloud.life.points + max(a.number("at"), 1)
	}
}

// cutTill takes a till's power away at the nth operation of its disk from now.
func cutTill(w *World, a Action) {
	if t := w.till(a); t != nil {
		t.disk.CutAt(a.number("at"))
	}
}

// cutCloud takes the cloud's power away at the nth operation of its disk from now.
func cutCloud(w *World, a Action) {
	if w.cloud.life != nil {
		w.cloud.disk.CutAt(a.number("at"))
	}
}

// failDisk has a till's disk fail once: the nth write or sync from now. The journal takes nothing more then, until somebody
// starts the till again.
func failDisk(w *World, a Action) {
	t := w.till(a)
	if t == nil {
		return
	}
	t.disk.SetFaults(crashdisk.Faults{FailWrite: a.number("write"), FailSync: a.number("sync")})
	w.loop.after(a.duration("for"), t.life, func() {
		t.disk.SetFaults(crashdisk.Faults{})
		if errors.Is(t.journal.Room(), journal.ErrFailed) {
			w.hit("disk-error")
			t.life.kill()
		}
	})
}

// upgrade stops a till in good order and starts it again, whatever waits to be sent.
func upgrade(w *World, a Action) {
	t := w.till(a)
	if t == nil {
		return
	}
	if t.journal.Waiting(1, t.journal.Tail().Sequence) > 0 {
		w.hit("upgrade-with-full-queue")
	}
	w.hit("upgrade")
	t.stop()
	w.loop.after(a.duration("for"), nil, t.start)
}

// slowDisk makes the cloud's commits slow for a while.
func slowDisk(w *World, a Action) {
	if w.cloud.life == nil {
		return
	}
	b := w.cloud.books
	b.slow = a.duration("by")
	w.forA(a, &b.turn, func() { b.slow = 0 })
}

// fillDisk lets a till's next commits fail for want of room.
func fillDisk(w *World, a Action) {
	if t := w.till(a); t != nil {
		t.broken = a.number("commits")
	}
}

// setClock sets a till's clock while it is off, perhaps for long: the battery was empty, or somebody was wrong.
//
//	clock till=0 to=-25h [off=8h]
func setClock(w *World, a Action) {
	t := w.till(a)
	if t == nil {
		return
	}
	to := a.duration("to")
	if to > t.skew {
		w.hit("clock-jump-forward")
	} else {
		w.hit("clock-jump-back")
	}
	t.off = a.duration("off")
	t.life.kill()
	t.skew = to
}

// setDrift has a till's clock go wrong by parts per million from the next start on.
func setDrift(w *World, a Action) {
	if t := w.machine(a); t != nil && t.life != nil {
		w.hit("clock-drift")
		t.life.kill()
		t.drift = int64(a.number("ppm"))
	}
}

// shortenEpoch has a till change its keys more often from its next start on, also while it cannot be reached.
func shortenEpoch(w *World, a Action) {
	if t := w.machine(a); t != nil {
		w.hit("key-rotation")
		t.epochAge = a.duration("age")
	}
}

// troublePrinter has the printer fail with the nth job: what=paper|gone|vague.
func troublePrinter(w *World, a Action) {
	t := w.machine(a)
	if t == nil {
		return
	}
	n := max(a.number("at"), 1)
	switch a.text("what") {
	case "paper":
		t.printer.paper = n
	case "gone":
		t.printer.gone = n
	case "vague":
		t.printer.vague = n
	}
}

// tearCard has the next customers' cards leave the field at the nth exchange.
func tearCard(w *World, a Action) { w.tear = max(a.number("at"), 1) }
