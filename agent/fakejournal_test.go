package agent_test

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent"
	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// fakeJournal keeps everything in memory and fails on demand. It survives its agent as a file would.
type fakeJournal struct {
	mu      sync.Mutex
	mac     *seal.MAC
	records []record.Record
	sales   []journal.Sale // in the order they began
	follow  []journal.FollowUp
	fail    error
	room    error
	dumb    error // what finding a key says
	tries   int   // appends, whether they failed or not
	reads   int   // of records in their order
	epoch   uint32
	lost    []journal.Loss
	// acknowledged is the sequence up to which the cloud has said that it has everything.
	acknowledged uint64
	// searching and recording block FindLabel, and the record of a lookup, until they are closed or their caller leaves.
	searching, recording chan struct{}
}

func newFakeJournal() *fakeJournal {
	return &fakeJournal{mac: seal.NewMAC(seal.Portable(), make([]byte, seal.KeySize)), epoch: 1}
}

func (j *fakeJournal) change(apply func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	apply()
}

// wait blocks on what change has set; nil does not block.
func (j *fakeJournal) wait(ctx context.Context, until chan struct{}) error {
	if until == nil {
		return nil
	}
	select {
	case <-until:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *fakeJournal) Append(ctx context.Context, entries ...journal.Entry) ([]record.Record, error) {
	if entries[0].Type == record.OrderLookup {
		j.mu.Lock()
		until := j.recording
		j.mu.Unlock()
		if err := j.wait(ctx, until); err != nil {
			return nil, err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.tries++
	switch {
	case j.fail != nil:
		return nil, j.fail
	case j.epoch == 0:
		return nil, journal.ErrNoEpoch
	case j.room != nil && slices.ContainsFunc(entries, needsRoom):
		return nil, j.room
	}
	var made []record.Record
	for _, entry := range entries {
		body, err := proto.Marshal(entry.Body)
		if err != nil {
			return nil, err
		}
		built, err := record.Build(j.mac, record.Header{
			Direction: seal.Up, Type: entry.Type, Epoch: j.epoch, Sequence: uint64(len(j.records) + 1), Terminal: terminal,
			Time: time.Now(),
		}, body)
		if err != nil {
			return nil, err
		}
		j.records = append(j.records, built)
		made = append(made, built)
		if entry.Sale != nil {
			j.keep(*entry.Sale, uint64(len(j.records)))
		}
		if entry.FollowUp != nil {
			j.keepFollowUp(*entry.FollowUp, uint64(len(j.records)))
		}
	}
	return made, nil
}

func (j *fakeJournal) SaveSale(_ context.Context, sale journal.Snapshot) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail != nil {
		return j.fail
	}
	j.keep(sale, uint64(len(j.records)))
	return nil
}

func (j *fakeJournal) FindBegun(_ context.Context, key string) (journal.Begun, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, one := range j.sales {
		if own, err := agent.SaleKey(one.State); err == nil && own == key {
			return journal.Begun{Order: one.OrderID}, j.dumb
		}
	}
	for _, one := range j.follow {
		if own, err := agent.FollowUpKey(one.State); err == nil && own == key {
			return journal.Begun{FollowUp: one.ID}, j.dumb
		}
	}
	return journal.Begun{}, cmp.Or(j.dumb, journal.ErrNotFound)
}

func (j *fakeJournal) FindAct(_ context.Context, kind record.Type, key string) (record.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range j.records {
		header, err := record.ParseHeader(r)
		if err != nil {
			return nil, err
		}
		body := map[record.Type]interface {
			proto.Message
			GetKey() string
		}{
			record.ShiftOpened: &message.ShiftOpened{}, record.CashMoved: &message.CashMoved{}, record.ShiftClosed: &message.ShiftClosed{},
		}[kind]
		if header.Type == kind && proto.Unmarshal(r.Body(), body) == nil && key != "" && body.GetKey() == key {
			return r, j.dumb
		}
	}
	return nil, cmp.Or(j.dumb, journal.ErrNotFound)
}

// needsRoom reports whether an entry begins something.
func needsRoom(entry journal.Entry) bool {
	return (entry.Type == record.PaymentRequested || entry.Type == record.FollowUpRequested) && !entry.Begun
}

func (j *fakeJournal) keep(snapshot journal.Snapshot, sequence uint64) {
	for i := range j.sales {
		if j.sales[i].OrderID == snapshot.OrderID {
			j.sales[i].Snapshot, j.sales[i].Last = snapshot, sequence
			return
		}
	}
	j.sales = append(j.sales, journal.Sale{Snapshot: snapshot, First: sequence, Last: sequence})
}

func (j *fakeJournal) Room() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.room
}

func (j *fakeJournal) Tail() journal.Position {
	j.mu.Lock()
	defer j.mu.Unlock()
	return journal.Position{Sequence: uint64(len(j.records)), Epoch: j.epoch}
}

func (j *fakeJournal) Waiting(first, last uint64) uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	first, last = max(first, j.acknowledged+1, 1), min(last, uint64(len(j.records)))
	if first > last {
		return 0
	}
	return last - first + 1
}

func (j *fakeJournal) Counts(context.Context) (journal.Counts, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return journal.Counts{Records: uint64(len(j.records)), Sales: uint64(len(j.sales)), Lost: j.lost}, nil
}

