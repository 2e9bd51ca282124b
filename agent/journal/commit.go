package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// statements are the writing connection's prepared statements.
type statements struct {
	begin, commit, rollback, cookie, record, landmark, lost, head *sql.Stmt

	sale, followUp shelfStatements
}

func prepare(ctx context.Context, conn *sql.Conn) (*statements, error) {
	s := &statements{}
	for _, one := range []struct {
		to   **sql.Stmt
		text string
	}{
		{&s.begin, "BEGIN IMMEDIATE"},
		{&s.commit, "COMMIT"},
		{&s.rollback, "ROLLBACK"},
		{&s.cookie, "PRAGMA schema_version"},
		{&s.record, "INSERT INTO record (sequence, bytes) VALUES (?, ?)"},
		{&s.landmark, "INSERT INTO landmark (type, sequence) VALUES (?, ?)"},
		{&s.lost, "INSERT INTO lost (first, last) VALUES (?, ?)"},
		{&s.head, writeHead},
	} {
		statement, err := conn.PrepareContext(ctx, one.text)
		if err != nil {
			return nil, fmt.Errorf("prepare statement: %w", errors.Join(err, s.close()))
		}
		*one.to = statement
	}
	err := errors.Join(s.sale.prepare(ctx, conn, &saleShelf), s.followUp.prepare(ctx, conn, &followUpShelf))
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *statements) close() error {
	var errs []error
	for _, statement := range []*sql.Stmt{s.begin, s.commit, s.rollback, s.cookie, s.record, s.landmark, s.lost, s.head} {
		if statement != nil {
			errs = append(errs, statement.Close())
		}
	}
	return errors.Join(append(errs, s.sale.close(), s.followUp.close())...)
}

// draft is what a group will have changed once it is committed.
type draft struct {
	head     head
	keys     *seal.Keys
	epoch    uint32
	lastTime time.Time
	jumps    uint64
	lost     []Range
	newLost  []Range
	rows     []row
	marks    map[rowKey]mark // of the snapshots written
	begun    []intent        // with them
	// damage is a snapshot that could not be written because its row is not what was left there.
	damage *DamagedError
}

// row is one record on its way in, or a snapshot alone.
type row struct {
	sequence uint64
	kind     record.Type   // of the record
	bytes    record.Record // nil for a snapshot alone
	time     time.Time
	sale     *Snapshot
	followUp *FollowUpSnapshot
}

// commit mints the group's records and commits them in one transaction. All requests get their result. writeMu is
// held.
func (j *Journal) commit(group []*request) {
	d := j.newDraft()
	var taken []*request
	for _, r := range group {
		if r.err = j.admit(r); r.err == nil {
			r.err = d.mint(j, r)
		}
		if r.err == nil {
			taken = append(taken, r)
		}
	}
	if len(taken) == 0 {
		return
	}
	if err := j.store(&d); err != nil {
		j.refuse(taken, err)
		return
	}
	if d.damage != nil {
		j.tellDamage(d.damage)
	}
	j.adoptDraft(d)
	signal(j.worked)
	signal(j.appended)
	j.relieveWAL()
}

// refuse gives a group the error of its commit. A changed row is one request's own, so that the others are tried without it.
// writeMu is held.
func (j *Journal) refuse(group []*request, err error) {
	if IsDamaged(err) && len(group) > 1 {
		for _, r := range group {
			j.commit([]*request{r})
		}
		return
	}
	for _, r := range group {
		r.records, r.err = nil, err
	}
}

// admit refuses what must not begin.
func (j *Journal) admit(r *request) error {
	if err := j.failed(); err != nil {
		return err
	}
	for _, entry := range r.entries {
		if !entry.Begun && (entry.Type == record.PaymentRequested || entry.Type == record.FollowUpRequested) {
			return j.Room()
		}
	}
	return nil
}

func (j *Journal) newDraft() draft {
	j.mu.Lock()
	defer j.mu.Unlock()
	d := draft{head: j.head, keys: j.keys, epoch: j.epoch, lastTime: j.lastTime, jumps: j.jumps, lost: j.lost}
	d.head.acknowledged = j.acked.highWater
	return d
}

// mint builds a request's records on top of the draft; on an error the draft is as before.
func (d *draft) mint(j *Journal, r *request) error {
	before, records := *d, make([]record.Record, 0, len(r.entries)+1)
	if r.opening != nil {
		built, err := d.mintEpoch(j, *r.opening)
		if err != nil {
			*d = before
			return err
		}
		records = append(records, built)
	}
	for i, entry := range r.entries {
		built, err := d.build(j, entry.Type, r.bodies[i], entry.Sale)
		if err != nil {
			*d = before
			return err
		}
		d.rows[len(d.rows)-1].followUp = entry.FollowUp
		records = append(records, built)
	}
	if r.sale != nil {
		d.rows = append(d.rows, row{sequence: d.head.sequence, time: j.config.Clock(), sale: r.sale})
	}
	r.records = records
	return nil
}

// build makes the next record of the chain.
func (d *draft) build(j *Journal, kind record.Type, body []byte, sale *Snapshot) (record.Record, error) {
	if d.keys == nil {
		return nil, ErrNoEpoch
	}
	now := j.config.Clock().Truncate(time.Microsecond)
	if back := d.lastTime.Sub(now); back > ClockTolerance && !d.lastTime.IsZero() {
		d.jumps++
		j.logger.Warn("clock went back", "by", back, "sequence", d.head.sequence+1)
	}
	built, err := record.Build(d.keys.Record, record.Header{
		Direction: seal.Up, Type: kind, KeyVersion: j.config.KeyVersion, Epoch: d.keys.Epoch,
		Sequence: d.head.sequence + 1, Time: now, Terminal: j.config.Terminal, Previous: d.head.link,
	}, body)
	if err != nil {
		return nil, fmt.Errorf("build record: %w", err)
	}
	d.head.sequence++
	d.head.link = built.Link(j.config.Engine)
	d.lastTime = now
	d.rows = append(d.rows, row{sequence: d.head.sequence, kind: kind, bytes: built, time: now, sale: sale})
	return built, nil
}

