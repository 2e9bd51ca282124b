package world

import "time"

// disputes are holds of which something was paid, and whose customers have their banks take it back, and sales and holds of which
// more is taken back than there is. They are drawn apart so that the rest of a seed's script is as it would be without.
func (g *generator) disputes() {
	k := &generator{random: newRandom(g.script.Seed, "disputes"), script: g.script, rushes: g.rushes}
	r := k.random
	if r.chance(80) {
		return
	}
	for day := time.Duration(0); day < g.script.Length; day += 24 * time.Hour {
		till, at := k.aTill(), day+r.between(10*time.Minute, 8*time.Hour)
		k.plain(at, one(r, "hold", "hold", "hold", "sale"), till, "code")
		for at += r.between(time.Minute, 10*time.Minute); r.chance(80); at += r.between(30*time.Second, 10*time.Minute) {
			k.follow(at, till)
		}
		a := k.add(at, "follow").set("till", till).set("back", 1).set("what", "complete").set("percent", one(r, 20, 70, 100, 130))
		if r.chance(70) {
			a.set("last", 1)
		}
		at += r.between(70*time.Minute, 8*time.Hour)
		for range 1 + r.IntN(2) {
			a := k.add(at, "dispute").set("till", till).set("back", 1+r.IntN(2)).set("percent", one(r, 30, 60, 100, 100))
			if r.chance(75) {
				a.set("hold", 1)
			}
			if r.chance(35) {
				a.set("over", 1)
			}
			at += r.between(time.Minute, 2*time.Hour)
		}
		for range r.IntN(3) {
			at += r.between(time.Minute, 10*time.Hour)
			k.follow(at, till)
			k.refund(at+time.Minute, till)
		}
	}
}

// holdCrowd has several tills give back at once of what was paid out of a hold, which goes one after another at the operator: some of it
// waits behind the rest before anybody is asked. It is drawn apart as well.
func (g *generator) holdCrowd() {
	k := &generator{random: newRandom(g.script.Seed, "hold crowd"), script: g.script, rushes: g.rushes}
	r := k.random
	if k.script.Tills < 2 || r.chance(80) {
		return
	}
	from, at := k.aTill(), one(r, k.rushes...)+r.between(0, 30*time.Minute)
	k.plain(at, "hold", from, "code")
	at += 40 * time.Second
	k.add(at, "follow").set("till", from).set("back", 1).set("what", "complete").set("percent", one(r, 50, 60)).set("last", 1)
	at += 30 * time.Second
	for bank := range operatorCodes {
		k.add(at, "mood").set("bank", bank).set("for", 2*time.Minute).set("loseanswers", one(r, 30, 60, 100))
	}
	for till := range k.script.Tills {
		for range 1 + r.IntN(2) {
			k.add(at+r.between(time.Second, 4*time.Second), "follow").set("till", till).set("from", from).set("back", 1).set("what", "refund").
				set("percent", one(r, 20, 25, 30)).set("by", one(r, "reference", "code", "order"))
		}
	}
}
