package collector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/topic"
)

// signInsPerSecond bounds the sign-ins of a terminal: each makes an epoch that is kept for ever.
const signInsPerSecond = 2

// epochLeap bounds by how much a terminal may be ahead of its books in epochs: it has one a day and one a start.
const epochLeap = 1 << 16

var errSignIn = errors.New("collector: bad sign-in")

// signIn opens an epoch and answers with it once it is durable.
func (w *worker) signIn(ctx context.Context, t *tracker, data []byte) {
	now := w.config.Downlink.config.Clock()
	if err := w.openEpoch(ctx, t, data, now); err != nil {
		w.metrics.refused("sign-in")
		if ctx.Err() != nil {
			return
		}
		w.config.Logger.LogAttrs(ctx, slog.LevelWarn, "sign-in refused",
			slog.String("terminal", t.terminal.ID.String()), slog.Any("cause", err))
		if last, raised := t.alarms[alarm.SignIn]; errors.Is(err, errSignIn) && (!raised || now.Sub(last) >= alarmEvery) {
			t.alarms[alarm.SignIn] = now
			w.notes.submit(ctx, t, store.Change{Alarms: []store.Alarm{alarmOf(t, alarm.SignIn, err.Error(), now)}})
		}
	}
}

func (w *worker) openEpoch(ctx context.Context, t *tracker, data []byte, now time.Time) error {
	if !t.signIns.allow(now, signInsPerSecond) {
		w.metrics.refused("sign-in-rate")
		return nil // a storm of repeats; the terminal asks again
	}
	config := w.config.Downlink.config
	request, header, err := record.Parse(data)
	if err != nil {
		return fmt.Errorf("%w: %w", errSignIn, err)
	}
	if header.Type != record.SignIn || header.Direction != seal.Up || header.Terminal != t.terminal.ID ||
		header.Epoch != 0 || header.Sequence != 0 {
		return fmt.Errorf("%w: unexpected header", errSignIn)
	}
	if header.KeyVersion != t.terminal.KeyVersion {
		t.spoil() // enrolled again since it was loaded, perhaps: its next sign-in is compared with what is stored then
		return fmt.Errorf("%w: key version %d and not %d", errSignIn, header.KeyVersion, t.terminal.KeyVersion)
	}
	terminalKey := config.Root.TerminalKey(t.terminal.ID, header.KeyVersion)
	defer clear(terminalKey[:])
	mac := seal.SignInMAC(config.Engine, terminalKey[:])
	if err := request.Verify(mac); err != nil {
		return fmt.Errorf("%w: %w", errSignIn, err)
	}
	var body message.SignIn
	if err := proto.Unmarshal(request.Body(), &body); err != nil || len(body.GetTerminalNonce()) != seal.NonceSize {
		return fmt.Errorf("%w: unreadable body", errSignIn)
	}
	if state := t.terminal.State; state == store.TerminalBlocked || state == store.TerminalRetired {
		return fmt.Errorf("%w: terminal is %s", errSignIn, state)
	}
	epoch := store.Epoch{Terminal: t.terminal.ID, Number: 1, KeyVersion: header.KeyVersion,
		TerminalNonce: [seal.NonceSize]byte(body.GetTerminalNonce()), OpenedAt: now,
		Named: min(body.GetLastSequence(), math.MaxInt64)}
	if n := len(t.epochs); n > 0 {
		epoch.Number = t.epochs[n-1].Number + 1
	}
	if last := body.GetLastEpoch(); last >= epoch.Number && last-epoch.Number < epochLeap { // given since these books were copied
		epoch.Number = last + 1
	}
	if _, err := io.ReadFull(w.config.Random, epoch.CloudNonce[:]); err != nil {
		return fmt.Errorf("draw nonce: %w", err)
	}
	before := t.namedAbove(body.GetLastSequence())
	change := store.Change{Epochs: []store.Epoch{epoch}, Alarms: w.compareJournals(ctx, t, &body, before, now)}
	if err := config.Store.Commit(ctx, change); err != nil {
		t.spoil() // the epoch may be there all the same
		return fmt.Errorf("store epoch: %w", err)
	}
	t.epochs = append(t.epochs, epoch)
	w.metrics.signIns.Inc()
	if body.GetAcknowledged() > t.chain.head.HighWater && w.config.BooksBehind != nil {
		w.config.BooksBehind(t.terminal.ID)
	}
	return w.answerSignIn(t, &epoch, before, mac, now)
}