// store writes the draft. On a full disk the reserve is given up and the write tried once more; any other failure in
// the middle leaves it open what is on the disk, so the journal writes nothing more.
func (j *Journal) store(d *draft) error {
	before := d.head
	err := j.writeDraft(d)
	if isFull(err) && j.ballast.giveUp() {
		j.logger.Error("journal disk is full: reserve given up, no further payments", "path", j.config.Path)
		d.head = before
		err = j.writeDraft(d)
	}
	switch {
	case err == nil:
		return nil
	case isFull(err):
		return fmt.Errorf("%w: %w", ErrNoRoom, err)
	case isBusy(err):
		return fmt.Errorf("commit records: %w", err)
	case IsDamaged(err): // a row was changed behind our back; nothing is written
		j.tellDamage(err)
		return err
	}
	return j.fail(err)
}

func (j *Journal) writeDraft(d *draft) error {
	ctx := context.Background() // a commit that has begun is finished
	d.marks, d.begun = map[rowKey]mark{}, nil
	return j.transact(ctx, func() error {
		for _, gap := range d.newLost {
			if _, err := j.prepared.lost.ExecContext(ctx, int64(gap.First), int64(gap.Last)); err != nil {
				return fmt.Errorf("write lost range: %w", err)
			}
		}
		logged := loggedPerCommit
		for _, row := range d.rows {
			written, err := d.writeRow(ctx, j, row)
			if err != nil {
				return err
			}
			logged += written
		}
		j.wal.add(logged)
		d.head.lost = d.lost
		return j.writeHead(ctx, d.head)
	})
}

// writeRow returns about how much it adds to the log.
func (d *draft) writeRow(ctx context.Context, j *Journal, row row) (logged int, err error) {
	if row.bytes != nil {
		if _, err := j.prepared.record.ExecContext(ctx, int64(row.sequence), []byte(row.bytes)); err != nil {
			return 0, fmt.Errorf("write record: %w", err)
		}
		logged += len(row.bytes)
	}
	if IsLandmark(row.kind) {
		if _, err := j.prepared.landmark.ExecContext(ctx, int64(row.kind), int64(row.sequence)); err != nil {
			return 0, fmt.Errorf("write landmark: %w", err)
		}
		logged += loggedPerLandmark
		d.begins(intentOf(row.kind), row.sequence, actKey(row.kind, row.bytes))
	}
	for _, s := range row.snapshots() {
		err := d.shelve(ctx, j, s)
		var damaged *DamagedError
		if row.bytes != nil && errors.As(err, &damaged) {
			d.damage = damaged
			continue // the record is what the cloud and a person go by; the row stays as it was found
		}
		if err != nil {
			return 0, err
		}
		logged += len(s.state) + loggedPerSale
	}
	return logged, nil
}

// snapshots are those committed with the row, the follow-up's first.
func (r row) snapshots() []snapshot {
	var all []snapshot
	if f := r.followUp; f != nil {
		all = append(all, snapshot{shelf: &followUpShelf, id: f.ID, order: f.OrderID, open: f.Open, state: f.State})
	}
	if s := r.sale; s != nil {
		all = append(all, snapshot{shelf: &saleShelf, id: s.OrderID, order: s.OrderID, open: s.Open, state: s.State})
	}
	for i := range all {
		all[i].last, all[i].changed = r.sequence, r.time.UnixMicro()
	}
	return all
}

// transact runs write between BEGIN and COMMIT. After an error nothing of it is in the journal, unless the error came
// from a failing disk.
func (j *Journal) transact(ctx context.Context, write func() error) error {
	if _, err := j.prepared.begin.ExecContext(ctx); err != nil {
		return fmt.Errorf("begin commit: %w", err)
	}
	err := j.sameSchema(ctx)
	if err == nil {
		err = write()
	}
	if err == nil {
		if _, err = j.prepared.commit.ExecContext(ctx); err == nil {
			return nil
		}
		err = fmt.Errorf("commit: %w", err)
	}
	// SQLite has rolled back by itself after some errors; a second ROLLBACK then fails, which is no news.
	_, _ = j.prepared.rollback.ExecContext(ctx)
	return err
}

// adoptDraft makes the committed draft what everybody sees.
func (j *Journal) adoptDraft(d draft) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.head, j.keys, j.epoch, j.lastTime, j.jumps, j.lost = d.head, d.keys, d.epoch, d.lastTime, d.jumps, d.lost
	for _, row := range d.rows {
		if row.bytes != nil {
			j.recent.add(row.sequence, row.bytes)
		}
	}
	for key, m := range d.marks {
		if m.open {
			j.openRows[key] = m
		} else {
			delete(j.openRows, key)
		}
	}
	j.intents.add(d.begun...)
	j.commits.Add(1)
	j.ackedDirty = j.acked.highWater != d.head.acknowledged
}

// fail stops all further writing.
func (j *Journal) fail(err error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failure == nil {
		j.failure = fmt.Errorf("%w: %w: check the disk and start the agent again", ErrFailed, err)
		j.logger.Error("journal storage failed", "path", j.config.Path, "error", err)
	}
	return j.failure
}

func (j *Journal) failed() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failure
}

func signal(channel chan struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}
