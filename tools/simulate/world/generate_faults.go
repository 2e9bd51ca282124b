package world

import "time"

// The half of the generator that draws what goes wrong.

// faults come during the rushes for the most part: who is away cannot be hurt.
func (g *generator) faults() {
	for _, write := range []func(at time.Duration){
		g.weather, g.cut, g.stale, g.broker, g.mood, g.mood, g.killTill, g.killCloud, g.power, g.upgrade, g.disk, g.clock, g.keys, g.printer, g.card, g.twins,
		g.letGo,
	} {
		if g.random.chance(40) {
			continue
		}
		for _, rush := range g.rushes {
			for range g.random.IntN(3) {
				write(rush + g.random.between(-2*time.Minute, 25*time.Minute))
			}
		}
	}
}

func (g *generator) aTill() int { return g.random.IntN(g.script.Tills) }

// minutes is a time from some seconds to some hours, short ones being more frequent.
func (g *generator) while() time.Duration {
	longest := one(g.random, 20*time.Second, 2*time.Minute, 15*time.Minute, 3*time.Hour)
	return g.random.between(time.Second, longest).Truncate(time.Second)
}

func (g *generator) weather(at time.Duration) {
	r := g.random
	a := g.add(at, "weather").set("till", g.aTill()).set("for", g.while())
	for _, name := range []string{"loss", "lossdown", "duplicate", "reorder"} {
		if r.chance(50) {
			a.set(name, one(r, 5, 20, 50, 90))
		}
	}
}

func (g *generator) cut(at time.Duration) {
	while := g.while()
	if g.random.chance(20) {
		while = g.random.between(5*time.Hour, 40*time.Hour).Truncate(time.Minute)
	}
	g.add(at, "weather").set("till", g.aTill()).set("for", while).set("cut", one(g.random, "up", "down", "both"))
}

func (g *generator) stale(at time.Duration) {
	g.add(at, "weather").set("till", g.aTill()).set("for", g.while()).set("stale", one(g.random, 5, 30))
}

func (g *generator) broker(at time.Duration) {
	switch g.random.IntN(3) {
	case 0:
		g.add(at, "broker").set("for", g.random.between(time.Second, 2*time.Minute).Truncate(time.Second))
	case 1:
		g.add(at, "sessions")
	case 2:
		g.add(at, "overflow").set("for", g.while())
	}
}

func (g *generator) mood(at time.Duration) {
	r := g.random
	a := g.add(at, "mood").set("bank", one(r, 0, 0, 0, 1)).set("for", g.while())
	switch r.IntN(9) {
	case 0:
		a.set("slow", one(r, 5*time.Second, 30*time.Second, 2*time.Minute))
	case 1:
		a.set("loseanswers", one(r, 20, 60, 100))
	case 2:
		a.set("loserequests", one(r, 20, 60))
	case 3:
		a.set("out", 1)
	case 4:
		a.set("deny", one(r, 30, 100)).set("loseanswers", 50)
	case 5:
		a.set("refuse", 1).set("loseanswers", 70)
	case 6:
		a.set("late", 100).set("slow", "50s")
	case 7:
		a.set("renumber", 50).set("loseanswers", 40)
	case 8:
		a.set("slow", "40s").set("loseanswers", 30).set("deny", 30)
	}
}

func (g *generator) letGo(at time.Duration) {
	if g.random.chance(50) {
		g.add(at+g.random.between(0, time.Hour), "let-go").set("bank", one(g.random, 0, 0, 1))
	}
}

func (g *generator) killTill(at time.Duration) {
	g.add(at, "kill-till").set("till", g.aTill()).set("at", 1+g.random.IntN(30))
}

func (g *generator) killCloud(at time.Duration) {
	g.add(at, "kill-cloud").set("at", 1+g.random.IntN(60))
}

func (g *generator) power(at time.Duration) {
	if g.random.chance(50) {
		g.add(at, "cut-till").set("till", g.aTill()).set("at", g.random.IntN(60))
		return
	}
	g.add(at, "cut-cloud").set("at", g.random.IntN(120))
}

func (g *generator) upgrade(at time.Duration) {
	switch g.random.IntN(2) {
	case 0:
		g.add(at, "upgrade").set("till", g.aTill()).set("for", g.random.between(time.Second, time.Minute).Truncate(time.Second))
	case 1:
		g.add(at, "two-agents").set("till", g.aTill())
	}
}

