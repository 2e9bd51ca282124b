package protocol_test

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/closing"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/protocol/sign"
)

// of makes the forge one of a record of the story, to be altered.
func (f *forge) of(r record.Record) *forge {
	copy(f.head[:], r.HeaderBytes())
	f.body = slices.Clone(r.Body())
	if f.head[2] == byte(seal.Down) {
		f.tag = f.e.keys.Answer
	}
	return f
}

// tagged is a frame whose record carries a tag that is not its own.
func (f *forge) tagged(tag []byte) []byte {
	r := f.record()
	copy(r[len(r)-len(tag):], tag)
	direction, sequence := seal.Direction(f.head[2]), binary.BigEndian.Uint64(f.head[16:])
	return f.e.keys.Envelope.Seal(append([]byte{}, f.head[:]...), direction, sequence, f.head[:], r[record.HeaderSize:])
}

// bodied gives the record another body.
func (f *forge) bodied(t *testing.T, body proto.Message) *forge {
	t.Helper()
	var err error
	f.body, err = proto.MarshalOptions{Deterministic: true}.Marshal(body)
	require.NoError(t, err)
	binary.BigEndian.PutUint32(f.head[12:], uint32(len(f.body)))
	return f
}

// answered is the story's last answer of a type.
func (g *golden) answered(t *testing.T, kind record.Type) record.Record {
	t.Helper()
	for _, v := range slices.Backward(g.Answers) {
		if record.Type(v.TypeCode) == kind {
			return unhex(t, v.Header+v.Body+v.Tag)
		}
	}
	require.Fail(t, "no such answer", kind)
	return nil
}

// refusedDay is what must be refused of the shift.
func (w *world) refusedDay(t *testing.T, g *golden) []refused {
	t.Helper()
	return slices.Concat(w.refusedFollowUps(t), w.refusedDown(t, g), w.refusedLimits(t, g), w.refusedShifts(t))
}

// refusedFollowUps ask for more to go back than the cashier did.
func (w *world) refusedFollowUps(t *testing.T) []refused {
	t.Helper()
	asked := w.stored[openRefund]
	var more message.FollowUpRequested
	require.NoError(t, proto.Unmarshal(asked.Body(), &more))
	more.Amount = 700
	opened, tap := w.stored[shiftFirst], w.stored[shiftLast-5]
	return lane("frame",
		because("tag", "follow-up's amount altered under the old tag", w.forge(t).of(asked).bodied(t, &more).tagged(asked.Tag())),
		because("tag", "follow-up altered in its envelope", altered(w.forge(t).of(asked).frame(), record.HeaderSize+40)),
		because("tag", "follow-up under another one's header", w.swapped(t, asked, w.stored[openRefund+2])),
		because("other-bytes", "the same follow-up over another amount", w.forge(t).of(asked).bodied(t, &more).frame()),
		because("other-bytes", "the same offline payment as a reversal", w.forge(t).of(tap).set(4, 0, 0x12).frame()),
		because("other-bytes", "the shift opened a second earlier", w.forge(t).of(opened).set(24, earlier(opened)...).frame()),
	)
}

// swapped is one record's body and tag under the header of another.
func (w *world) swapped(t *testing.T, r, other record.Record) []byte {
	t.Helper()
	f := w.forge(t).of(r)
	copy(f.head[:], other.HeaderBytes())
	binary.BigEndian.PutUint32(f.head[12:], uint32(len(f.body)))
	return f.tagged(r.Tag())
}

func earlier(r record.Record) []byte {
	return binary.BigEndian.AppendUint64(nil, binary.BigEndian.Uint64(r[24:32])-1_000_000)
}

// refusedDown are answers about follow-ups, lookups and limits that the cloud did not give.
func (w *world) refusedDown(t *testing.T, g *golden) []refused {
	t.Helper()
	done, found, limits := g.answered(t, record.FollowUpResult), g.answered(t, record.OrderFound), g.answered(t, record.OfflineLimits)
	var declined message.FollowUpResult
	require.NoError(t, proto.Unmarshal(done.Body(), &declined))
	declined.Outcome = message.Outcome_OUTCOME_DECLINED
	byTerminal := w.forge(t).of(limits)
	byTerminal.tag = w.second.keys.Record
	return lane("down",
		because("tag", "follow-up-result with another outcome under the old tag",
			w.forge(t).of(done).bodied(t, &declined).tagged(done.Tag())),
		because("tag", "follow-up-result altered in its envelope", altered(w.forge(t).of(done).frame(), record.HeaderSize)),
		because("epoch", "follow-up-result of epoch 4", w.forge(t).of(done).set(8, 0, 0, 0, 4).frame()),
		because("not-ours", "order-found for another terminal", w.forge(t).of(found).set(32, []byte("10000002")...).frame()),
		because("tag", "order-found as a follow-up-result", w.forge(t).of(found).set(4, 0x80, 0x11).tagged(found.Tag())),
		because("tag", "offline-limits tagged under MAK", byTerminal.frame()),
	)
}

