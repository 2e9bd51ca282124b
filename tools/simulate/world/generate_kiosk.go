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
