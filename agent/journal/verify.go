package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

const (
	// endChecked is how many records are verified before the journal is taken into use. The head row's tag vouches for
	// the end of the chain whatever its length, so start-up does not get slower with age; Run verifies the rest.
	endChecked = 256
	// verifyChunk is how many records a verification reads at a time: a longer read would hold the write-ahead log.
	verifyChunk = 256
)

// end is what the journal goes on from.
type end struct {
	Epoch uint32
	Time  time.Time
}

// verifyEnd checks that the record the head row names is the last, and the chain and tags of the last few.
func (j *Journal) verifyEnd(ctx context.Context, db querier) (end, error) {
	var last uint64
	if err := db.QueryRowContext(ctx, "SELECT coalesce(max(sequence), 0) FROM record").Scan(&last); err != nil {
		return end{}, fmt.Errorf("read last sequence: %w", err)
	}
	if last != j.head.sequence {
		cause := fmt.Errorf("%w: chain ends at %d, journal at %d", errCut, j.head.sequence, last)
		return end{}, &DamagedError{Path: j.config.Path, Sequence: min(last, j.head.sequence) + 1, Cause: cause}
	}
	w := j.newWalker()
	err := scan(ctx, db, func(sequence uint64, raw []byte) error {
		if !w.begun && sequence > 1 {
			w.trust(raw)
		}
		return w.step(sequence, raw)
	}, `SELECT sequence, bytes FROM
		(SELECT sequence, bytes FROM record ORDER BY sequence DESC LIMIT ?) ORDER BY sequence`, endChecked)
	if err != nil {
		return end{}, err
	}
	return end{Epoch: w.epoch, Time: w.time}, w.finish(j.head)
}

// scan hands each row of a query for sequence and bytes to step; the bytes are valid during the call only.
func scan(ctx context.Context, db querier, step func(uint64, []byte) error, query string, arguments ...any) error {
	rows, err := db.QueryContext(ctx, query, arguments...)
	if err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var sequence int64
		var raw sql.RawBytes
		if err := rows.Scan(&sequence, &raw); err != nil {
			return fmt.Errorf("read record: %w", err)
		}
		if err := step(uint64(sequence), raw); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read records: %w", err)
	}
	return nil
}

// Verify checks every record: form, sequence, chain, epoch and, when there are keys, tag; then every sale and follow-up,
// the database's schema, and what was derived from the records. It reads in small pieces and may run beside everything else, OpenReadOnly
// beside a running agent included. It returns a *DamagedError with the first wrong sequence, its cause record.ErrTag,
// record.ErrChainBroken or another error of package record, or with the number of the wrong sale or follow-up; or ctx's
// error. Records committed meanwhile may or may not be included.
func (j *Journal) Verify(ctx context.Context) (Report, error) { return j.verify(ctx, noPause) }

func noPause(context.Context) error { return nil }

// verify calls pause between pieces.
func (j *Journal) verify(ctx context.Context, pause func(context.Context) error) (Report, error) {
	j.mu.Lock()
	h := j.head
	j.mu.Unlock()
	w := j.newWalker()
	for w.last < h.sequence {
		before := w.last
		// The piece's context cannot end: that would cost a goroutine a query.
		err := scan(context.WithoutCancel(ctx), j.reader, w.step,
			"SELECT sequence, bytes FROM record WHERE sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?",
			int64(before), int64(h.sequence), verifyChunk)
		if err != nil {
			return w.report(), j.explain(err)
		}
		if w.last == before {
			break
		}
		if err := errors.Join(ctx.Err(), pause(ctx)); err != nil {
			return w.report(), err
		}
	}
	if err := w.finish(h); err != nil {
		return w.report(), err
	}
	report := w.report()
	var known *DamagedError // from the start, perhaps without the number of what is damaged
	if errors.As(j.damaged(), &known) && (known.Sale != 0 || known.FollowUp != 0) {
		return report, known
	}
	var err error
	if report.Sales, report.FollowUps, err = j.verifySnapshots(ctx, h, pause); err != nil {
		return report, err
	}
	if known != nil {
		return report, known
	}
	if report.Foreign, err = j.checkSchema(ctx, j.reader); err != nil {
		return report, j.explain(err)
	}
	return report, j.verifySideTables(ctx, w, h.sequence)
}

// walker follows the chain.
type walker struct {
	journal *Journal
	begun   bool
	first   uint64
	last    uint64
	link    seal.Hash
	epoch   uint32
	time    time.Time
	records uint64
	lost    []Range
	// landmarks counts those seen.
	landmarks map[record.Type]landmarks
}

