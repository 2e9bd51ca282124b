// Simulate is a deterministic world: tills, network, cloud, operators and people, in one thread and a time of its own.
// Seeds come in; broken promises, the faults that hit and a summary leave.
//
//	go run ./tools/simulate --seeds 1000 --json      many seeds, in several processes
//	go run ./tools/simulate --seed 7 --trace         one, with all that happens: the same text every time
//	go run ./tools/simulate --seed 7 --shrink        a failing one, made shorter: build/simulate/seed-7-….txt
//	go run ./tools/simulate --script file --trace    a script, such as those of world/testdata
//	go run ./tools/simulate/mutate                   plants bugs, each of which has to be found
//
// # What is real
//
// The till's machine and its shell (agent.Stepwise), the journal on SQLite, the uplink's decisions (uplink.Connection),
// records, frames and keys, the collector, the payment machine and its service, the store on SQLite, the ledger, hard
// wallets to the byte. They are the code that ships; where they run goroutines of their own in production, the world
// calls the same functions one at a time. A call that waits (for an operator, for the clock) is a coroutine.
//
// # What is simulated
//
// MQTT and TLS are a link with weather; the operators' HTTPS is a line with moods; devices are people, cards and a printer
// that is read; clocks are arithmetic. Scripts hold all decisions: world.Generate draws one from a seed, with a random
// part of the faults in it (swarm testing), and what is drawn while a script runs comes from generators that each
// component has for itself. So leaving out an action leaves the others as they are, as far as that can be, and a script
// can be shortened.
//
// A process may be killed at any effect: before and after each commit, message, print, call and exchange with a card. Its
// files are copied as they are at that moment; the next process finds the copy.
//
// # What is checked
//
// After every step: nothing shown or printed without its record; slips say the sale's amount, once; no debit that no
// journal has asked for; no customer out of more than he owes; acknowledged records are in the store, byte for byte; no
// answer sealed twice under one number; no code or wallet id in a log; one process a journal; one press, one sale.
//
// In the end, six hours of simulated time after the faults stop: everything acknowledged and stored, no sale, payment or
// queue left open, ledger in balance, and operators, ledger, journals and receipts of one mind about every order. A till
// whose files were copied need not converge, but somebody must have been told; and unless it stopped, or the cloud set it
// aside, its sales end as any other's. What was lost with files of which nothing had reached the cloud is counted: a limit
// that ARCHITECTURE.md names.
//
// The checks believe only what the world itself saw: wallets at the operators, screens, slips, bytes that a commit
// returned. They share no code with the product but the message types.
//
// # What it does not show
//
//   - Power cuts that lose unsynced writes: files are as the operating system has them. tools/crashtest does that.
//   - Races: one thread cannot have them. The race detector and tools that run real processes look for them.
//   - Commits of several terminals grouped by the store, its write-ahead log being carried over beside them, the journal's
//     background work.
//   - MQTT, TLS and HTTPS themselves, drivers, and two versions of the program at once.
package main
