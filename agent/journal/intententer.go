package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/yuantill/yuantill/protocol/record"
)

// Bounds of the intents that are not in the table yet.
const (
	// unenteredBehind is how many there are left, so that the disk is not bothered for each.
	unenteredBehind = 256
	// unenteredStep is how many are entered in one transaction.
	unenteredStep = 256
	// unenteredMax is how many there may be before another begins only once a step is entered. The sales that take the place
	// of others come on top.
	unenteredMax = 1024
	// enteredLogged is about what one adds to the log: few of a transaction's entries share a page.
	enteredLogged = pageLogged / 2
	// enteredChecked is up to how far before the end of what is in the table it is looked for at a start; Run looks for all.
	enteredChecked = 64
)

// begins notes an intent of the draft.
func (d *draft) begins(kind intentKind, number uint64, key string) {
	if key != "" {
		d.begun = append(d.begun, intent{key: kind.key(key), kind: kind, number: number})
	}
}

// makeRoom enters a step. A disk that fails on the way fails the journal, as in a commit of records.
func (j *Journal) makeRoom(ctx context.Context) error {
	j.writeMu.Lock()
	defer j.writeMu.Unlock()
	if j.isClosed() {
		return ErrClosed
	}
	if err := j.failed(); err != nil {
		return err
	}
	err := j.enterIntents(context.WithoutCancel(ctx))
	switch {
	case err == nil, isBusy(err):
		return err
	case isFull(err):
		return fmt.Errorf("%w: %w", ErrNoRoom, err)
	case isDamage(err):
		err = j.explain(err)
		j.tellDamage(err)
		return err
	}
	return j.fail(err)
}

// enterBehind enters a step after the other while there are as many as least; a commit may go between two.
func (j *Journal) enterBehind(ctx context.Context, least int) {
	for range unenteredMax / unenteredStep {
		j.mu.Lock()
		left := len(j.intents.order)
		j.mu.Unlock()
		if left < least {
			return
		}
		if err := j.makeRoom(ctx); err != nil {
			j.logger.Warn("idempotency keys not entered", "error", err)
			return
		}
	}
}

