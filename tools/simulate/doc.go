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
// After every step: nothing shown or printed without its record, and nothing recorded as printed without a slip on the
// printer; slips say the amount, number and kind of what they are of, be that a sale or a refund; no number is given twice;
// no debit that no journal has asked for, none above the no-password cap without a password, no customer out of more than he
// owes; acknowledged records are in the store, byte for byte; no answer sealed twice under one number; no code or wallet id
// in a log; one process a journal; one press, one sale; what a till takes by itself stays within its total and each wallet's,
// counting what the cloud has not answered and, for a day, what no operator honours, and no number of a wallet is presented twice; no
// wallet is taken by limits that the cloud made since it blocked it; what a till says that it gave back is never more than was paid,
// though no operator has moved anything yet; slips say what is left; no password is asked for where none is needed; no shift ends while
// a customer is in front of the till; and only what the cloud understands is done.
//
// A till that somebody tampered with keeps to no limit (world/tamper.go): what it took beyond is told by the cloud, which adds it up.
//
// At a kiosk the shop's order system accepts, rejects, forgets, or crashes and comes back (world/kiosk.go): in the end money is
// kept only where it holds the till's word that the order is accepted, or the till's status names the order for a person, and
// no accepted order was given back by the till itself.
//
// Of each void, refund and step of a hold the world says itself what ought to become of it, by what was paid and held and
// came back (world/claim.go): what ought to be done must be, and what ought not must not. It says nothing where another one
// on the same order crosses it, near a hold's end, and where another till asks than the one that took it by itself, before
// anybody was told whether an operator honours it.
//
// In the end, six hours of simulated time after the faults stop: everything acknowledged and stored, no sale, payment or
// queue left open, ledger in balance, and operators, ledger, journals and receipts of one mind about every order; a slip of
// all that was approved, or a record of why not; fees as the terms say, for each payment, each day and after all that came
// back; of what only a copied card has paid somebody was told. Operators' statements are compared each day; where one lies, or a
// customer disputes, the world goes on until the day behind the last was compared: every lie is told of by the order's name and by
// what it is, nothing else is told of as a difference, and what is disputed and booked is not refunded besides. A lie's victim may
// end as the operator said, once somebody was told of just that order. Operators lie (world/lie.go) about scanned and shown
// payments, declined, approved or reversed, and by which amount they debit; about taps that the till was on-line for; about
// refunds and voids that they carry out or not; about completions, and holds that they take instead of setting them free. Customers
// dispute what they paid by scanning and out of holds (world/dispute.go); what more is disputed than there is cannot be booked, and
// must be told of as just that. Holds may be completed beyond what is held, or only in part, as each terminal's plan says. A till
// whose files were copied need not converge, but somebody must have been told; and unless it stopped, or the cloud set it
// aside, its sales end as any other's. What was lost with files of which nothing had reached the cloud is counted: a limit
// that protocol/DECISIONS.md names.
//
// # What the checks share with the product
//
// The checks believe only what the world itself saw: wallets at the operators, screens, slips, bytes that a commit returned.
// The model of payments, holds, fees, limits and wallets is the world's own. But these are the product's:
//
//   - the message types, and record.Parse and ParseHeader, by which the bytes of records are read;
//   - hardwallet.Transaction, by which an operator reads and verifies what a card has signed, and tools/fakedevice/hardcard,
//     the card itself;
//   - ledger.Checker, whose findings at the end count besides the world's own sums, and the store's queries by which
//     records, entries, alarms and shifts are read back;
//   - the till's own word for what it has left to do at the end (agent.Stepwise.Open, uplink.Status, journal.Waiting);
//   - the names of screens' states (checkout.State) and of refusals (catalogue.Phrase): which of them are about an order;
//   - the alarms' kinds and the names of differences (reconcile.Kind), by which somebody is told, and REASON_DOUBLE_SPENT, from which on a
//     wallet is taken for blocked;
//   - reconcile.DefaultAt, payment.SweepEvery and the timings of agent and cloud, which set when things happen, not what is right.
//
// A mistake in one of these may hide itself. Their packages' own tests, golden vectors and fuzzing are there for that.
//
// # What is judged by porcupine
//
// The histories of the tills' APIs (world/history.go), and of each payment all that several tills asked of it, from the record
// that asked to the record of what the cloud had said (world/dealing.go): a sale and its reversal, voids, refunds and questions how it
// stands, which overlap, are asked again, and have no end where nobody was told. There must be one order of what was done that
// gives all the answers, with what is paid and left (world/standing.go): no two refunds beyond what was paid however they cross,
// none refused for a limit that nothing had reached, and nobody shown an older state once anybody was told a newer one. Holds are
// not in that model, nor calls of more than one payment; a till's own word, taken without the cloud, is no answer there.
//
// # What it does not show
//
//   - Races: one thread cannot have them. The race detector and tools that run real processes look for them.
//   - Commits of several terminals grouped by the store, its write-ahead log being carried over beside them, the journal's
//     background work.
//   - MQTT, TLS and HTTPS themselves, and drivers. Later versions of tills and cloud are this program with more words
//     (world/version.go), not another program.
//   - An operator that says a hold is set free and keeps it: no money moves, so no statement has it, and only its customer sees it.
//     Nor does any lie about a payment that a till took by itself.
//   - Holds that end by the days of their plan: nothing is held for a day here. What a tampered till may cost us is told of; that it
//     is not booked as owed is for the cloud's own tests.
//   - What slips say is left where several things are done with an order at once, or some of it is disputed.
//   - Wrong passwords and a wallet's daily count: an operator's customers type the right one, or none.
package main
