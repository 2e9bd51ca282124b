package world

import (
	"slices"
	"time"
)

// Generate writes the script of a seed: people who buy, and a random part of all that can go wrong.
func Generate(seed uint64) Script {
	r := newRandom(seed, "script")
	s := Script{Seed: seed, Tills: 1 + r.IntN(3), Length: time.Duration(1+r.IntN(3)) * 24 * time.Hour}
	g := &generator{random: r, script: &s}
	g.sales()
	g.kiosks()
	g.faults()
	g.storms()
	g.outage()
	g.hours()
	g.orphan()
	g.versions()
	g.thief()
	g.strand()
	g.crowd()
	g.deceive()
	g.deceits()
	g.exposures()
	g.disputes()
	g.tampering()
	g.blockings()
	g.holdCrowd()
	g.rarities()
	g.lates()
	slices.SortStableFunc(s.Actions, func(a, b Action) int { return int(a.At - b.At) })
	return s
}

type generator struct {
	random random
	script *Script
	rushes []time.Duration // when most happens
	// twinned says that there is another copy of a till already.
	twinned bool
}

func (g *generator) add(at time.Duration, kind string) *Action {
	g.script.Actions = append(g.script.Actions, Action{At: at.Truncate(time.Millisecond), Kind: kind})
	return &g.script.Actions[len(g.script.Actions)-1]
}

// set adds a field to an action.
func (a *Action) set(name string, value any) *Action {
	*a = a.with(name, value)
	return a
}

// replace gives a field of an action another value.
func (a *Action) replace(name string, value any) *Action {
	a.fields = slices.DeleteFunc(slices.Clone(a.fields), func(f field) bool { return f.name == name })
	return a.set(name, value)
}

// sales come in rushes, as at lunch, with long quiet times between.
func (g *generator) sales() {
	r := g.random
	for day := time.Duration(0); day < g.script.Length; day += 24 * time.Hour {
		for range 1 + r.IntN(2) {
			g.rushes = append(g.rushes, day+r.between(time.Hour, 20*time.Hour))
		}
	}
	for _, rush := range g.rushes {
		for till := range g.script.Tills {
			at := rush
			for range 3 + r.IntN(6) {
				g.sale(at, till)
				at += r.between(20*time.Second, 5*time.Minute)
				if r.chance(20) {
					g.refund(at, till)
				}
				if r.chance(10) {
					g.shift(at, till)
				}
				if r.chance(15) {
					g.hold(at, till)
					at += r.between(20*time.Second, 2*time.Minute)
				}
			}
		}
	}
}

func (g *generator) sale(at time.Duration, till int) {
	a := g.add(at, "sale").set("till", till).set("amount", g.amount())
	method := one(g.random, "code", "code", "code", "shown", "tap", "both")
	a.set("method", method)
	g.customer(a)
	if method == "tap" && g.random.chance(40) {
		g.regular(a)
	}
}

// lates are sales whose program asks for them again long after, drawn apart so that the rest of a seed's script is as it would
// be without.
func (g *generator) lates() {
	r := newRandom(g.script.Seed, "late")
	for i := range g.script.Actions {
		if a := &g.script.Actions[i]; (a.Kind == "sale" || a.Kind == "kiosk") && r.chance(10) {
			a.set("later", r.between(10*time.Minute, 40*time.Hour).Truncate(time.Second))
		}
	}
}

// amount is a price: any, or so small that a fen is much of its fee, or about the one from which on a password is needed.
func (g *generator) amount() int {
	r := g.random
	switch {
	case r.chance(20):
		return 1 + r.IntN(3000)
	case r.chance(12):
		return one(r, noPasswordMax-1, noPasswordMax, noPasswordMax+1, noPasswordMax+1+r.IntN(4*noPasswordMax))
	}
	return 1 + r.IntN(noPasswordMax)
}

// shift is the end of one, or a look at it, and perhaps the beginning of the next; as often as not while the line is dead and
// a payment has no outcome.
func (g *generator) shift(at time.Duration, till int) {
	r := g.random
	if r.chance(30) {
		g.add(at, "shift").set("till", till).set("what", "cash").set("amount", one(r, -500, 100, 20_000))
	}
	if r.chance(30) {
		g.add(at, "shift").set("till", till).set("what", "look")
		return
	}
	if r.chance(50) {
		g.add(at-r.between(0, 5*time.Second), "weather").set("till", till).set("for", g.while()).set("cut", one(r, "up", "down", "both"))
		g.sale(at, till)
		at += r.between(3*time.Second, 50*time.Second)
	}
	a := g.add(at, "shift").set("till", till).set("what", "close")
	if !r.chance(15) {
		a.set("approve", 1)
	}
	if r.chance(20) {
		a.set("unplug", 1+r.IntN(6))
	}
	if r.chance(40) {
		g.add(at+r.between(time.Second, time.Minute), "shift").set("till", till).set("what", "open").set("amount", r.IntN(50_000))
	}
}