func (g *generator) disk(at time.Duration) {
	switch g.random.IntN(3) {
	case 2:
		g.add(at, "disk-error").set("till", g.aTill()).set(one(g.random, "write", "sync"), 1+g.random.IntN(12)).set("for", "3m")
	case 0:
		g.add(at, "disk-full").set("till", g.aTill()).set("commits", 1+g.random.IntN(4))
	case 1:
		g.add(at, "slow-disk").set("by", one(g.random, 50*time.Millisecond, time.Second, 8*time.Second)).set("for", g.while())
	}
}

func (g *generator) clock(at time.Duration) {
	switch g.random.IntN(5) {
	case 3, 4:
		g.set(at, g.aTill())
	case 0, 1:
		to := one(g.random, -26*365*24*time.Hour, -25*time.Hour, -10*time.Minute, -20*time.Second, 0, 20*time.Second, 10*time.Minute, 24*time.Hour)
		g.add(at, "clock").set("till", g.aTill()).set("to", to)
	case 2:
		g.add(at, "drift").set("till", g.aTill()).set("ppm", one(g.random, -5000, -100, 100, 5000))
	}
}

// versions are machines that run a later version for a while, drawn last.
func (g *generator) versions() {
	r := g.random
	for _, rush := range g.rushes {
		at := rush + r.between(-5*time.Minute, 15*time.Minute)
		switch r.IntN(8) {
		case 0, 1:
			a := g.add(at, "later").set("till", g.aTill()).set("for", g.while())
			if r.chance(50) {
				a.set("asks", 1)
			}
		case 2:
			g.add(at, "later").set("cloud", 1).set("for", g.while())
		}
	}
}

// set has somebody set a clock while the till runs, and as often as not set it right again.
func (g *generator) set(at time.Duration, till int) {
	r := g.random
	by := one(r, -40*24*time.Hour, -25*time.Hour, -10*time.Minute, -20*time.Second, 20*time.Second, 10*time.Minute, 25*time.Hour, 40*24*time.Hour)
	g.add(at, "set").set("till", till).set("by", by)
	if r.chance(60) {
		g.add(at+g.while(), "set").set("till", till).set("by", -by)
	}
}

// outage is a line that is dead for long, with cards that are tapped and clocks that are set meanwhile.
func (g *generator) outage() {
	r := g.random
	if r.chance(70) {
		return
	}
	at, till := r.between(time.Hour, 10*time.Hour), g.aTill()
	g.add(at, "weather").set("till", till).set("for", "50h").set("cut", "both")
	for range 3 + r.IntN(8) {
		at += r.between(time.Minute, one(r, 20*time.Minute, 6*time.Hour, 16*time.Hour))
		if at > g.script.Length {
			return
		}
		switch r.IntN(5) {
		case 0:
			g.add(at, "set").set("till", till).set("by", one(r, -50*time.Hour, -13*time.Hour, -5*time.Hour, 5*time.Hour, 50*time.Hour))
		case 1:
			g.add(at, "clock").set("till", till).set("to", one(r, -60*time.Hour, -20*time.Hour, 0, 20*time.Hour)).
				set("off", one(r, time.Minute, 5*time.Hour, 31*time.Hour))
			if r.chance(40) {
				g.add(at+32*time.Hour, "upgrade").set("till", till).set("for", "10s")
			}
		default:
			a := g.add(at, "sale").set("till", till).set("amount", one(r, 5_000, 10_000, 30_000, 50_000)).set("method", "tap").set("after", "1s")
			if r.chance(70) {
				g.regular(a)
			}
		}
	}
}

// regular lets one of a few customers pay who come again and have one card, or a copy of it, or a tape.
func (g *generator) regular(a *Action) {
	r := g.random
	a.set("card", one(r, 1, 1, 1, 2, 3))
	switch {
	case r.chance(20):
		a.set("copied", 1)
	case r.chance(10):
		a.set("replay", 1)
	}
}

