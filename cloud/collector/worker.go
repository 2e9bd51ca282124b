package collector

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/topic"
)

// changeRowsMax is when a message's change is submitted although the message goes on.
const changeRowsMax = store.RowsMax - 64

// worker verifies the records of its share of the terminals.
type worker struct {
	*Collector
	urgent  chan delivery // lanes now and sign: ahead of any backlog
	backlog chan delivery
}

func newWorker(c *Collector) *worker {
	return &worker{Collector: c, urgent: make(chan delivery, messagesMax), backlog: make(chan delivery, messagesMax)}
}

func (w *worker) run(ctx context.Context) {
	for {
		select {
		case d := <-w.urgent:
			w.take(ctx, d)
			continue
		default:
		}
		select {
		case d := <-w.urgent:
			w.take(ctx, d)
		case d := <-w.backlog:
			w.take(ctx, d)
		case <-ctx.Done():
			return
		}
	}
}

func (w *worker) take(ctx context.Context, d delivery) {
	defer d.done()
	if w.door.Shut(d.terminal) {
		w.metrics.refused("flood")
		return
	}
	t, err := w.tracker(ctx, d.terminal)
	if err != nil {
		w.metrics.refused("terminal")
		if !errors.Is(err, errStale) && !errors.Is(err, store.ErrNotFound) && ctx.Err() == nil {
			w.config.Logger.LogAttrs(ctx, slog.LevelError, "load terminal",
				slog.String("terminal", d.terminal.String()), slog.Any("cause", err))
		}
		return
	}
	defer t.hold(-1)
	switch d.lane {
	case topic.SignIn:
		w.door.charge(d.terminal, len(d.data)+noiseEach)
		if t.looks.allow(w.config.Downlink.config.Clock(), signInsPerSecond) {
			w.lookAgain(ctx, t)
		}
		w.signIn(ctx, t, d.data)
	case topic.Now, topic.Up:
		w.batch(ctx, t, d)
	default:
		w.metrics.refused("subject")
	}
}

// batch verifies a message's records and submits those that are new as one change.
func (w *worker) batch(ctx context.Context, t *tracker, d delivery) {
	now := w.config.Downlink.config.Clock()
	frames, err := record.SplitBatch(d.data)
	if err != nil {
		w.door.charge(d.terminal, len(d.data)+noiseEach)
		w.refuse(ctx, t, now, record.Header{}, nil, message.Refusal_CAUSE_MALFORMED)
		return
	}
	b, noise := &building{}, 0
	for _, f := range frames {
		if !w.frame(ctx, t, f, now, b) {
			noise += len(f) + noiseEach
		}
		if b.change.Rows() >= changeRowsMax {
			w.submit(ctx, t, b)
			b = &building{looked: true}
		}
	}
	w.submit(ctx, t, b)
	if noise > 0 {
		w.door.charge(d.terminal, noise)
	}
}

// building is a change while a message is being worked through.
type building struct {
	change store.Change
	told   []func(error)
	now    bool // has records whose acknowledgement does not wait
	looked bool // whether the terminal is still blocked; once a message
}

