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