// strand leaves tills without a line for some hours, and one customer who pays there again and again; and his card's copy.
func (g *generator) strand() {
	r := g.random
	if r.chance(75) {
		return
	}
	at := r.between(time.Hour, 12*time.Hour)
	for till := range g.script.Tills {
		g.add(at, "weather").set("till", till).set("for", r.between(time.Hour, 6*time.Hour).Truncate(time.Minute)).set("cut", "both")
	}
	copied := r.chance(50)
	if copied {
		g.add(at, "copy-card").set("card", 1)
	}
	at += time.Minute
	for range 3 + r.IntN(5) {
		at += r.between(20*time.Second, 5*time.Minute)
		a := g.add(at, "sale").set("till", g.aTill()).set("amount", one(r, 1_000, 10_000, 20_000, 30_000, 40_000)).set("method", "tap").
			set("after", "1s").set("card", 1)
		if copied && r.chance(40) {
			a.set("copied", 1)
		}
	}
}

// thief copies a card, and pays with it where the card pays too.
func (g *generator) thief() {
	r := g.random
	if r.chance(75) {
		return
	}
	at := r.between(time.Hour, 10*time.Hour)
	for range 1 + r.IntN(2) {
		g.add(at, "copy-card").set("card", 1)
		for range 1 + r.IntN(3) {
			for _, copied := range []bool{false, true} {
				at += r.between(time.Second, 10*time.Minute)
				a := g.add(at, "sale").set("till", g.aTill()).set("amount", one(r, 100, 20_000)).set("method", "tap").set("after", "1s").set("card", 1)
				if copied {
					a.set("copied", 1)
				}
			}
		}
		at += r.between(time.Minute, 8*time.Hour)
	}
}

// hours are a line that is dead for long, in which no record is made, and most of which a clock that is set back takes away
// again before the till is started anew.
func (g *generator) hours() {
	r := g.random
	if r.chance(85) {
		return
	}
	at, till := r.between(0, 8*time.Hour), g.aTill()
	g.add(at, "weather").set("till", till).set("for", "40h").set("cut", "both")
	quiet := r.between(5*time.Hour, 14*time.Hour)
	at += time.Minute + quiet
	g.add(at, "set").set("till", till).set("by", -(quiet - r.between(time.Minute, time.Hour)).Truncate(time.Minute))
	at += r.between(2*time.Minute, 20*time.Minute)
	g.add(at, one(r, "upgrade", "kill-till")).set("till", till).set("for", "10s").set("at", 1)
	for range 3 {
		at += r.between(2*time.Minute, 10*time.Minute)
		g.add(at, "sale").set("till", till).set("amount", 50_000).set("method", "tap").set("after", "1s")
	}
}

// orphan is a payment that nobody but the cloud knows of any more while it is being taken back: its till's files were
// replaced by an old copy. A call that was made before its end comes to nothing only then.
func (g *generator) orphan() {
	r := g.random
	if g.twinned || r.chance(90) {
		return
	}
	g.twinned = true
	at, till := r.between(10*time.Minute, 20*time.Hour), g.aTill()
	g.add(at-r.between(time.Second, 5*time.Minute), "copy").set("till", till)
	g.add(at, "mood").set("bank", 0).set("for", "4s").set("loseanswers", 100)
	g.add(at+2*time.Second, "sale").set("till", till).set("amount", 1+r.IntN(100_000)).set("method", "code").set("after", "1s").
		set("password", "0s").set("cancel", r.between(9*time.Second, 13*time.Second).Truncate(time.Millisecond))
	g.add(at+r.between(3*time.Second, 5*time.Second), "weather").set("till", till).set("for", "20s").set("cut", "down")
	g.add(at+r.between(8*time.Second, 12*time.Second), "mood").set("bank", 0).set("for", g.while()).set("loserequests", 100)
	g.add(at+r.between(16*time.Second, 21*time.Second), "restore").set("till", till)
}

func (g *generator) keys(at time.Duration) {
	g.add(at, "epoch").set("till", g.aTill()).set("age", one(g.random, 10*time.Minute, time.Hour, 6*time.Hour))
}

func (g *generator) printer(at time.Duration) {
	g.add(at, "printer").set("till", g.aTill()).set("what", one(g.random, "paper", "gone", "vague")).set("at", 1+g.random.IntN(4))
}

func (g *generator) card(at time.Duration) { g.add(at, "tear").set("at", 1+g.random.IntN(4)) }