// frame verifies one frame: envelope, tag, epoch, then its place in the chain. It reports whether the terminal made it, as
// far as its envelope and tag tell.
func (w *worker) frame(ctx context.Context, t *tracker, f record.Frame, now time.Time, b *building) bool {
	header, err := record.ParseHeader(f)
	if err != nil || header.Direction != seal.Up || header.Terminal != t.terminal.ID ||
		header.Sequence == 0 || header.Sequence > store.SequenceMax {
		w.refuse(ctx, t, now, header, nil, message.Refusal_CAUSE_MALFORMED)
		return false
	}
	downlink := w.config.Downlink
	keys := downlink.directory.loader.keysOf(t, header.Epoch)
	if keys == nil {
		w.refuse(ctx, t, now, header, nil, message.Refusal_CAUSE_EPOCH)
		return false
	}
	opened, secret, err := f.Open(keys.Envelope, header)
	if err == nil {
		err = opened.Verify(keys.Record)
	}
	if err != nil {
		w.refuse(ctx, t, now, header, nil, message.Refusal_CAUSE_TAG)
		return false
	}
	if !b.looked {
		b.looked = true
		w.lookAgain(ctx, t)
	}
	switch t.terminal.State {
	case store.TerminalActive:
	case store.TerminalQuarantined:
		if !w.answerAside(ctx, t, Verified{Terminal: t.terminal, Header: header, Record: opened}, secret) {
			w.refuse(ctx, t, now, header, opened, message.Refusal_CAUSE_CHAIN)
		}
		return true
	default:
		w.refuse(ctx, t, now, header, nil, message.Refusal_CAUSE_TERMINAL)
		return true
	}
	if end := t.endOf(header.Epoch); end != 0 && header.Sequence >= end {
		if !w.answerAside(ctx, t, Verified{Terminal: t.terminal, Header: header, Record: opened}, secret) {
			w.refuse(ctx, t, now, header, opened, message.Refusal_CAUSE_EPOCH)
		}
		return true
	}
	w.place(ctx, t, Verified{Terminal: t.terminal, Header: header, Record: opened}, secret, keys, now, b)
	return true
}

// place puts a verified record where it belongs.
func (w *worker) place(ctx context.Context, t *tracker, r Verified, secret []byte, keys *seal.Keys, now time.Time, b *building) {
	switch t.chain.place(r.Header.Sequence, r.Header.Previous, r.Record.Link(w.config.Downlink.config.Engine)) {
	case placed:
		t.used(keys)
		b.now = b.now || !patient(r.Header.Type)
		b.change.Records = append(b.change.Records,
			store.Record{Terminal: t.terminal.ID, Sequence: r.Header.Sequence, Bytes: r.Record, ReceivedAt: now})
		switch r.Header.Type {
		case record.EpochOpened:
			w.epochOpened(t, r, now, b)
		case record.DeviceFault:
			b.change.Alarms = append(b.change.Alarms, journalDamaged(t, r.Record, now)...)
		default:
			b.change.Alarms = append(b.change.Alarms, unknownType(t, r.Header, now)...)
		}
		if consumer := w.config.Consumers[r.Header.Type]; consumer != nil {
			change, told := consumer.Consume(ctx, r, secret)
			b.change.Append(change)
			if told != nil {
				b.told = append(b.told, told)
			}
		}
	case duplicate:
		w.duplicate(ctx, t, r, secret, now, b)
	case broken:
		w.breakChain(ctx, t, r, now)
	case crowded:
		w.metrics.refused("gaps") // the terminal closes its gaps first and sends this again
	}
}

// duplicate compares a record with what is stored under its sequence.
func (w *worker) duplicate(ctx context.Context, t *tracker, r Verified, secret []byte, now time.Time, b *building) {
	for i := range b.change.Records { // twice in one message
		if b.change.Records[i].Sequence == r.Header.Sequence {
			if !same(b.change.Records[i].Bytes, r.Record) {
				w.refuse(ctx, t, now, r.Header, r.Record, message.Refusal_CAUSE_OTHER_BYTES)
			}
			return
		}
	}
	if pending := t.pending(r.Header.Sequence); pending != nil {
		if !same(pending, r.Record) {
			w.refuse(ctx, t, now, r.Header, r.Record, message.Refusal_CAUSE_OTHER_BYTES)
		}
		return // its acknowledgement and answer follow the commit
	}
	stored, err := w.config.Downlink.config.Store.Record(ctx, t.terminal.ID, r.Header.Sequence)
	if err != nil {
		if ctx.Err() == nil {
			w.config.Logger.LogAttrs(ctx, slog.LevelError, "read record again", slog.Any("cause", err))
		}
		return
	}
	if !same(stored.Bytes, r.Record) {
		w.refuse(ctx, t, now, r.Header, r.Record, message.Refusal_CAUSE_OTHER_BYTES)
		return
	}
	w.metrics.duplicates.Inc()
	w.acker.add(t)
	if consumer := w.config.Consumers[r.Header.Type]; consumer != nil {
		consumer.Again(ctx, r, secret)
	}
}