func (j *fakeJournal) OpenSales(context.Context) ([]journal.Sale, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var open []journal.Sale
	for _, sale := range j.sales {
		if sale.Open {
			open = append(open, sale)
		}
	}
	return open[:min(len(open), journal.OpenMax)], nil
}

func (j *fakeJournal) LastSales(_ context.Context, n int) ([]journal.Sale, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	latest := slices.Clone(j.sales)
	slices.Reverse(latest)
	return latest[:min(n, len(latest))], nil
}

func (j *fakeJournal) Find(_ context.Context, id journal.OrderID) (journal.Sale, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, sale := range j.sales {
		if sale.OrderID == id {
			return sale, nil
		}
	}
	return journal.Sale{}, journal.ErrNotFound
}

func (j *fakeJournal) Get(_ context.Context, sequence uint64) (record.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if sequence == 0 || sequence > uint64(len(j.records)) {
		return nil, journal.ErrNotFound
	}
	return j.records[sequence-1], nil
}

func (j *fakeJournal) Landmarks(_ context.Context, kind record.Type, before uint64, limit int) ([]record.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var found []record.Record
	for _, r := range slices.Backward(j.records) {
		header, err := record.ParseHeader(r)
		if err != nil {
			return nil, err
		}
		if header.Type == kind && (before == 0 || header.Sequence < before) && len(found) < limit {
			found = append(found, r)
		}
	}
	return found, nil
}

func (j *fakeJournal) Records(_ context.Context, after uint64, recordsMax, _ int) ([]record.Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.reads++
	if after >= uint64(len(j.records)) {
		return nil, nil
	}
	rest := j.records[after:]
	return slices.Clone(rest[:min(len(rest), recordsMax)]), nil
}

// all returns the records so far.
func (j *fakeJournal) all() []record.Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.records)
}

// types lists what was recorded about sales, in order.
func (j *fakeJournal) types(t *testing.T) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var names []string
	for _, r := range j.records {
		header, err := record.ParseHeader(r)
		require.NoError(t, err)
		if header.Type != record.AgentStarted && header.Type != record.ShiftOpened {
			names = append(names, header.Type.String())
		}
	}
	return names
}

func (j *fakeJournal) keepFollowUp(snapshot journal.FollowUpSnapshot, sequence uint64) {
	for i := range j.follow {
		if j.follow[i].ID == snapshot.ID {
			j.follow[i].FollowUpSnapshot, j.follow[i].Last = snapshot, sequence
			return
		}
	}
	j.follow = append(j.follow, journal.FollowUp{
		FollowUpSnapshot: snapshot, Number: uint64(len(j.follow) + 1), First: sequence, Last: sequence,
	})
}

// repeatSale keeps the first sale n times more, under order ids of their own.
func (j *fakeJournal) repeatSale(t *testing.T, n int) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	var sale checkout.Sale
	require.NoError(t, sale.UnmarshalBinary(j.sales[0].State))
	for i := range n {
		sale.OrderID, sale.Origin.Key = checkout.OrderID{byte(i), 15: 1}, fmt.Sprint("again", i+1)
		state, err := sale.MarshalBinary()
		require.NoError(t, err)
		j.keep(journal.Snapshot{OrderID: journal.OrderID(sale.OrderID), State: state, Open: j.sales[0].Open}, j.sales[0].Last)
	}
}

func (j *fakeJournal) pick(wanted func(journal.FollowUp) bool) []journal.FollowUp {
	j.mu.Lock()
	defer j.mu.Unlock()
	var picked []journal.FollowUp
	for _, f := range j.follow {
		if wanted(f) {
			picked = append(picked, f)
		}
	}
	return picked
}

func (j *fakeJournal) OpenFollowUps(context.Context) ([]journal.FollowUp, error) {
	return j.pick(func(f journal.FollowUp) bool { return f.Open }), nil
}

func (j *fakeJournal) LastFollowUps(_ context.Context, n int) ([]journal.FollowUp, error) {
	all := j.pick(func(journal.FollowUp) bool { return true })
	slices.Reverse(all)
	return all[:min(n, len(all))], nil
}

func (j *fakeJournal) FollowUpsOf(_ context.Context, order journal.OrderID) ([]journal.FollowUp, error) {
	return j.pick(func(f journal.FollowUp) bool { return f.OrderID == order }), nil
}

func (j *fakeJournal) FindFollowUp(_ context.Context, id journal.FollowUpID) (journal.FollowUp, error) {
	found := j.pick(func(f journal.FollowUp) bool { return f.ID == id })
	if len(found) == 0 {
		return journal.FollowUp{}, journal.ErrNotFound
	}
	return found[0], nil
}

func (j *fakeJournal) FindLabel(ctx context.Context, label string) (journal.Sale, error) {
	j.mu.Lock()
	until := j.searching
	j.mu.Unlock()
	if err := j.wait(ctx, until); err != nil {
		return journal.Sale{}, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := len(j.sales) - 1; i >= 0; i-- {
		if slices.Contains(agent.SaleLabels(j.sales[i].State), label) {
			return j.sales[i], nil
		}
	}
	return journal.Sale{}, journal.ErrNotFound
}
