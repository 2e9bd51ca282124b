package world

import "time"

// deceits are operators that lie about what follows a payment, about its amount, taps and holds, in one of four worlds. They are
// drawn apart so that the rest of a seed's script is as it would be without.
func (g *generator) deceits() {
	k := &generator{random: newRandom(g.script.Seed, "deceits"), script: g.script, rushes: g.rushes}
	if k.random.chance(75) {
		return
	}
	for _, rush := range k.rushes {
		at := rush + k.random.between(-10*time.Minute, 40*time.Minute)
		for range 1 + k.random.IntN(2) {
			k.deceit(max(at, time.Minute))
			at += k.random.between(12*time.Minute, time.Hour)
		}
	}
}

// deceit is one lie, told for some minutes, and what it can be told about.
func (g *generator) deceit(at time.Duration) {
	r, till := g.random, g.aTill()
	about := one(r, lieAmount, lieAmount, lieTapApproved, lieTapDeclined, lieRefundDone, lieRefundRefused, lieCompleted, lieReleased)
	before, after := at-time.Minute, at+r.between(time.Second, time.Minute)
	a := g.add(at, "mood").set("bank", 0).set("for", one(r, 2*time.Minute, 8*time.Minute)).set("lie", about)
	switch about {
	case lieAmount:
		a.set("off", one(r, -1, 1, r.IntN(2000)-1000, r.IntN(20_000)))
		g.plain(after, "sale", till, one(r, "code", "shown"))
	case lieTapApproved, lieTapDeclined:
		g.plain(after, "sale", till, "tap")
	case lieRefundDone, lieRefundRefused:
		g.plain(before, "sale", till, "code")
		for range 1 + r.IntN(2) {
			g.refund(after, till)
			after += r.between(time.Second, time.Minute)
		}
	default:
		a := g.plain(before, "hold", till, "code")
		if r.chance(30) {
			a.set("expires", time.Minute) // then the cloud itself has it set free
		}
		what := "cancel"
		if about == lieCompleted {
			what = "complete"
		}
		if r.chance(40) {
			g.add(before+20*time.Second, "follow").set("till", till).set("back", 1).set("what", "complete").set("percent", 40)
		}
		step := g.add(after, "follow").set("till", till).set("back", 1).set("what", what)
		if what == "complete" {
			if step.set("percent", one(r, 20, 60, 100)); r.chance(50) {
				step.set("last", 1)
			}
		}
		g.follow(after+r.between(20*time.Second, 20*time.Minute), till)
	}
}

// plain is a sale or hold of somebody who just pays.
func (g *generator) plain(at time.Duration, kind string, till int, method string) *Action {
	return g.add(at, kind).set("till", till).set("amount", g.amount()).set("method", method).set("after", time.Second).set("takes", 4*time.Second)
}
