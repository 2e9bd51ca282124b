package journal

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// OpenEpoch commits the EpochOpened record, the first under the new keys, and tags with them from then on. When the
// cloud has records beyond the journal's end, the journal is an old copy: it continues after the cloud's highest, the
// record says what was lost, and a line of level error tells it. It returns ErrEpochOrder, ErrAppended and Append's errors.
func (j *Journal) OpenEpoch(ctx context.Context, opening EpochOpening) (record.Record, error) {
	if opening.Keys == nil {
		return nil, errors.New("journal: open epoch: no keys")
	}
	records, err := j.submit(ctx, &request{opening: &opening, turn: make(chan bool, 1)})
	if err != nil {
		return nil, fmt.Errorf("open epoch %d: %w", opening.Keys.Epoch, err)
	}
	return records[0], nil
}

// mintEpoch builds EpochOpened, after a leap when records were lost.
func (d *draft) mintEpoch(j *Journal, opening EpochOpening) (record.Record, error) {
	if opening.Keys.Epoch <= d.epoch {
		return nil, fmt.Errorf("%w: %d after %d", ErrEpochOrder, opening.Keys.Epoch, d.epoch)
	}
	if old := opening.Highest > opening.Compared; old && opening.Compared != 0 && opening.Compared != d.head.sequence {
		return nil, fmt.Errorf("%w: %d to %d", ErrAppended, opening.Compared+1, d.head.sequence) // SPEC.md 7.1.5
	}
	body := &message.EpochOpened{
		Epoch: opening.Keys.Epoch, TerminalNonce: opening.TerminalNonce[:], CloudNonce: opening.CloudNonce[:],
	}
	if opening.Highest > d.head.sequence {
		gap := Range{First: d.head.sequence + 1, Last: opening.Highest}
		body.LostFrom = gap.First
		j.logger.Error("journal is an old copy: records were lost", "from", gap.First, "to", gap.Last,
			"epoch", opening.Keys.Epoch)
		d.lost = append(d.lost[:len(d.lost):len(d.lost)], gap)
		d.newLost = append(d.newLost[:len(d.newLost):len(d.newLost)], gap)
		d.head.sequence, d.head.link = opening.Highest, opening.HighestLink
	}
	encoded, err := proto.Marshal(body)
	if err != nil {
		return nil, fmt.Errorf("marshal epoch: %w", err)
	}
	d.keys, d.epoch = opening.Keys, opening.Keys.Epoch
	return d.build(j, record.EpochOpened, encoded, nil)
}
