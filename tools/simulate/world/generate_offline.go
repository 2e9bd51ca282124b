package world

import "time"

// The part of the generator that draws what tills take by themselves and give back: lines that die, come back for a moment and
// die again, so that what was taken before is known to some and settled by nobody.

// exposures are taps in an outage, a short time in which the cloud is heard, and taps in the next outage. They are drawn apart so
// that the rest of a seed's script is as it would be without.
func (g *generator) exposures() {
	k := &generator{random: newRandom(g.script.Seed, "exposures"), script: g.script, rushes: g.rushes}
	r := k.random
	if r.chance(75) {
		return
	}
	at, till := r.between(time.Hour, 16*time.Hour), k.aTill()
	card := one(r, 4, 5)
	refused := r.chance(50)
	if refused { // the card's copy pays with a number that the card has used
		k.add(at-20*time.Minute, "copy-card").set("card", card)
		k.strandedTap(at-15*time.Minute, till, 100).set("card", card)
	}
	for range 2 + r.IntN(2) {
		outage := r.between(20*time.Minute, 2*time.Hour)
		k.add(at, "weather").set("till", till).set("for", outage.Truncate(time.Second)).set("cut", "both")
		k.taps(at+time.Minute, outage-2*time.Minute, till, card, refused)
		if at += outage; r.chance(60) { // nobody answers for them yet
			for bank := range operatorCodes {
				k.add(at-time.Second, "mood").set("bank", bank).set("for", r.between(10*time.Minute, 4*time.Hour).Truncate(time.Second)).set("out", 1)
			}
		}
		if r.chance(40) { // so long that limits are written down again, with the wallets that are blocked by now
			at += r.between(65*time.Minute, 2*time.Hour)
			k.add(at-time.Minute, "upgrade").set("till", till).set("for", "5s")
			continue
		}
		at += r.between(time.Minute, 10*time.Minute)
		if r.chance(60) {
			k.add(at+30*time.Second, one(r, "upgrade", "kill-till")).set("till", till).set("for", "5s").set("at", 1)
		}
	}
}

// taps are a few payments in an outage, the first of them perhaps with a copy of a card, and perhaps some given back.
func (g *generator) taps(at, within time.Duration, till, card int, copied bool) {
	r := g.random
	count := 2 + r.IntN(3)
	for i := range count {
		a := g.strandedTap(at, till, one(r, 20_000, 30_000, 50_000))
		switch {
		case copied && i == 0:
			a.set("card", card).set("copied", 1)
		case copied && r.chance(20):
			a.set("card", card)
		case r.chance(30):
			a.set("card", card+2)
		}
		if r.chance(25) {
			g.returns(at+30*time.Second, till)
		}
		at += within / time.Duration(count)
	}
}

// returns give back of what was taken last, more often than there is something left.
func (g *generator) returns(at time.Duration, till int) {
	r := g.random
	for range 2 + r.IntN(2) {
		a := g.add(at, "refund").set("till", till).set("back", 1).set("percent", one(r, 30, 50, 60, 100))
		if r.chance(15) {
			a.set("void", 1)
		}
		g.pressed(a)
		at += r.between(5*time.Second, 30*time.Second)
	}
}

// strandedTap is a card that somebody holds there and who goes.
func (g *generator) strandedTap(at time.Duration, till, amount int) *Action {
	return g.add(at, "sale").set("till", till).set("amount", amount).set("method", "tap").set("after", time.Second)
}

// tampering is a till that somebody tampered with, which takes more by itself than it may and is started anew in between; perhaps all
// of it comes while the cloud's disk is slow, and nobody honours any of it yet. It is drawn apart as well.
func (g *generator) tampering() {
	k := &generator{random: newRandom(g.script.Seed, "tampering"), script: g.script}
	r := k.random
	if r.chance(90) {
		return
	}
	at, till := r.between(time.Hour, 16*time.Hour), k.aTill()
	k.add(at, "tamper").set("till", till)
	outage := r.between(20*time.Minute, 90*time.Minute).Truncate(time.Second)
	k.add(at, "weather").set("till", till).set("for", outage).set("cut", "both")
	end := at + outage
	for range 3 {
		at += 2 * time.Minute
		k.add(at, "upgrade").set("till", till).set("for", "5s")
		for range 1 + r.IntN(2) {
			at += time.Minute
			k.strandedTap(at, till, one(r, 40_000, 50_000))
		}
	}
	for bank := range operatorCodes {
		k.add(end-time.Second, "mood").set("bank", bank).set("for", r.between(time.Minute, time.Hour).Truncate(time.Second)).set("out", 1)
	}
	if r.chance(50) {
		k.add(end-time.Second, "slow-disk").set("by", one(r, 200*time.Millisecond, 2*time.Second)).set("for", "3m")
	}
}

// blockings are cards of which a copy pays with a number that was used, so that the cloud blocks them, and that are held to a till
// without a line hours after. They are drawn apart as well.
func (g *generator) blockings() {
	k := &generator{random: newRandom(g.script.Seed, "blockings"), script: g.script}
	r := k.random
	if r.chance(88) {
		return
	}
	const card = 8
	at, till := r.between(time.Hour, 12*time.Hour), k.aTill()
	k.add(at, "copy-card").set("card", card)
	k.strandedTap(at+time.Minute, till, 1000).set("card", card)
	k.add(at+5*time.Minute, "weather").set("till", till).set("for", "10m").set("cut", "both")
	k.strandedTap(at+10*time.Minute, till, 2000).set("card", card).set("copied", 1)
	at += r.between(70*time.Minute, 2*time.Hour)
	k.add(at, "upgrade").set("till", till).set("for", "5s")
	at += r.between(10*time.Minute, time.Hour)
	k.add(at, "weather").set("till", till).set("for", "90m").set("cut", "both")
	for range 2 {
		at += r.between(time.Minute, 40*time.Minute)
		a := k.strandedTap(at, till, 3000).set("card", card)
		if r.chance(50) {
			a.set("copied", 1)
		}
	}
}