// storms are several things that go wrong around one sale: what survives each of them may not survive all.
func (g *generator) storms() {
	r := g.random
	for _, rush := range g.rushes {
		if r.chance(60) {
			continue
		}
		at, till := rush+r.between(0, 20*time.Minute), g.aTill()
		g.sale(at, till)
		if r.chance(25) { // a card in doubt at a till whose battery is empty
			at += 3 * time.Minute
			g.add(at, "tear").set("at", 2)
			g.add(at, "sale").set("till", till).set("amount", 1+r.IntN(100_000)).set("method", "tap").set("after", "1s").set("away", 1)
			g.add(at+r.between(2*time.Second, 20*time.Second), "clock").set("till", till).set("to", one(r, -26*365*24*time.Hour, 0, 24*time.Hour))
		}
		if r.chance(40) { // a reversal that overtakes its payment
			at += 3 * time.Minute
			g.add(at, "sale").set("till", till).set("amount", 1+r.IntN(100_000)).set("method", one(r, "code", "tap")).set("after", "1s").
				set("cancel", r.between(0, 3*time.Second).Truncate(time.Millisecond))
			g.add(at, "weather").set("till", till).set("for", "8s").set("reorder", 100).set("loss", one(r, 0, 40)).set("duplicate", one(r, 0, 100))
		}
		for _, write := range []func(){
			func() {
				g.add(at-time.Second, "slow-disk").set("by", one(r, time.Second, 8*time.Second)).set("for", "1m")
			},
			func() { g.add(at+r.between(0, 12*time.Second), "kill-cloud").set("at", 1+r.IntN(8)) },
			func() { g.add(at+r.between(0, 12*time.Second), "kill-till").set("till", till).set("at", 1+r.IntN(8)) },
			func() {
				g.add(at+r.between(0, 12*time.Second), "mood").set("bank", 0).set("for", one(r, 10*time.Second, 100*time.Second)).
					set("loseanswers", one(r, 50, 100)).set("deny", one(r, 0, 100))
			},
			func() {
				g.add(at+r.between(-time.Second, 12*time.Second), "weather").set("till", till).
					set("for", one(r, 5*time.Second, 70*time.Second)).set(one(r, "loss", "lossdown", "duplicate", "reorder"), one(r, 50, 100))
			},
		} {
			if r.chance(60) {
				write()
			}
		}
	}
}

// twins are old copies of a till's files that go to work again, at most one a script.
func (g *generator) twins(at time.Duration) {
	r := g.random
	if g.twinned || r.chance(70) {
		return
	}
	g.twinned = true
	till := g.aTill()
	g.add(at, "copy").set("till", till)
	at += r.between(time.Second, 20*time.Minute)
	if r.chance(60) {
		g.add(at, "restore").set("till", till)
		return
	}
	g.add(at, "clone").set("till", till)
	for range 1 + r.IntN(4) {
		at += r.between(2*time.Second, 3*time.Minute)
		g.sale(at, g.script.Tills)
	}
}

// deceive is an operator that lies or states only a part of its day, or customers who have their banks take money back and go to
// the shop for it as well. It is drawn last, and seldom.
func (g *generator) deceive() {
	r := g.random
	if r.chance(80) {
		return
	}
	if r.chance(50) {
		for _, rush := range g.rushes {
			about := one(r, lieDeclined, lieApproved, lieReversed)
			a := g.add(rush+r.between(0, 8*time.Minute), "mood").set("bank", 0).set("for", one(r, 2*time.Minute, 10*time.Minute)).set("lie", about)
			if about == lieReversed { // so that something is taken back
				a.set("loseanswers", 100)
			}
		}
	}
	const afterMidnight = 17*time.Hour + 50*time.Minute // before the statement is asked for
	for day := time.Duration(0); day < g.script.Length; day += 24 * time.Hour {
		if r.chance(40) {
			g.add(day+afterMidnight, "mood").set("bank", 0).set("for", one(r, 15*time.Minute, time.Hour, 4*time.Hour)).set("partial", one(r, 50, 100))
		}
		for range r.IntN(4) {
			till := g.aTill()
			g.add(day+r.between(2*time.Hour, 16*time.Hour), "dispute").set("till", till).set("back", 1+r.IntN(4)).set("percent", one(r, 30, 60, 100))
			for back := range 6 {
				if r.chance(50) {
					g.add(day+r.between(17*time.Hour, 24*time.Hour), "refund").set("till", till).set("back", 1+back).set("percent", one(r, 50, 100))
				}
			}
		}
	}
}
