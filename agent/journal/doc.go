// Package journal keeps everything that happens on a terminal: entries come in, committed records leave, in one
// SQLite file that survives power cuts and is never shortened.
//
//	Open(ctx, Config) (*Journal, error)              Run(ctx) error · Close() error
//	OpenReadOnly(ctx, path, engine, keyring)         beside a running agent
//	Append(ctx, ...Entry) ([]record.Record, error)   one transaction, durable when it returns
//	SaveSale(ctx, Snapshot) error                    a snapshot without a record
//	OpenEpoch(ctx, EpochOpening) (record.Record, error)
//	Room() error                                     would a payment be refused?
//	Unsent · Acknowledge · Acknowledged · Waiting · CheckLink · Appended      the uplink's
//	Landmarks(ctx, type, before, limit)              the latest of the rare records that shifts are found by
//	OpenFollowUps · FindFollowUp · FollowUpsOf · LastFollowUps · FindLabel · FindBegun · FindAct
//	OpenSales · Find · LastSales · Records · Last · Get · Tail · Counts · Verify · Damage
//
// # What is checked when
//
// Every commit also writes one row, the head: the last sequence and its link, tagged under a key that only this
// terminal has. Open checks the tag, that the last record is the one the row names, and form, chain and tags of the
// last 256 records; this takes some milliseconds whatever the journal's age. All the rest was written by this program
// and linked to what Open has checked, so it can only have been changed since: Run verifies every record once after
// each start, in the background, and the cloud verifies what it is sent. Verify does it at once (100,000 records take
// about half a second on the reference machine). A record that was altered is named by its own sequence, because its
// tag is wrong; one that was removed, moved or put in breaks the chain at its place.
//
// The rows of sales and follow-ups have tags of their own, and the head row counts them and holds a sum over the open
// ones: Open finds whatever is not as it was left open, Verify and Run the rest, and a row that is read is checked then.
// An altered sale stops new payments; the others are finished and what waits is sent. Of a sale whose row was changed while
// the journal is open the records are still taken; the row stays as it was found, for the next start to see.
//
// The database's schema must be what the migrations make: Open, Verify and every commit that finds it changed refuse a
// trigger, a view, a unique index or a changed table. Such a thing can take a record away while it is written, and all would
// look right until the next start. Others' tables and plain indexes touch no row of ours; Verify names them.
//
// A journal whose end was cut off is noticed by the head row, and one whose write-ahead log was taken away after a
// crash by the size that the lock file remembers. What cannot be noticed here is a complete older copy of the journal
// together with the epochs file; the cloud notices it at the sign-in or at the first record it gets, and OpenEpoch
// then continues behind the cloud's books and says what was lost. A torn log page is taken by SQLite for the end of
// the log, as after a power cut.
//
// # A full disk
//
// What has begun is finished out of the log's room and the reserve's; Room refuses payments until both have room again. A
// payment that a hard wallet has signed has begun (Entry.Begun): it is recorded while anything can be written. A
// journal opens on a full disk where SQLite's shared memory has room, the reserve's if need be; else ErrFull says that
// nothing is wrong with it.
//
// # What a commit costs
//
// Follow-ups have a table of their own, and the labels that sales are found by and the idempotency keys of intents are entered
// when the till is idle, so that a plain sale's commits write the pages they always did. Keys that are not entered yet are in
// memory; a key that is nowhere costs its intent one read.
//
// A lone Append with a snapshot takes 180 µs at the median and 390 µs at p99, of which a plain overwrite and sync of
// as many bytes takes 160 µs (BenchmarkAppend, BenchmarkFloor: 2 cores, virtual disk). The write-ahead log is filled to
// its full size beforehand and only overwritten; checkpoints run when the till is idle. Many callers at once share
// commits: 80,000 records a second.
package journal
