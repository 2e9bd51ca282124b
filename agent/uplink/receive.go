package uplink

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

var errNotOurs = errors.New("message is not for this terminal")

// receive takes a message of lane down on the MQTT client's goroutine. It waits for nobody who might wait for the network:
// only for locks that are held briefly, and to compare an acknowledged link for one record to be read from the journal.
func (u *Uplink) receive(s *session, payload []byte) {
	err := u.take(s, payload)
	if err == nil {
		return
	}
	u.mu.Lock()
	u.status.Rejected++
	u.mu.Unlock()
	u.notes.warn("uplink rejected a message", "bytes", len(payload), "error", err)
}

func (u *Uplink) take(s *session, payload []byte) error {
	header, err := record.ParseHeader(payload)
	if err != nil {
		return err
	}
	if header.Direction != seal.Down || header.Terminal != u.keyring.Terminal() {
		return errNotOurs
	}
	if header.Type == record.SignInAnswer {
		offer(s.answers, bytes.Clone(payload))
		return nil
	}
	r, err := u.unseal(header, payload)
	if errors.Is(err, keyring.ErrEpoch) {
		u.otherEpoch(header.Epoch)
	}
	if err != nil {
		return err
	}
	u.heard(header)
	switch header.Type {
	case record.Acknowledgement:
		return u.acknowledged(header, r)
	case record.PaymentResult:
		return deliver(u, r, u.results, new(message.PaymentResult))
	case record.FollowUpResult:
		return deliver(u, r, u.followUp, new(message.FollowUpResult))
	case record.OrderFound:
		return deliver(u, r, u.found, new(message.OrderFound))
	case record.Refusal:
		return u.refusal(r)
	case record.OfflineLimits:
		u.limited(header, r)
		return nil
	default:
		return fmt.Errorf("unknown answer %v", header.Type)
	}
}

// deliver hands an answer that somebody may be waiting for to the till.
func deliver[M proto.Message](u *Uplink, r record.Record, to chan M, answer M) error {
	if err := proto.Unmarshal(r.Body(), answer); err != nil {
		return fmt.Errorf("parse answer: %w", err)
	}
	// Who is woken last runs first: that must be the till.
	if u.urgent.answered(u.config.Steady()) {
		signal(u.wake)
	}
	offer(to, answer)
	return nil
}

// otherEpoch signs in when answers come under an epoch that only another copy of this terminal can have opened: what the
// cloud says, refusals too, cannot be read until then. Nobody vouches for the number, so it costs a sign-in every AckMax
// at most.
func (u *Uplink) otherEpoch(epoch uint32) {
	if newest, known := u.keyring.Current(); known && epoch <= newest.Number {
		return
	}
	u.mu.Lock()
	now := u.config.Clock()
	due := u.deafAt.IsZero() || now.Sub(u.deafAt) >= u.config.Timings.AckMax || now.Before(u.deafAt)
	if due {
		u.deafAt = now
	}
	u.mu.Unlock()
	if due {
		u.demandSignIn("cloud answers under an epoch that was not opened here")
		signal(u.wake)
	}
}

// unseal opens an answer and verifies that the cloud made it.
func (u *Uplink) unseal(header record.Header, payload []byte) (record.Record, error) {
	keys, err := u.keyring.Keys(header.Epoch)
	if err != nil {
		return nil, err
	}
	r, _, err := record.Frame(payload).Open(keys.Envelope, header)
	if err != nil {
		return nil, err
	}
	return r, r.Verify(keys.Answer)
}

// heard takes the cloud's clock from an answer that the cloud made. An older answer sent again says nothing about now.
func (u *Uplink) heard(header record.Header) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.openedAt = u.config.Steady()
	if !header.MadeAfter(u.newest) {
		return
	}
	u.newest = header
	u.status.HeardAt, u.status.HeardSteady = u.config.Clock(), u.openedAt
	u.status.ClockOffset = header.Time.Sub(u.status.HeardAt)
}

// limited hands limits to the till unless it was given some that were made later: only one answer waits.
func (u *Uplink) limited(header record.Header, r record.Record) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if header.MadeAfter(u.newestLimits) {
		u.newestLimits = header
		offer(u.limits, r)
	}
}