// answerAside has an urgent record answered again that was stored before its terminal was set aside, or its epoch ended, so
// that open sales become definite, and so that a refusal means that nothing was begun. Nothing is stored or acknowledged. It
// reports false for every other record.
func (w *worker) answerAside(ctx context.Context, t *tracker, r Verified, secret []byte) bool {
	consumer := w.config.Consumers[r.Header.Type]
	if consumer == nil || !r.Header.Type.Urgent() {
		return false
	}
	if pending := t.pending(r.Header.Sequence); pending != nil {
		return same(pending, r.Record) // its answer follows the commit
	}
	stored, err := w.config.Downlink.config.Store.Record(ctx, t.terminal.ID, r.Header.Sequence)
	if err != nil || !same(stored.Bytes, r.Record) {
		if err != nil && !errors.Is(err, store.ErrNotFound) && ctx.Err() == nil {
			w.config.Logger.LogAttrs(ctx, slog.LevelError, "read record again", slog.Any("cause", err))
		}
		return false
	}
	w.metrics.duplicates.Inc()
	consumer.Again(ctx, r, secret)
	return true
}

// epochOpened notes from which sequence on only the new epoch counts.
func (w *worker) epochOpened(t *tracker, r Verified, now time.Time, b *building) {
	var body message.EpochOpened
	epoch := t.epoch(r.Header.Epoch)
	if err := proto.Unmarshal(r.Record.Body(), &body); err != nil || epoch == nil || body.GetEpoch() != r.Header.Epoch {
		b.change.Alarms = append(b.change.Alarms, alarmOf(t, alarm.EpochRecord, "epoch-opened record names another epoch", now))
		return
	}
	if epoch.FirstSequence == 0 {
		epoch.FirstSequence = r.Header.Sequence
		b.change.Epochs = append(b.change.Epochs, *epoch)
	}
	if body.GetLostFrom() != 0 {
		detail := "the terminal's journal was an old copy; it goes on behind the records stored here"
		if body.GetLostFrom() == 1 {
			detail = "the terminal's journal is missing: it began a new one, which goes on behind the records stored here"
		}
		b.change.Alarms = append(b.change.Alarms, alarmOf(t, alarm.JournalRestored, detail, now))
	}
}

// submit hands a change to the store together with the head as it is afterwards.
func (w *worker) submit(ctx context.Context, t *tracker, b *building) {
	if len(b.change.Records) == 0 {
		return
	}
	t.chain.head.Revision++
	s := &submission{records: b.change.Records, after: t.chain.copy(), told: b.told}
	b.change.Heads = append(b.change.Heads, s.after.head)
	t.submitted(s)
	count := len(s.records)
	err := w.config.Downlink.config.Store.Submit(ctx, b.change, func(err error) {
		t.settled(s, err)
		for _, told := range s.told {
			told(err)
		}
		if err != nil {
			w.failed(t, err)
			return
		}
		w.metrics.records.Add(float64(count))
		if b.now {
			w.acker.add(t)
		} else {
			w.acker.addLater(t, count)
		}
	})
	if err != nil {
		t.settled(s, err)
		for _, told := range s.told {
			told(err)
		}
		w.failed(t, err)
	}
}

// failed tells that a change was not stored; the terminal is loaded again and sends its records again.
func (w *worker) failed(t *tracker, err error) {
	w.metrics.refused("store")
	w.config.Logger.LogAttrs(context.Background(), slog.LevelWarn, "records not stored",
		slog.String("terminal", t.terminal.ID.String()), slog.Any("cause", err))
}
