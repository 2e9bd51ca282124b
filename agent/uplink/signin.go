package uplink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/agent/keyring"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/topic"
)

var (
	errSignInAnswer = errors.New("sign-in answer does not fit")
	// errChain says which contradiction a sign-in brought to light.
	errChain = errors.New("cloud has another record than this journal")
)

// signIn is a sign-in under way.
type signIn struct {
	nonce [seal.NonceSize]byte
	began time.Time // zero when none is
	named uint64    // the journal's last record then
}

// opening is an epoch that was agreed on and whose record is not in the journal yet.
type opening struct {
	journal.EpochOpening
	epoch keyring.Epoch
	// stored says that the keyring has the epoch; tried is when it was last tried to keep both.
	stored bool
	tried  time.Time
}

// behind says that the cloud has records which the journal has not.
func (o *opening) behind() bool { return o.Highest > o.Compared }

// mustSignIn says why nothing may be sent before a sign-in; empty when sending may go on.
func (u *Uplink) mustSignIn() string {
	tail := u.journal.Tail()
	newest, known := u.keyring.Current()
	switch {
	case tail.Epoch == 0 || !known:
		return "no epoch yet"
	case u.unrecorded != nil && u.unrecorded.behind():
		return "journal is older than the cloud's books"
	case u.unrecorded == nil && newest.Number != tail.Epoch:
		// A sign-in that was cut off before its record was committed, or a journal older than the keys.
		return "journal and keys are of different epochs"
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.signInCause
}

// causeStart makes a terminal sign in once after each start before it sends anything: only then does it know whether
// its journal is an old copy, and what the time is where payments are decided.
const causeStart = "start"

// cloudClock is the cloud's time at one moment of ours.
type cloudClock struct{ cloud, ours time.Time }

// offset is the cloud's clock minus ours now. Time since the sign-in is measured without our clock's jumps; the jumps
// themselves are part of the offset.
func (c cloudClock) offset(now time.Time) time.Duration {
	return c.cloud.Add(now.Sub(c.ours)).Sub(now.Round(0))
}

// ClockOffset is what to add to our clock to have the cloud's; it is not known before the first sign-in since the start.
func (u *Uplink) ClockOffset() (offset time.Duration, known bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.clock.ours.IsZero() {
		return 0, false
	}
	return u.clock.offset(u.config.Clock()), true
}

// shouldSignIn says that the epoch is old, by either clock: one that people set may have been ahead when it was opened.
// Records go on under it until the new one is there.
func (u *Uplink) shouldSignIn() bool {
	newest, known := u.keyring.Current()
	u.mu.Lock()
	signedInAt := u.signedInAt
	u.mu.Unlock()
	return known && max(u.config.Clock().Sub(newest.OpenedAt), u.config.since(signedInAt)) >= u.config.Timings.EpochAge
}

// demandSignIn makes the terminal sign in before it sends anything more.
func (u *Uplink) demandSignIn(cause string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.signInCause == "" {
		u.notes.warn("uplink must sign in", "cause", cause)
	}
	u.signInCause = cause
}

// request sends a sign-in with a fresh nonce.
func (u *Uplink) request(s *session) (signIn, error) {
	attempt := signIn{began: u.config.Steady()}
	if _, err := io.ReadFull(u.config.Nonces, attempt.nonce[:]); err != nil {
		return signIn{}, fmt.Errorf("draw nonce: %w", err)
	}
	tail := u.journal.Tail()
	attempt.named = tail.Sequence
	body, err := proto.Marshal(&message.SignIn{
		TerminalNonce: attempt.nonce[:], LastSequence: tail.Sequence, LastLink: tail.Link[:],
		AgentVersion: u.config.AgentVersion, SerialNumber: u.config.SerialNumber,
		Acknowledged: u.journal.Acknowledged(), LastEpoch: u.lastEpoch(),
	})
	if err != nil {
		return signIn{}, fmt.Errorf("marshal sign-in: %w", err)
	}
	r, err := record.Build(u.keyring.SignInMAC(), record.Header{
		Direction: seal.Up, Type: record.SignIn, KeyVersion: u.keyring.KeyVersion(), Time: u.config.Clock(),
		Terminal: u.keyring.Terminal(),
	}, body)
	if err != nil {
		return signIn{}, fmt.Errorf("build sign-in: %w", err)
	}
	return attempt, s.publish(topic.SignIn, r)
}

// lastEpoch is the newest that journal or keyring know of. A cloud whose books were put back from an older copy goes on behind.
func (u *Uplink) lastEpoch() uint32 {
	newest, _ := u.keyring.Current()
	return max(newest.Number, u.journal.Tail().Epoch)
}

// answered takes a sign-in answer: new keys are stored before the first record is tagged with them. errSignInAnswer
// means that the answer is not for this attempt or not from the cloud; it is ignored.
func (u *Uplink) answered(ctx context.Context, attempt signIn, raw []byte) error {
	header, answer, err := u.checkAnswer(attempt, raw)
	if err != nil {
		return err
	}
	last := u.journal.Tail().Sequence
	if err := u.compare(ctx, answer, last); err != nil {
		return err
	}
	epoch := keyring.Epoch{
		Number: header.Epoch, TerminalNonce: attempt.nonce, CloudNonce: [seal.NonceSize]byte(answer.CloudNonce),
		OpenedAt: u.config.Clock(),
	}
	keys := u.keyring.Derive(epoch)
	if check := keys.RecordCheckValue(); string(check[:]) != string(answer.CheckValue) {
		return fmt.Errorf("%w: check value of the record key", errSignInAnswer)
	}
	u.unrecorded = &opening{epoch: epoch, EpochOpening: journal.EpochOpening{
		Keys: keys, TerminalNonce: epoch.TerminalNonce, CloudNonce: epoch.CloudNonce, Compared: last,
		Highest: answer.Highest, HighestLink: seal.Hash(answer.HighestLink),
	}}
	err = u.open(ctx)
	if errors.Is(err, keyring.ErrEpochOrder) || errors.Is(err, keyring.ErrState) || errors.Is(err, journal.ErrAppended) {
		u.unrecorded = nil // this one never will be
		return err
	}
	u.signedIn(epoch.Number, answer, attempt.named, last)
	return err
}

// open stores and records the epoch that was agreed on. What cannot be kept now is tried again: a new sign-in each time
// would leave an epoch behind on both sides, for ever.
func (u *Uplink) open(ctx context.Context) error {
	u.unrecorded.tried = u.config.Steady()
	if !u.unrecorded.stored {
		if err := u.storeEpoch(u.unrecorded.epoch); err != nil {
			return fmt.Errorf("store epoch: %w", err)
		}
		u.unrecorded.stored = true
	}
	if _, err := u.journal.OpenEpoch(ctx, u.unrecorded.EpochOpening); err != nil {
		return err
	}
	u.unrecorded = nil
	return nil
}

// storeEpoch gives the keys to the keyring, on a full disk in the room that the journal keeps in reserve.
func (u *Uplink) storeEpoch(epoch keyring.Epoch) error {
	err := u.keyring.Add(epoch)
	if errors.Is(err, syscall.ENOSPC) && u.journal.GiveUpReserve() {
		err = u.keyring.Add(epoch)
	}
	return err
}

// signedIn takes what an answer says besides the keys. The journal ended at named when it was asked for, and at last now.
func (u *Uplink) signedIn(epoch uint32, answer *message.SignInAnswer, named, last uint64) {
	clock := cloudClock{cloud: time.UnixMicro(answer.CloudTime), ours: u.config.Clock()}
	offset := clock.offset(clock.ours)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.signInCause = ""
	first := u.clock.ours.IsZero()
	u.clock, u.signedInAt = clock, u.config.Steady()
	u.status.HeardAt, u.status.HeardSteady = clock.ours, u.signedInAt
	u.status.ClockOffset = offset
	if answer.Highest > last {
		u.recheckTo = last
		u.status.OldCopyAt = clock.ours
	}
	switch {
	case first:
		u.free = max(answer.Highest, answer.Named, last)
	case answer.Highest > max(last, u.highest):
		u.status.TwinAt = clock.ours
	}
	u.highest = max(u.highest, answer.Highest)
	u.lacks(answer.HighWater)
	if known := max(answer.Highest, named); answer.Named > known {
		u.status.OldCopyAt, u.status.Gone = clock.ours, journal.Range{First: known + 1, Last: answer.Named}
		u.logger.Error("records under this terminal's id are neither in its journal nor in the cloud", "from", known+1, "to", answer.Named)
	}
	u.logger.Info("uplink signed in", "epoch", epoch, "cloud has", answer.Highest, "clock offset", offset)
}

// foreign takes note of another record than this journal's under a number. It is another machine's where this process made its
// own behind all that there was at its first sign-in; else this terminal may have made it before its journal was put back.
func (u *Uplink) foreign(sequence uint64) {
	u.mu.Lock()
	if !u.clock.ours.IsZero() && sequence > u.free {
		u.status.TwinAt = u.config.Clock()
	}
	u.mu.Unlock()
}

// lacks tells when the cloud does not have all up to where it has acknowledged all: its books were put back from an older copy.
// It reports whether that is news. u.mu is held.
func (u *Uplink) lacks(highWater uint64) (news bool) {
	acknowledged := u.journal.Acknowledged()
	if highWater >= acknowledged {
		u.status.Lacking, u.status.LackingAt = journal.Range{}, time.Time{}
		return false
	}
	lacking := journal.Range{First: highWater + 1, Last: acknowledged}
	if u.status.Lacking == lacking {
		return false
	}
	u.status.Lacking, u.status.LackingAt = lacking, u.config.Clock()
	u.logger.Error("cloud lacks records that it has acknowledged: its books are an older copy", "from", lacking.First, "to", lacking.Last)
	return true
}

// checkAnswer returns errSignInAnswer unless the cloud made the answer for this attempt.
func (u *Uplink) checkAnswer(attempt signIn, raw []byte) (record.Header, *message.SignInAnswer, error) {
	r, header, err := record.Parse(raw)
	if err != nil {
		return header, nil, fmt.Errorf("%w: %w", errSignInAnswer, err)
	}
	if err := r.Verify(u.keyring.SignInMAC()); err != nil {
		return header, nil, fmt.Errorf("%w: %w", errSignInAnswer, err)
	}
	answer := new(message.SignInAnswer)
	if err := proto.Unmarshal(r.Body(), answer); err != nil {
		return header, nil, fmt.Errorf("%w: %w", errSignInAnswer, err)
	}
	if attempt.began.IsZero() || string(answer.TerminalNonce) != string(attempt.nonce[:]) {
		return header, nil, fmt.Errorf("%w: nonce", errSignInAnswer)
	}
	if header.Type != record.SignInAnswer || header.Direction != seal.Down || header.Terminal != u.keyring.Terminal() ||
		header.Epoch == 0 || len(answer.CloudNonce) != seal.NonceSize || len(answer.HighWaterLink) != seal.HashSize ||
		len(answer.HighestLink) != seal.HashSize || answer.Highest < answer.HighWater {
		return header, nil, fmt.Errorf("%w: fields", errSignInAnswer)
	}
	return header, answer, nil
}

// compare holds the cloud's books against the journal up to its last record wherever both have one.
func (u *Uplink) compare(ctx context.Context, answer *message.SignInAnswer, last uint64) error {
	for _, known := range []struct {
		sequence uint64
		link     []byte
	}{{answer.HighWater, answer.HighWaterLink}, {answer.Highest, answer.HighestLink}} {
		if known.sequence > last {
			continue
		}
		_, err := u.journal.CheckLink(ctx, known.sequence, seal.Hash(known.link))
		if errors.Is(err, journal.ErrLinkMismatch) {
			return fmt.Errorf("%w: %w", errChain, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
