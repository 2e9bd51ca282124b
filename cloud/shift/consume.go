package shift

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/sign"
)

// The kinds of alarm.
const (
	alarmDiffers   = "shift-differs"
	alarmSignature = "shift-signature"
	alarmMalformed = "shift-malformed"
	// alarmReused says that a terminal gave one batch number twice, or ended one shift twice otherwise.
	alarmReused = "shift-reused"
)

// Openings consumes ShiftOpened records.
func (s *Service) Openings() collector.Consumer { return openings{s} }

// Endings consumes ShiftClosed records.
func (s *Service) Endings() collector.Consumer { return endings{s} }

type openings struct{ *Service }

// Consume keeps the shift in the same commit as the record.
func (s openings) Consume(ctx context.Context, r collector.Verified, _ []byte) (store.Change, func(error)) {
	var body message.ShiftOpened
	if err := proto.Unmarshal(r.Record.Body(), &body); err != nil || len(body.GetShiftId()) != len(store.ShiftID{}) {
		return s.malformed(r, "shift-opened"), nil
	}
	row := store.Shift{
		Terminal: r.Terminal.ID, ID: store.ShiftID(body.GetShiftId()), Batch: body.GetBatch(), State: store.ShiftOpen,
		First: r.Header.Sequence, OpenedAt: r.Header.Time, Body: r.Record.Body(),
	}
	change := store.Change{Alarms: s.reused(ctx, &row)}
	change.Shifts = append(change.Shifts, row)
	return change, nil
}

// Again has nothing to answer.
func (s openings) Again(context.Context, collector.Verified, []byte) {}

type endings struct{ *Service }

// Consume checks the signature and keeps the shift's end in the same commit as the record; it is compared afterwards.
func (s endings) Consume(ctx context.Context, r collector.Verified, _ []byte) (store.Change, func(error)) {
	closed, err := verify(r)
	if closed == nil || len(closed.GetShiftId()) != len(store.ShiftID{}) || closed.GetRevision() == 0 ||
		closed.GetFirstSequence() == 0 || closed.GetFirstSequence() > closed.GetLastSequence() || closed.GetLastSequence() >= r.Header.Sequence {
		return s.malformed(r, "shift-closed"), nil
	}
	row := store.Shift{
		Terminal: r.Terminal.ID, ID: store.ShiftID(closed.GetShiftId()), Batch: closed.GetBatch(), Revision: closed.GetRevision(),
		State: store.ShiftWaiting, First: closed.GetFirstSequence(), Last: closed.GetLastSequence(),
		OpenedAt: instant(closed.GetOpenedAt()), ClosedAt: instant(closed.GetClosedAt()), Body: r.Record.Body(),
	}
	if closed.GetProvisional() {
		row.State = store.ShiftProvisional
	}
	change := store.Change{Alarms: s.reused(ctx, &row)}
	if err != nil {
		const unsigned = "the end is not signed by the terminal"
		row.State, row.Findings = store.ShiftUnsigned, joined(row.Findings, unsigned)
		change.Alarms = append(change.Alarms, s.alarm(row, alarmSignature, unsigned))
	}
	change.Shifts = append(change.Shifts, row)
	return change, func(err error) {
		if err == nil {
			select {
			case s.wake <- struct{}{}:
			default:
			}
		}
	}
}

// Again has nothing to answer.
func (s endings) Again(context.Context, collector.Verified, []byte) {}

// verify reads the record and checks its signature by the key of the terminal's enrolment.
func verify(r collector.Verified) (*message.ShiftClosed, error) {
	identity, err := sign.ParsePublicKey(r.Terminal.Identity[:])
	if err != nil {
		err = errors.Join(closing.ErrSignature, err)
	}
	closed, verified := closing.Verify(identity, r.Terminal.ID, r.Record.Body())
	return closed, errors.Join(err, verified)
}

func (s *Service) malformed(r collector.Verified, what string) store.Change {
	return store.Change{Alarms: []store.Alarm{{Key: alarmMalformed + "/" + r.Terminal.ID.String(), Kind: alarmMalformed,
		Terminal: r.Terminal.ID.String(), Detail: what + " record that makes no sense", At: s.config.Clock()}}}
}

func (s *Service) alarm(row store.Shift, kind, detail string) store.Alarm {
	return store.Alarm{Key: kind + "/" + row.Terminal.String() + "/" + row.ID.String(), Kind: kind,
		Terminal: row.Terminal.String(), Detail: "shift " + row.ID.String() + ": " + detail, At: s.config.Clock()}
}

func instant(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