// hold is an amount that is held, and what is done with it in the minutes and hours behind.
func (g *generator) hold(at time.Duration, till int) {
	r := g.random
	a := g.add(at, "hold").set("till", till).set("amount", g.amount()).set("method", one(r, "code", "code", "shown"))
	if r.chance(30) {
		a.set("expires", one(r, time.Minute, 20*time.Minute, 2*time.Hour, 20*time.Hour))
	}
	g.customer(a)
	for at += r.between(40*time.Second, 5*time.Minute); r.chance(75); at += r.between(time.Second, one(r, 30*time.Second, 10*time.Minute, 3*time.Hour)) {
		g.follow(at, till)
	}
}

// follow is a step of a hold.
func (g *generator) follow(at time.Duration, till int) {
	r := g.random
	what := one(r, "top-up", "complete", "complete", "complete", "cancel", "undo", "refund")
	a := g.add(at, "follow").set("till", till).set("back", 1+r.IntN(2)).set("what", what)
	switch what {
	case "complete":
		a.set("percent", one(r, 20, 40, 60, 100, 130))
		if r.chance(30) {
			a.set("last", 1)
		}
	case "top-up", "refund":
		a.set("percent", one(r, 10, 30, 60))
	}
	if what == "complete" || what == "refund" {
		g.limit(a)
	}
	g.elsewhere(a)
	g.pressed(a)
}

// limit has as often as not just what is left asked for, or one fen more or less.
func (g *generator) limit(a *Action) {
	if g.random.chance(50) {
		a.replace("percent", 100).set("of", "left").set("fen", one(g.random, -1, 0, 0, 1))
	}
}

// elsewhere has somebody look for what a refund or step is about, and perhaps at another till than the one that took it.
func (g *generator) elsewhere(a *Action) {
	r := g.random
	if r.chance(40) {
		a.set("by", one(r, "reference", "code", "list", "order"))
		if g.script.Tills > 1 && r.chance(70) {
			a.set("from", g.aTill())
		}
	}
}

// pressed is what goes wrong with a button.
func (g *generator) pressed(a *Action) {
	if g.random.chance(15) {
		a.set("double", 1)
	}
	if g.random.chance(10) {
		a.set("unplug", 1+g.random.IntN(8))
	}
}

// customer is what people do while somebody pays.
func (g *generator) customer(a *Action) {
	r := g.random
	a.set("after", r.between(500*time.Millisecond, 6*time.Second).Truncate(time.Millisecond)).
		set("takes", r.between(2*time.Second, 40*time.Second).Truncate(time.Millisecond))
	if r.chance(10) {
		a.set("double", 1)
	}
	if r.chance(12) {
		a.set("cancel", r.between(0, 20*time.Second).Truncate(time.Millisecond))
	}
	if r.chance(6) {
		a.set("unplug", 1+r.IntN(12))
	}
	switch r.IntN(12) {
	case 0:
		a.set("poor", 1)
	case 1:
		a.set("password", r.between(2*time.Second, 60*time.Second).Truncate(time.Millisecond))
	case 2:
		a.set("password", "-1s")
	case 3:
		a.set("away", 1)
	}
}

// refund gives back some of a sale, or all, or twice more than there is.
func (g *generator) refund(at time.Duration, till int) {
	r := g.random
	a := g.add(at, "refund").set("till", till).set("back", 1+r.IntN(3)).set("percent", one(r, 10, 40, 60, 100))
	g.limit(a)
	if r.chance(20) {
		a.set("void", 1)
	}
	g.elsewhere(a)
	g.pressed(a)
}

// crowd has several tills give back of one sale at once, which each of them looks up, while its operator and perhaps a line take
// their time.
func (g *generator) crowd() {
	r := g.random
	if g.script.Tills < 2 || !r.chance(30) {
		return
	}
	from, at := g.aTill(), one(r, g.rushes...)+r.between(0, 30*time.Minute)
	g.add(at, "sale").set("till", from).set("amount", g.amount()).set("method", "code").set("after", time.Second)
	at += 40 * time.Second
	g.add(at, "mood").set("bank", 0).set("for", 2*time.Minute).set("slow", 8*time.Second).set("loseanswers", 30)
	if r.chance(50) {
		g.add(at, "weather").set("till", from).set("for", 10*time.Second).set("reorder", 100)
	}
	for till := range g.script.Tills {
		for range 1 + r.IntN(2) {
			a := g.add(at+r.between(time.Second, 4*time.Second), "refund").set("till", till).set("from", from).set("back", 1).
				set("percent", one(r, 30, 60, 100)).set("by", one(r, "reference", "code", "order"))
			if till == from && r.chance(25) {
				a.set("void", 1)
			}
		}
	}
}