// enterIntents enters the oldest in a transaction of its own, so that no sale's commit writes a page for it. What it would
// lose in a power cut the next start reads again from behind intent_end. writeMu is held.
func (j *Journal) enterIntents(ctx context.Context) error {
	j.mu.Lock()
	step := j.intents.order[:min(len(j.intents.order), unenteredStep)] // nobody else drops or moves them
	j.mu.Unlock()
	err := j.transact(ctx, func() error {
		var ends [intentKinds]uint64
		for _, one := range step {
			ends[one.kind] = max(ends[one.kind], one.number)
			if _, err := j.conn.ExecContext(ctx, "INSERT OR IGNORE INTO intent (key, kind, number) VALUES (?, ?, ?)",
				one.key[:], int64(one.kind), int64(one.number)); err != nil {
				return fmt.Errorf("enter intent: %w", err)
			}
		}
		for kind, number := range ends {
			if _, err := j.conn.ExecContext(ctx, "UPDATE intent_end SET number = max(number, ?) WHERE kind = ?",
				int64(number), kind); err != nil {
				return fmt.Errorf("enter intents: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	j.wal.add(loggedPerCommit + len(step)*enteredLogged)
	j.mu.Lock()
	j.intents.drop(len(step))
	j.mu.Unlock()
	j.relieveWAL()
	return nil
}

// loadIntents reads the intents that are not in the table. In a journal of an earlier version that is all of them: they are
// entered on the way. Without room for that the journal opens all the same, and no intent begins.
func (j *Journal) loadIntents(ctx context.Context) error {
	ends, beyond, err := j.intentEnds(ctx, j.conn)
	if err != nil {
		return err
	}
	if beyond != nil {
		j.tellDamage(beyond)
		ends = [intentKinds]uint64{} // all are read
	}
	checked := ends
	for kind := range checked {
		checked[kind] -= min(checked[kind], enteredChecked)
	}
	return j.keyed(ctx, j.conn, checked, noPause, func(one intent) error {
		if one.number <= ends[one.kind] {
			err := j.checkEntered(ctx, one)
			if IsDamaged(err) {
				j.tellDamage(err)
				return nil
			}
			return err
		}
		j.intents.add(one)
		if len(j.intents.order) < unenteredMax {
			return nil
		}
		err := j.enterIntents(ctx)
		if isFull(err) {
			j.logger.Error("no room to enter idempotency keys", "path", j.config.Path, "error", err)
			return nil
		}
		return err
	})
}

// verifyIntents looks whether all that was entered is found by its key.
func (j *Journal) verifyIntents(ctx context.Context, pause func(context.Context) error) error {
	ends, beyond, err := j.intentEnds(ctx, j.reader)
	if err != nil {
		return err
	}
	err = j.keyed(ctx, j.reader, [intentKinds]uint64{}, pause, func(one intent) error {
		if one.number > ends[one.kind] {
			return nil
		}
		return j.checkEntered(ctx, one)
	})
	if err != nil || beyond == nil {
		return err
	}
	return beyond
}

// checkEntered returns *DamagedError for an intent that should be in the table and is not.
func (j *Journal) checkEntered(ctx context.Context, one intent) error {
	_, err := j.entered(ctx, one.key)
	if errors.Is(err, ErrNotFound) {
		return j.damagedIntent(one, errIntentGone)
	}
	return err
}

// keyed hands the intents behind the ends to each, those of a kind in order; each may write.
func (j *Journal) keyed(
	ctx context.Context, db querier, ends [intentKinds]uint64, pause func(context.Context) error, each func(intent) error,
) error {
	acts, err := keyedActs(ctx, db, ends)
	if err != nil {
		return err
	}
	for _, one := range acts {
		if err := each(one); err != nil {
			return err
		}
	}
	for _, kind := range []intentKind{saleIntent, followUpIntent} {
		from, keyOf := j.shelfOf(kind)
		if keyOf == nil {
			continue
		}
		err := from.pages(ctx, db, int64(ends[kind]), pause, func(row *snapshot) error {
			key, err := keyOf(row.state)
			if damaged := j.intact(row); damaged != nil {
				j.tellDamage(damaged)
			} else if err != nil { // another program wrote it
				j.logger.Error("idempotency key not read", from.name, row.number, "error", err)
			} else if key != "" {
				return each(intent{key: kind.key(key), kind: kind, number: row.number})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// keyedActs are the intents among the landmarks: few enough for memory, whatever the journal's age.
func keyedActs(ctx context.Context, db querier, ends [intentKinds]uint64) (acts []intent, err error) {
	for _, landmark := range []record.Type{record.ShiftOpened, record.CashMoved, record.ShiftClosed} {
		kind := intentOf(landmark)
		err := scan(ctx, db, func(sequence uint64, raw []byte) error {
			if key := actKey(landmark, raw); key != "" {
				acts = append(acts, intent{key: kind.key(key), kind: kind, number: sequence})
			}
			return nil
		}, `SELECT landmark.sequence, bytes FROM landmark JOIN record USING (sequence)
			WHERE type = ? AND landmark.sequence > ? ORDER BY landmark.sequence`, int64(landmark), int64(ends[kind]))
		if err != nil {
			return nil, err
		}
	}
	return acts, nil
}

// intentEnds are the numbers up to which intents are in the table. beyond is set where one is beyond what there is: what begins
// next would never be entered. The error is *DamagedError where one is not there.
func (j *Journal) intentEnds(ctx context.Context, db querier) (ends [intentKinds]uint64, beyond, err error) {
	damaged := &DamagedError{Path: j.config.Path, Cause: errIntentEnds}
	for kind := range ends {
		var number int64
		err := db.QueryRowContext(ctx, "SELECT number FROM intent_end WHERE kind = ?", kind).Scan(&number)
		if errors.Is(err, sql.ErrNoRows) {
			return ends, nil, damaged
		}
		if err != nil {
			return ends, nil, fmt.Errorf("read ends of intents: %w", err)
		}
		ends[kind] = uint64(number)
	}
	var sales, followUps, records uint64 // after the ends: a running agent may add to both
	err = db.QueryRowContext(ctx, `SELECT (SELECT ifnull(max(number), 0) FROM sale), (SELECT ifnull(max(number), 0) FROM follow_up),
		(SELECT ifnull(max(sequence), 0) FROM record)`).Scan(&sales, &followUps, &records)
	if err != nil {
		return ends, nil, fmt.Errorf("read last numbers: %w", err)
	}
	if ends[saleIntent] > sales || ends[followUpIntent] > followUps || slices.Max(ends[openIntent:]) > records {
		return ends, damaged, nil
	}
	return ends, nil, nil
}
