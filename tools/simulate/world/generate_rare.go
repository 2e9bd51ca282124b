package world

import "time"

// rarities are stories that once broke a promise, each with other times in a few of a hundred scripts: a script that is drawn hits
// so much in a row too seldom. They are drawn apart, so that the rest of a seed's script is as it would be without.
func (g *generator) rarities() {
	k := &generator{random: newRandom(g.script.Seed, "rarities"), script: g.script}
	switch k.random.IntN(24) {
	case 0:
		k.secondStart()
	case 1:
		k.lateDebit()
	case 2:
		if !g.twinned {
			g.twinned = true
			k.finishedElsewhere()
		}
	}
}

// secondStart is a till without a line that is off for more than its limits' hours, comes back with a clock behind its own records,
// and is started once more, by when it has records that its clock is not behind of.
func (g *generator) secondStart() {
	if g.script.Length < 48*time.Hour {
		return
	}
	r := g.random
	at, till := r.between(20*time.Minute, 3*time.Hour), g.aTill()
	g.add(at, "weather").set("till", till).set("for", "35h").set("cut", "both")
	g.strandedTap(at+10*time.Minute, till, 1000)
	off := r.between(31*time.Hour, 32*time.Hour).Truncate(time.Minute)
	g.add(at+30*time.Minute, "clock").set("till", till).set("to", -off-r.between(time.Hour, 10*time.Hour).Truncate(time.Minute)).set("off", off)
	at += off + 40*time.Minute
	for range 2 {
		at += r.between(2*time.Minute, 10*time.Minute)
		g.strandedTap(at, till, 1000)
		at += 5 * time.Minute
		g.add(at, "upgrade").set("till", till).set("for", "10s")
	}
	g.strandedTap(at+r.between(2*time.Minute, 10*time.Minute), till, 1000)
}

// lateDebit is an operator that debits an order after it has reversed it, and is out when it is asked for the last time whether it
// has.
func (g *generator) lateDebit() {
	r := g.random
	at := r.between(10*time.Minute, 18*time.Hour)
	g.add(at, "mood").set("bank", 0).set("for", "2m").set("slow", "50s").set("late", 100)
	g.add(at+time.Second, "sale").set("till", g.aTill()).set("amount", 1+r.IntN(50_000)).set("method", "code").set("after", "1s")
	g.add(at+r.between(80*time.Minute, 105*time.Minute), "mood").set("bank", 0).set("for", r.between(40*time.Minute, 90*time.Minute).
		Truncate(time.Second)).set("out", 1)
}

// finishedElsewhere is a copy of a till, made in the middle of a sale that the till then finishes, and put to work after that.
func (g *generator) finishedElsewhere() {
	r := g.random
	at, till := r.between(10*time.Minute, 18*time.Hour), g.aTill()
	g.add(at, "sale").set("till", till).set("amount", 1+r.IntN(50_000)).set("method", "shown").set("after", "1s").set("takes", "35s")
	g.add(at+r.between(10*time.Second, 30*time.Second), "copy").set("till", till)
	g.add(at+2*time.Minute, "sale").set("till", till).set("amount", 500).set("method", "code").set("after", "1s")
	g.add(at+r.between(8*time.Minute, 30*time.Minute), "clone").set("till", till)
}