func (j *Journal) newWalker() *walker {
	return &walker{
		journal: j, link: record.Genesis(j.config.Engine, j.config.Terminal), landmarks: map[record.Type]landmarks{},
	}
}

// trust begins in the middle of the chain: what lies before the record is not looked at.
func (w *walker) trust(raw []byte) {
	header, err := record.ParseHeader(raw)
	if err != nil {
		return // step will say so
	}
	w.last, w.link, w.epoch = header.Sequence-1, header.Previous, header.Epoch
}

// step checks the next record.
func (w *walker) step(sequence uint64, raw []byte) error {
	r, header, err := record.Parse(raw)
	if err == nil {
		err = w.check(sequence, r, header)
	}
	if errors.Is(err, ErrNoKeys) {
		return err
	}
	if err != nil {
		return &DamagedError{Path: w.journal.config.Path, Sequence: sequence, Cause: err}
	}
	if !w.begun {
		w.begun, w.first = true, header.Sequence
	}
	w.last, w.link, w.epoch, w.time = header.Sequence, r.Link(w.journal.config.Engine), header.Epoch, header.Time
	w.records++
	if IsLandmark(header.Type) {
		seen := w.landmarks[header.Type]
		w.landmarks[header.Type] = landmarks{count: seen.count + 1, sum: seen.sum + header.Sequence}
	}
	return nil
}

func (w *walker) check(sequence uint64, r record.Record, header record.Header) error {
	switch {
	case header.Sequence != sequence:
		return fmt.Errorf("%w: it says it is record %d", record.ErrChainBroken, header.Sequence)
	case header.Direction != seal.Up:
		return record.ErrDirection
	case header.Terminal != w.journal.config.Terminal:
		return fmt.Errorf("%w: record of terminal %s", record.ErrChainBroken, header.Terminal)
	}
	// The tag first: an altered record is then named itself, and not the one after it.
	if w.journal.config.Keyring != nil {
		keys, err := w.journal.config.Keyring.Keys(header.Epoch)
		if err != nil {
			return w.journal.keyless(fmt.Errorf("derive keys: %w", err))
		}
		if err := r.Verify(keys.Record); err != nil {
			return err
		}
	}
	if header.Type == record.EpochOpened && header.Epoch > w.epoch {
		return w.checkEpoch(r, header)
	}
	if header.Sequence != w.last+1 || header.Previous != w.link {
		return fmt.Errorf("%w: after record %d", record.ErrChainBroken, w.last)
	}
	if header.Epoch != w.epoch {
		return fmt.Errorf("%w: epoch %d without its opening", record.ErrChainBroken, header.Epoch)
	}
	return nil
}

// checkEpoch lets an EpochOpened record leap over the sequences that it declares lost.
func (w *walker) checkEpoch(r record.Record, header record.Header) error {
	var body message.EpochOpened
	if err := proto.Unmarshal(r.Body(), &body); err != nil || body.Epoch != header.Epoch {
		return fmt.Errorf("%w: opening of epoch %d says %d", record.ErrChainBroken, header.Epoch, body.Epoch)
	}
	if header.Sequence == w.last+1 && header.Previous == w.link && body.LostFrom == 0 {
		return nil
	}
	if body.LostFrom != w.last+1 || header.Sequence <= body.LostFrom {
		return fmt.Errorf("%w: after record %d", record.ErrChainBroken, w.last)
	}
	w.lost = append(w.lost, Range{First: body.LostFrom, Last: header.Sequence - 1})
	return nil
}

// finish checks that the chain ends where the head row says.
func (w *walker) finish(h head) error {
	if w.last == h.sequence && w.link == h.link {
		return nil
	}
	cause := fmt.Errorf("%w: chain ends at %d, journal at %d", errCut, h.sequence, w.last)
	if w.last == h.sequence {
		cause = fmt.Errorf("%w: last record is not the one committed", record.ErrChainBroken)
	}
	return &DamagedError{Path: w.journal.config.Path, Sequence: max(w.last, 1), Cause: cause}
}

func (w *walker) report() Report {
	return Report{
		Records: w.records, First: w.first, Last: w.last, Link: w.link, Lost: w.lost,
		TagsChecked: w.journal.config.Keyring != nil,
	}
}

// IsDamaged says whether an error means that the journal is not what was written.
func IsDamaged(err error) bool {
	var damaged *DamagedError
	return errors.As(err, &damaged)
}