// compareJournals looks whether the terminal's last record is the one stored here, as far as it is stored. One that names
// less than at its sign-in before may have lost records of which none has come here: nothing else would tell it. before is
// what it named then, 0 when that was not more.
func (w *worker) compareJournals(ctx context.Context, t *tracker, body *message.SignIn, before uint64, now time.Time) []store.Alarm {
	var alarms []store.Alarm
	switch {
	case before != 0 && body.GetLastSequence() == 0:
		alarms = append(alarms, alarmOf(t, alarm.JournalRestored, fmt.Sprintf("the terminal signed in with an empty journal, after record %d "+
			"the time before: its journal is missing, or the sign-in came late", before), now))
	case before != 0:
		alarms = append(alarms, alarmOf(t, alarm.JournalRestored, fmt.Sprintf("the terminal signed in with record %d as its last, after "+
			"record %d the time before: its journal is an old copy, or the sign-in came late", body.GetLastSequence(), before), now))
	}
	if stored := t.chain.head.HighWater; body.GetAcknowledged() > stored {
		alarms = append(alarms, alarmOf(t, alarm.BooksBehind, fmt.Sprintf("the terminal was acknowledged its records up to %d, and the books "+
			"lack some from %d on: they were put back from an older copy", body.GetAcknowledged(), stored+1), now))
	}
	config := w.config.Downlink.config
	stored, err := config.Store.Record(ctx, t.terminal.ID, body.GetLastSequence())
	if err != nil { // nothing stored there, or the store will say so again at the commit
		return alarms
	}
	if link := stored.Bytes.Link(config.Engine); string(link[:]) == string(body.GetLastLink()) {
		return alarms
	}
	return append(alarms, alarmOf(t, alarm.JournalDiffers, fmt.Sprintf(
		"the terminal signed in with another record %d than the one stored here", body.GetLastSequence()), now))
}

// answerSignIn publishes the answer. All changes that were submitted for the terminal before its epoch are settled,
// since the store keeps their order.
func (w *worker) answerSignIn(t *tracker, epoch *store.Epoch, before uint64, mac *seal.MAC, now time.Time) error {
	config := w.config.Downlink.config
	keys := w.config.Downlink.directory.loader.keysOf(t, epoch.Number)
	if t.active.Load() == nil {
		t.active.Store(keys)
	}
	t.mu.Lock()
	head := t.durable.head
	t.mu.Unlock()
	check := keys.RecordCheckValue()
	content, err := proto.Marshal(&message.SignInAnswer{
		TerminalNonce: epoch.TerminalNonce[:], CloudNonce: epoch.CloudNonce[:],
		HighWater: head.HighWater, HighWaterLink: head.Link[:], Highest: head.Highest, HighestLink: head.HighestLink[:],
		CloudTime: now.UnixMicro(), CheckValue: check[:], Named: before,
	})
	if err != nil {
		return fmt.Errorf("encode sign-in answer: %w", err)
	}
	answer, err := record.Build(mac, record.Header{Direction: seal.Down, Type: record.SignInAnswer,
		KeyVersion: epoch.KeyVersion, Epoch: epoch.Number, Time: now, Terminal: t.terminal.ID}, content)
	if err != nil {
		return fmt.Errorf("build sign-in answer: %w", err)
	}
	if err := config.Publisher.Publish(topic.Subject(t.terminal.ID, topic.Down), answer); err != nil {
		return fmt.Errorf("publish sign-in answer: %w", err)
	}
	return nil
}