// VerifyAnswer checks that a stored answer is the cloud's and was for this terminal. Errors: keyring.ErrEpoch,
// record's and seal's.
func (u *Uplink) VerifyAnswer(answer record.Record) error {
	r, header, err := record.Parse(answer)
	if err != nil {
		return err
	}
	if header.Direction != seal.Down || header.Terminal != u.keyring.Terminal() {
		return errNotOurs
	}
	keys, err := u.keyring.Keys(header.Epoch)
	if err != nil {
		return err
	}
	return r.Verify(keys.Answer)
}

// acknowledged hands an acknowledgement to the journal, which checks it against its own chain.
func (u *Uplink) acknowledged(header record.Header, r record.Record) error {
	ack := new(message.Acknowledgement)
	if err := proto.Unmarshal(r.Body(), ack); err != nil {
		return fmt.Errorf("parse acknowledgement: %w", err)
	}
	u.mu.Lock()
	// Only the newest answer says what the cloud has now.
	behind := header == u.newest && u.lacks(ack.GetHighWater())
	u.mu.Unlock()
	if behind {
		u.demandSignIn("cloud lacks records that it has acknowledged")
	}
	err := u.journal.Acknowledge(context.Background(), ack)
	switch {
	case errors.Is(err, journal.ErrLinkMismatch):
		u.foreign(ack.GetHighWater())
		u.stop(err)
	case errors.Is(err, journal.ErrBehind):
		u.demandSignIn(err.Error())
	case err != nil:
		return err
	default:
		u.mu.Lock()
		u.status.LastAck = u.config.Clock()
		u.mu.Unlock()
	}
	signal(u.wake)
	return nil
}

// refusal tells somebody that the cloud did not take a record. Everything else goes on; the record stays in the
// journal as unsent and is offered again on the next connection.
func (u *Uplink) refusal(r record.Record) error {
	refusal := new(message.Refusal)
	if err := proto.Unmarshal(r.Body(), refusal); err != nil {
		return fmt.Errorf("parse refusal: %w", err)
	}
	u.mu.Lock()
	u.status.Refused++
	u.status.LastRefusal = refusal
	if len(u.refused) < refusedMax {
		u.refused[refusal.Sequence] = true
	}
	u.mu.Unlock()
	if refusal.Cause == message.Refusal_CAUSE_OTHER_BYTES {
		u.foreign(refusal.Sequence)
	}
	u.notes.warn("cloud refused a record", "sequence", refusal.Sequence, "epoch", refusal.Epoch, "cause", refusal.Cause.String())
	u.heed(refusal)
	offer(u.refusals, refusal)
	signal(u.wake)
	return nil
}

// heed signs in when a refusal means that the epoch has ended or that there is another copy of this journal. Only the
// present epoch's refusals mean it; an older record's would be said at every repetition.
func (u *Uplink) heed(refusal *message.Refusal) {
	if refusal.Epoch != u.journal.Tail().Epoch {
		return
	}
	switch refusal.Cause {
	case message.Refusal_CAUSE_EPOCH:
		u.demandSignIn("cloud does not know the epoch")
		u.mu.Lock()
		delete(u.refused, refusal.Sequence) // once there is a new epoch it may be taken
		u.mu.Unlock()
	case message.Refusal_CAUSE_OTHER_BYTES:
		u.demandSignIn("cloud has another record under this number")
	default: // told, and nothing else
	}
}

// isRefused says that a record was refused on this connection.
func (u *Uplink) isRefused(sequence uint64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.refused[sequence]
}

// settled says that a record is acknowledged, or refused on this connection.
func (u *Uplink) settled(sequence uint64) bool {
	return u.journal.Waiting(sequence, sequence) == 0 || u.isRefused(sequence)
}

// refusedWithin counts refused records from first to last that are still unacknowledged.
func (u *Uplink) refusedWithin(first, last uint64) uint64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := uint64(0)
	for sequence := range u.refused {
		if sequence >= first && sequence <= last {
			n += u.journal.Waiting(sequence, sequence)
		}
	}
	return n
}
