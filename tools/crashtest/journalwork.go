package crashtest

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// work makes one step of a day at a till.
func (s *journalSubject) work(ctx context.Context, r *rand.Rand) error {
	if s.model.epoch == 0 {
		return s.openEpoch(ctx, 0)
	}
	switch n := r.IntN(20); {
	case n < 8:
		return s.sell(ctx, r.IntN(1_000_000))
	case n < 12:
		return s.append(ctx, faults(r, 2+r.IntN(5)))
	case n < 15:
		return s.together(ctx, r)
	case n < 16:
		return s.openEpoch(ctx, uint64(r.IntN(4)/3*(1+r.IntN(9))))
	case n < 18:
		return s.hear(ctx, r)
	default:
		return s.append(ctx, faults(r, 1))
	}
}

func (s *journalSubject) openEpoch(ctx context.Context, leap uint64) error {
	epoch, first := s.model.epoch+1, s.model.last()+leap+1
	keys, err := s.keyring.Keys(epoch)
	if err != nil {
		return err
	}
	opening := journal.EpochOpening{Keys: keys, Highest: first - 1, HighestLink: seal.Hash{byte(epoch)}}
	body := &message.EpochOpened{
		Epoch: epoch, TerminalNonce: opening.TerminalNonce[:], CloudNonce: opening.CloudNonce[:],
	}
	c := journalCommit{epoch: epoch}
	if leap > 0 {
		c.lost = &journal.Range{First: first - leap, Last: first - 1}
		body.LostFrom = c.lost.First
	}
	if c.records, err = wanted(first, journal.Entry{Type: record.EpochOpened, Body: body}); err != nil {
		return err
	}
	return s.commit(c, func() ([]record.Record, error) {
		opened, err := s.journal.OpenEpoch(ctx, opening)
		return []record.Record{opened}, err
	})
}

// sell begins a sale, remembers something about it and ends it.
func (s *journalSubject) sell(ctx context.Context, amount int) error {
	var id journal.OrderID
	binary.BigEndian.PutUint64(id[:], uint64(len(s.model.sales)+1))
	begun := journal.Entry{
		Type: record.PaymentRequested,
		Body: &message.PaymentRequested{
			OrderId: id[:], Method: message.Method_METHOD_CODE, Amount: int64(amount), Currency: "CNY",
			MerchantId: "104110548991234", Batch: 1, Voucher: uint32(len(s.model.sales) + 1), CodeTail: "123456",
		},
		Sale: &journal.Snapshot{OrderID: id, State: []byte(strings.Repeat("r", 200+amount%200)), Open: true},
	}
	shown := journal.Entry{
		Type: record.OutcomeShown,
		Body: &message.OutcomeShown{OrderId: id[:], Outcome: message.Outcome_OUTCOME_APPROVED},
		Sale: &journal.Snapshot{OrderID: id, State: []byte("approved")},
	}
	if err := s.append(ctx, []journal.Entry{begun}); err != nil {
		return err
	}
	sent := journal.Snapshot{OrderID: id, State: []byte(fmt.Sprintf("sent %d", amount)), Open: true}
	last := s.model.last()
	err := s.commit(journalCommit{sales: []wantedSale{{Snapshot: sent, first: last, last: last}}},
		func() ([]record.Record, error) { return nil, s.journal.SaveSale(ctx, sent) })
	if err != nil {
		return err
	}
	return s.append(ctx, []journal.Entry{shown})
}

func faults(r *rand.Rand, n int) []journal.Entry {
	entries := make([]journal.Entry, n)
	for i := range entries {
		text := strings.Repeat("paper ", 1+r.IntN(300)) + fmt.Sprint(r.Uint64())
		entries[i] = journal.Entry{Type: record.DeviceFault, Body: &message.DeviceFault{Device: "printer", Fault: text}}
	}
	return entries
}

// hear passes the cloud's acknowledgement of some record on.
func (s *journalSubject) hear(ctx context.Context, r *rand.Rand) error {
	known := s.model.records[r.IntN(len(s.model.records))]
	if known.sequence < s.model.said {
		return nil
	}
	link := known.stored.Link(seal.Portable())
	err := s.journal.Acknowledge(ctx, &message.Acknowledgement{HighWater: known.sequence, HighWaterLink: link[:]})
	if err == nil {
		s.acknowledge(journalCommit{acknowledged: known.sequence})
	}
	return err
}