// refusedLimits are answers that a limits-taken record keeps and nothing is accepted by.
func (w *world) refusedLimits(t *testing.T, g *golden) []refused {
	t.Helper()
	kept, other := g.answered(t, record.OfflineLimits), g.answered(t, record.FollowUpResult)
	var more message.OfflineLimits
	require.NoError(t, proto.Unmarshal(kept.Body(), &more))
	more.TerminalMax *= 100
	raised := w.forge(t).of(kept).bodied(t, &more).record()
	copy(raised[len(raised)-len(kept.Tag()):], kept.Tag())
	byTerminal := w.forge(t).of(kept).bodied(t, &more)
	byTerminal.tag = w.second.keys.Record
	bySignIn := w.forge(t).of(kept)
	bySignIn.tag = w.second.signIn
	return lane("limits",
		because("tag", "terminal_max raised under the old tag", raised),
		because("tag", "terminal_max raised and tagged under MAK", byTerminal.record()),
		because("tag", "tagged under SGN", bySignIn.record()),
		because("tag", "the last bit of the tag altered", altered(kept, -1)),
		because("tag", "its time altered", altered(kept, 29)),
		because("epoch", "of epoch 4", w.forge(t).of(kept).set(8, 0, 0, 0, 4).record()),
		because("not-ours", "for another terminal", w.forge(t).of(kept).set(32, []byte("10000002")...).record()),
		because("not-ours", "direction up", w.forge(t).of(kept).set(2, 1).record()),
		because("not-ours", "a follow-up-result", other),
		because("malformed", "the last byte missing", kept[:len(kept)-1]),
		because("malformed", "a byte after the end", append(slices.Clone(kept), 0)),
	)
}

// refusedShifts are bodies of shift-closed that the terminal did not sign.
func (w *world) refusedShifts(t *testing.T) []refused {
	t.Helper()
	provisional, complete := w.stored[shiftClose1].Body(), w.stored[shiftClose2].Body()
	change := func(body []byte, alter func(*message.ShiftClosed)) []byte {
		var closed message.ShiftClosed
		require.NoError(t, proto.Unmarshal(body, &closed))
		alter(&closed)
		changed, err := proto.MarshalOptions{Deterministic: true}.Marshal(&closed)
		require.NoError(t, err)
		return changed
	}
	var signed message.ShiftClosed
	require.NoError(t, proto.Unmarshal(complete, &signed))
	second := protowire.AppendBytes(protowire.AppendTag(nil, 17, protowire.BytesType), signed.GetSignature())
	of := func(reason, name string, body []byte, alter func(*message.ShiftClosed)) refused {
		return because(reason, name, change(body, alter))
	}
	return lane("shift",
		of("signature", "cash counted altered", provisional, func(s *message.ShiftClosed) { s.CashCounted = 15_000 }),
		of("signature", "counted of a line altered", provisional, func(s *message.ShiftClosed) { s.Lines[0].Counted = proto.Int64(3500) }),
		of("signature", "counted of a line left out", provisional, func(s *message.ShiftClosed) { s.Lines[2].Counted = nil }),
		of("signature", "sales altered", provisional, func(s *message.ShiftClosed) { s.Lines[0].Sales++ }),
		of("signature", "lines in another order", provisional, func(s *message.ShiftClosed) { s.Lines[0], s.Lines[1] = s.Lines[1], s.Lines[0] }),
		of("signature", "open order left out", provisional, func(s *message.ShiftClosed) { s.OpenOrders = nil }),
		of("signature", "provisional no more", provisional, func(s *message.ShiftClosed) { s.Provisional = false }),
		of("signature", "last sequence altered", complete, func(s *message.ShiftClosed) { s.LastSequence-- }),
		of("signature", "field that nobody knows left out", complete, func(s *message.ShiftClosed) { s.ProtoReflect().SetUnknown(nil) }),
		of("signature", "the complete one's signature", provisional, func(s *message.ShiftClosed) { s.Signature = signed.GetSignature() }),
		of("signature", "r and s exchanged", provisional, func(s *message.ShiftClosed) {
			s.Signature = slices.Concat(s.GetSignature()[32:], s.GetSignature()[:32])
		}),
		of("signature", "signature of 63 bytes", provisional, func(s *message.ShiftClosed) { s.Signature = s.GetSignature()[:63] }),
		of("signature", "no signature", provisional, func(s *message.ShiftClosed) { s.Signature = nil }),
		because("malformed", "two signatures", append(slices.Clone(complete), second...)),
		because("malformed", "the last byte missing", provisional[:len(provisional)-1]),
	)
}

// limits says why nothing is accepted by a kept answer.
func (j judge) limits(b []byte) string {
	r, header, err := record.Parse(b)
	switch {
	case err != nil:
		return "malformed"
	case header.Direction != seal.Down || header.Terminal != j.w.terminal || header.Type != record.OfflineLimits:
		return "not-ours"
	case j.epoch(header.Epoch) == nil:
		return "epoch"
	case r.Verify(j.epoch(header.Epoch).keys.Answer) != nil:
		return "tag"
	}
	return ""
}

// shift says why a shift's end is not the terminal's.
func (j judge) shift(public sign.PublicKey, body []byte) string {
	var closed message.ShiftClosed
	signed, signature, err := closing.Signed(j.w.terminal, body)
	if err != nil || proto.Unmarshal(body, &closed) != nil {
		return "malformed"
	}
	if !sign.Verify(public, shiftIdentity, signed, signature) {
		return "signature"
	}
	return ""
}
