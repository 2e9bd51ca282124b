package world

import "time"

// kiosks are orders at kiosks in half of the worlds, drawn apart so that the rest of a seed's script is as it would be without.
func (g *generator) kiosks() {
	k := &generator{random: newRandom(g.script.Seed, "kiosk"), script: g.script, rushes: g.rushes}
	if k.random.chance(50) {
		return
	}
	for _, rush := range k.rushes {
		for till := range k.script.Tills {
			at := rush + k.random.between(0, 5*time.Minute)
			for range k.random.IntN(4) {
				k.kiosk(at, till)
				at += k.random.between(20*time.Second, 6*time.Minute)
			}
		}
	}
	k.givenBackElsewhere()
}

// givenBackElsewhere has another till give the money of some orders back around their acceptance, which the order's own till
// hears of or does not; drawn apart as well.
func (g *generator) givenBackElsewhere() {
	if g.script.Tills < 2 {
		return
	}
	r := newRandom(g.script.Seed, "kiosk elsewhere")
	for _, a := range g.script.Actions {
		if a.Kind != "kiosk" || !r.chance(25) {
			continue
		}
		till, paid, word := a.number("till"), a.At+a.duration("after"), a.duration("word")
		at := paid + r.between(2*time.Second, word+10*time.Second)
		other := (till + 1 + r.IntN(g.script.Tills-1)) % g.script.Tills
		g.add(at, "refund").set("till", other).set("from", till).set("back", 1).set("percent", one(r, 100, 100, 100, 40)).
			set("by", one(r, "reference", "order"))
		switch r.IntN(3) {
		case 0: // what the cloud tells is lost
			g.add(at, "weather").set("till", till).set("for", "30s").set("cut", "down")
		case 1: // and nothing comes up before it is all over
			g.add(at, "weather").set("till", till).set("for", "5m").set("cut", "both")
		}
	}
}

func (g *generator) kiosk(at time.Duration, till int) {
	r := g.random
	method := one(r, "code", "code", "shown", "tap", "both")
	within := r.between(5*time.Second, 90*time.Second).Truncate(time.Second)
	a := g.add(at, "kiosk").set("till", till).set("amount", g.amount()).set("method", method).set("within", within).
		set("does", one(r, "accepts", "accepts", "accepts", "rejects", "forgets", "crashes", "crashes")).
		set("word", r.between(0, within*3/2).Truncate(time.Millisecond))
	if a.text("does") == "crashes" {
		a.set("back", one(r, 10*time.Second, time.Minute, 20*time.Minute, 5*time.Hour))
	}
	if r.chance(20) {
		a.set("again", 1)
	}
	if r.chance(35) {
		a.set("pull", 1+r.IntN(24))
	}
	g.customer(a)
	if method == "tap" && r.chance(40) {
		g.regular(a)
	}
	if r.chance(20) { // somebody gives it back by hand
		g.refund(at+r.between(10*time.Second, 3*time.Minute), till)
	}
}
