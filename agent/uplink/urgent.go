package uplink

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

// urgent keeps the records of payments that are not definite, with their secrets. Secrets exist nowhere else, and are
// overwritten when they are dropped.
type urgent struct {
	mu      sync.Mutex
	entries map[uint64]*urgentEntry
	// lastSent and lastResult are when a payment was last sent and a result last came.
	lastSent, lastResult time.Time
	heldBack             bool // something else has kept still since
}

type urgentEntry struct {
	record record.Record
	secret []byte
	sentAt time.Time // zero when it has not been sent on this connection
}

func newUrgent() *urgent { return &urgent{entries: make(map[uint64]*urgentEntry)} }

// keep remembers a record. A record has one secret for ever: the envelope's nonce is its sequence. It returns the
// secret to send, or ErrSecret.
func (u *urgent) keep(sequence uint64, r record.Record, secret []byte) ([]byte, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	entry := u.entries[sequence]
	if entry == nil {
		u.makeRoom()
		entry = &urgentEntry{record: r, secret: bytes.Clone(secret)}
		u.entries[sequence] = entry
	}
	if entry.secret == nil {
		entry.secret = bytes.Clone(secret)
	}
	if secret != nil && !bytes.Equal(secret, entry.secret) {
		return nil, fmt.Errorf("%w: %d", ErrSecret, sequence)
	}
	return entry.copySecret(), nil
}

// makeRoom drops the oldest payment's entry; its record is in the journal and is still sent from there.
func (u *urgent) makeRoom() {
	if len(u.entries) < urgentMax {
		return
	}
	u.drop(slices.Min(u.sequences()))
}

func (u *urgent) sequences() []uint64 {
	sequences := make([]uint64, 0, len(u.entries))
	for sequence := range u.entries {
		sequences = append(sequences, sequence)
	}
	slices.Sort(sequences)
	return sequences
}

func (u *urgent) drop(sequence uint64) {
	if entry := u.entries[sequence]; entry != nil {
		clear(entry.secret)
		delete(u.entries, sequence)
	}
}

func (e *urgentEntry) copySecret() []byte { return bytes.Clone(e.secret) }

func (u *urgent) forget(sequence uint64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.drop(sequence)
}

func (u *urgent) clear() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for sequence := range u.entries {
		u.drop(sequence)
	}
}

func (u *urgent) sent(sequence uint64, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.lastSent = at
	if entry := u.entries[sequence]; entry != nil {
		entry.sentAt = at
	}
}

// answered notes that a result came, and returns whether anything was held back for it.
func (u *urgent) answered(at time.Time) (heldBack bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	heldBack, u.heldBack, u.lastResult = u.heldBack, false, at
	return heldBack
}

// hold returns how long everything else should keep still: for a payment under way, and a moment after its result,
// which is being recorded and printed; 0 when there is none.
func (u *urgent) hold(now time.Time) time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	rest := holdAfter - now.Sub(u.lastResult)
	if u.lastSent.After(u.lastResult) {
		rest = holdMax - now.Sub(u.lastSent)
	}
	u.heldBack = rest > 0
	return max(0, rest)
}

// secretOf returns a copy of a record's secret, nil when there is none any more, and when it was last sent.
func (u *urgent) secretOf(sequence uint64) ([]byte, time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	entry := u.entries[sequence]
	if entry == nil {
		return nil, time.Time{}
	}
	return entry.copySecret(), entry.sentAt
}

// restart returns all records, oldest first, as not sent yet.
func (u *urgent) restart() []record.Record {
	u.mu.Lock()
	defer u.mu.Unlock()
	var records []record.Record
	for _, sequence := range u.sequences() {
		u.entries[sequence].sentAt = time.Time{}
		records = append(records, u.entries[sequence].record)
	}
	return records
}

// SendNow publishes a record at once, ahead of any backlog, from the caller's goroutine and without waiting for the
// broker; at the worst it waits Timings.Write for the socket. The record must have been committed. The secret, which
// may be nil, is kept in memory until Forget; calling again without one repeats the same bytes, which is how a result
// is asked for. It returns ErrOffline (the record is sent by itself when there is a connection), ErrBusy (it is sent by
// itself in its turn), ErrStopped, ErrSecret, keyring.ErrEpoch and the socket's errors.
func (u *Uplink) SendNow(r record.Record, secret []byte) error {
	header, err := record.ParseHeader(r)
	if err != nil {
		return fmt.Errorf("send record: %w", err)
	}
	if len(secret) > record.SecretMax {
		return fmt.Errorf("send record: %w: secret", record.ErrTooLong)
	}
	kept, err := u.urgent.keep(header.Sequence, r, secret)
	if err != nil {
		return fmt.Errorf("send record: %w", err)
	}
	defer clear(kept)
	if err := u.stopped(); err != nil {
		return err
	}
	s := u.current()
	if s == nil {
		signal(u.hurry)
		return ErrOffline
	}
	return u.sendUrgent(s, r, header, kept)
}

func (u *Uplink) sendUrgent(s *session, r record.Record, header record.Header, secret []byte) error {
	keys, err := u.keyring.Keys(header.Epoch)
	if err != nil {
		return fmt.Errorf("send record: %w", err)
	}
	frame, err := record.Seal(keys.Envelope, r, secret)
	if err != nil {
		return fmt.Errorf("seal record: %w", err)
	}
	if !s.enterNow(header.Sequence, u.settled) {
		return ErrBusy
	}
	u.urgent.sent(header.Sequence, u.config.Steady())
	err = s.publish(topic.Now, record.AppendBatch(make([]byte, 0, record.BatchSize(frame)), frame))
	// The client writes in a goroutine of its own: it goes first, before the caller shows what was sent.
	runtime.Gosched()
	return err
}

// Forget erases what is kept for a record: its payment is definite.
func (u *Uplink) Forget(sequence uint64) { u.urgent.forget(sequence) }

// repeatUrgent sends what is not definite first of all on a new connection.
func (u *Uplink) repeatUrgent(s *session) error {
	for _, r := range u.urgent.restart() {
		header, err := record.ParseHeader(r)
		if err != nil {
			return fmt.Errorf("repeat record: %w", err)
		}
		secret, _ := u.urgent.secretOf(header.Sequence)
		err = u.sendUrgent(s, r, header, secret)
		clear(secret)
		if err != nil {
			return err
		}
	}
	return nil
}
