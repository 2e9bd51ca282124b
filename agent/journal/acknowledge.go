package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// gapsMax bounds the gaps of one acknowledgement; a cloud that reports more is not listened to.
const gapsMax = 4096

// acknowledged is what the cloud has: everything up to highWater, and up to highest what is not in gaps.
type acknowledged struct {
	highWater, highest uint64
	gaps               []Range
}

// has says whether the cloud has a record.
func (a acknowledged) has(sequence uint64) bool {
	if sequence <= a.highWater {
		return true
	}
	if sequence > a.highest {
		return false
	}
	for _, gap := range a.gaps {
		if sequence >= gap.First && sequence <= gap.Last {
			return false
		}
	}
	return true
}

// above is what an acknowledgement says of the records above a mark that does not fall: a cloud whose books were put back from
// an older copy has what it is sent now, and not all of what it has acknowledged before.
func (a acknowledged) above(mark uint64) acknowledged {
	rest := acknowledged{highWater: mark, highest: a.highest}
	for _, gap := range a.gaps {
		if gap.Last > mark {
			rest.gaps = append(rest.gaps, Range{First: max(gap.First, mark+1), Last: gap.Last})
		}
	}
	return rest
}

// Acknowledge marks as sent what the cloud has stored. It is kept in memory and written with the next commit, when
// idle, or on Close; losing it only makes the cloud see some records twice. An older acknowledgement than the last is
// ignored, and the high-water mark never falls. It returns ErrLinkMismatch when the cloud has another record than ours at the high-water mark: an alarm,
// nothing is marked; ErrBehind when the cloud has records that this journal has not; ErrAcknowledgement for a
// malformed one.
func (j *Journal) Acknowledge(ctx context.Context, ack *message.Acknowledgement) error {
	next, err := parseAcknowledgement(ack)
	if err != nil {
		return err
	}
	tail := j.Tail()
	if next.highest > tail.Sequence {
		return fmt.Errorf("%w: it has %d, we %d", ErrBehind, next.highest, tail.Sequence)
	}
	known, err := j.CheckLink(ctx, next.highWater, seal.Hash(ack.HighWaterLink))
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if !known && !j.goesOnBehind(next) || next.highWater <= j.acked.highWater && next.highest < j.acked.highest {
		return nil
	}
	if next.highWater < j.acked.highWater {
		if next.highest <= j.acked.highest {
			return nil
		}
		next = next.above(j.acked.highWater)
	}
	j.ackedDirty = j.ackedDirty || next.highWater != j.acked.highWater
	j.acked = next
	signal(j.worked)
	return nil
}

// goesOnBehind says that the cloud has the record right behind the lost stretch that its high-water mark lies in: this
// journal's epoch-opened. What the cloud never gets of the stretch holds the mark there for ever, and a link that nobody
// here knows must not keep all that was written since unsent. j.mu is held.
func (j *Journal) goesOnBehind(ack acknowledged) bool {
	for _, gap := range j.lost {
		if ack.highWater >= gap.First && ack.highWater <= gap.Last {
			return ack.has(gap.Last + 1)
		}
	}
	return false
}

// CheckLink compares the cloud's link of a record with ours. It returns false when the record is one that was lost
// with an older journal, ErrLinkMismatch when the links differ.
func (j *Journal) CheckLink(ctx context.Context, sequence uint64, link seal.Hash) (known bool, err error) {
	ours, err := j.linkAt(ctx, sequence)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if ours != link {
		return false, fmt.Errorf("%w: record %d", ErrLinkMismatch, sequence)
	}
	return true, nil
}

func (j *Journal) linkAt(ctx context.Context, sequence uint64) (seal.Hash, error) {
	if sequence == 0 {
		return record.Genesis(j.config.Engine, j.config.Terminal), nil
	}
	if tail := j.Tail(); tail.Sequence == sequence {
		return tail.Link, nil
	}
	r, err := j.Get(ctx, sequence)
	if err != nil {
		return seal.Hash{}, err
	}
	return r.Link(j.config.Engine), nil
}

func parseAcknowledgement(ack *message.Acknowledgement) (acknowledged, error) {
	a := acknowledged{highWater: ack.HighWater, highest: max(ack.Highest, ack.HighWater)}
	if len(ack.HighWaterLink) != seal.HashSize || len(ack.Gaps) > gapsMax {
		return a, fmt.Errorf("%w: link of %d bytes, %d gaps", ErrAcknowledgement, len(ack.HighWaterLink), len(ack.Gaps))
	}
	before := ack.HighWater
	for _, gap := range ack.Gaps {
		if gap.First <= before || gap.Last < gap.First || gap.Last > a.highest {
			return a, fmt.Errorf("%w: gap %d to %d", ErrAcknowledgement, gap.First, gap.Last)
		}
		before = gap.Last
		a.gaps = append(a.gaps, Range{First: gap.First, Last: gap.Last})
	}
	return a, nil
}

// saveAcknowledged writes the high-water mark when it has moved since the last commit. writeMu is held.
func (j *Journal) saveAcknowledged(ctx context.Context) error {
	j.mu.Lock()
	h, dirty := j.head, j.ackedDirty
	h.acknowledged = j.acked.highWater
	j.mu.Unlock()
	if !dirty {
		return nil
	}
	err := j.transact(ctx, func() error {
		return j.writeHead(ctx, h)
	})
	if err != nil {
		return err
	}
	j.wal.add(pageLogged)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.head.acknowledged = h.acknowledged
	j.ackedDirty = j.acked.highWater != h.acknowledged
	return nil
}

// Waiting counts the records from first to last, both included, that the cloud has not acknowledged.
func (j *Journal) Waiting(first, last uint64) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	last = min(last, j.head.sequence)
	after := max(first, 1) - 1
	n := span(max(after, j.acked.highest), last, j.lost)
	for _, gap := range j.acked.gaps {
		n += span(max(gap.First-1, after), min(gap.Last, last), j.lost)
	}
	return n
}