// append commits entries in one Append.
func (s *journalSubject) append(ctx context.Context, entries []journal.Entry) error {
	c, err := committed(s.model.last()+1, entries)
	if err != nil {
		return err
	}
	return s.commit(c, func() ([]record.Record, error) { return s.journal.Append(ctx, entries...) })
}

// commit makes one commit: from before it begins until it is confirmed it is on its way.
func (s *journalSubject) commit(c journalCommit, do func() ([]record.Record, error)) error {
	s.flight = []journalCommit{c}
	records, err := do()
	if err != nil {
		return err
	}
	c.keep(records)
	s.acknowledge(c)
	return nil
}

// keep notes the records' bytes.
func (c *journalCommit) keep(records []record.Record) {
	for i := range c.records {
		c.records[i].stored = records[i]
	}
}

// together lets several callers come while a commit is on its way, so that they share the next one.
func (s *journalSubject) together(ctx context.Context, r *rand.Rand) error {
	before := faults(r, 1)
	first, err := committed(s.model.last()+1, before)
	if err != nil {
		return err
	}
	callers := make([][]journal.Entry, 2+r.IntN(3))
	var all []journal.Entry
	for i := range callers {
		callers[i] = faults(r, 1+r.IntN(3))
		all = append(all, callers[i]...)
	}
	second, err := committed(s.model.last()+2, all)
	if err != nil {
		return err
	}
	s.flight = []journalCommit{first, second}
	answers := s.crowd(ctx, before, callers)
	var records []record.Record
	for i, a := range answers {
		if a.err != nil {
			if i > 0 && answers[0].err == nil {
				first.keep(answers[0].records)
				s.acknowledge(first)
				s.flight = []journalCommit{second}
			}
			return a.err
		}
		if i > 0 {
			records = append(records, a.records...)
		}
	}
	first.keep(answers[0].records)
	second.keep(records)
	s.acknowledge(first, second)
	return nil
}

// answer is what an Append returned.
type answer struct {
	records []record.Record
	err     error
}

// crowd holds the first caller's commit at its first write until all others are in the queue, in their order.
func (s *journalSubject) crowd(ctx context.Context, first []journal.Entry, others [][]journal.Entry) []answer {
	answers := make([]answer, 1+len(others))
	done := make([]chan struct{}, len(answers))
	call := func(ctx context.Context, i int, entries []journal.Entry) {
		done[i] = make(chan struct{})
		go func() {
			defer close(done[i])
			answers[i].records, answers[i].err = s.journal.Append(ctx, entries...)
		}()
	}
	held, release := s.disk.Hold()
	call(ctx, 0, first)
	select {
	case <-held:
	case <-done[0]: // it failed before it wrote anything
		release()
		return answers[:1]
	}
	for i, entries := range others {
		q := newQueued(ctx)
		call(q, i+1, entries)
		select {
		case <-q.ready:
		case <-done[i+1]:
		}
	}
	release()
	for i := range done {
		<-done[i]
	}
	return answers
}

// committed is the commit of entries, the first of which gets the sequence.
func committed(sequence uint64, entries []journal.Entry) (c journalCommit, err error) {
	c.records, err = wanted(sequence, entries...)
	for i, entry := range entries {
		if entry.Sale != nil {
			at := sequence + uint64(i)
			c.sales = append(c.sales, wantedSale{Snapshot: *entry.Sale, first: at, last: at})
		}
	}
	return c, err
}

// wanted are the records that entries become.
func wanted(sequence uint64, entries ...journal.Entry) ([]wantedRecord, error) {
	records := make([]wantedRecord, len(entries))
	for i, entry := range entries {
		body, err := proto.Marshal(entry.Body)
		if err != nil {
			return nil, fmt.Errorf("marshal body: %w", err)
		}
		records[i] = wantedRecord{sequence: sequence + uint64(i), kind: entry.Type, body: body}
	}
	return records, nil
}
