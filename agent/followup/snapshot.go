package followup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/checkout"
	"github.com/yuantill/yuantill/agent/packed"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// snapshotVersion is the first byte of a follow-up's binary form. Version 1:
//
//	version[1] ‖ state[1] ‖ kind[1] ‖ flags[1] ‖ copies[1] ‖ id[16] ‖ undoes[16] ‖ digest[32]
//	copies: unprinted in the lower four bits, altered in the upper four
//	then as unsigned varints: amount, batch, voucher, request sequence
//	then as signed varints of microseconds (0 for none): requested, asked
//	then, each with its length as a varint: currency, cashier, note, key, original, result
const snapshotVersion = 1

// alteredShift is where the altered copies begin in the byte of copies.
const alteredShift = 4

// fixedSize is the length of the part before the varints.
const fixedSize = 5 + 16 + 16 + 32

// The flags.
const (
	flagLast = 1 << iota
	flagUnknownShown
	flagResult
	flagOffline
)

// ErrSnapshot marks bytes that are no follow-up.
var ErrSnapshot = errors.New("followup: not a follow-up's snapshot")

// MarshalBinary returns the follow-up for the journal. An error means that a field is beyond its bound.
func (f FollowUp) MarshalBinary() ([]byte, error) {
	original, err := proto.Marshal(f.Original)
	if err != nil {
		return nil, fmt.Errorf("encode original: %w", err)
	}
	var result []byte
	if f.Result != nil {
		if result, err = proto.Marshal(f.Result); err != nil {
			return nil, fmt.Errorf("encode result: %w", err)
		}
	}
	b := make([]byte, 0, fixedSize+128+len(f.Note)+len(original)+len(result))
	b = append(b, snapshotVersion, byte(f.State), byte(f.Kind), f.flags(), byte(f.Unprinted)|byte(f.Altered)<<alteredShift)
	b = append(b, f.ID[:]...)
	b = append(b, f.Undoes[:]...)
	b = append(b, f.Origin.Digest[:]...)
	for _, n := range []uint64{uint64(f.Amount.Minor), uint64(f.Batch), uint64(f.Voucher), f.RequestSequence} {
		b = binary.AppendUvarint(b, n)
	}
	for _, t := range []time.Time{f.RequestedAt, f.AskedAt} {
		b = packed.AppendTime(b, t)
	}
	b, err = packed.AppendFields(b, f.Amount.Currency.Code, f.Cashier, f.Note, f.Origin.Key, string(original), string(result))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return b, nil
}

func (f FollowUp) flags() byte {
	var flags byte
	for i, set := range []bool{f.Last, f.UnknownShown, f.Result != nil, f.Offline} {
		if set {
			flags |= 1 << i
		}
	}
	return flags
}

// UnmarshalBinary reads what MarshalBinary wrote. Error: ErrSnapshot.
func (f *FollowUp) UnmarshalBinary(b []byte) error {
	if len(b) < fixedSize || b[0] != snapshotVersion {
		return fmt.Errorf("%w: %d bytes", ErrSnapshot, len(b))
	}
	read := packed.NewReader(b[fixedSize:])
	got := FollowUp{
		State: State(b[1]), Kind: Kind(b[2]), Unprinted: checkout.Copies(b[4]) & bothCopies,
		Altered: checkout.Copies(b[4]>>alteredShift) & bothCopies,
		ID:      ID(b[5:21]), Undoes: ID(b[21:37]), Origin: checkout.Origin{Digest: [32]byte(b[37:69])},
		Last: b[3]&flagLast != 0, UnknownShown: b[3]&flagUnknownShown != 0, Offline: b[3]&flagOffline != 0,
	}
	minor := int64(read.Number())
	got.Batch, got.Voucher, got.RequestSequence = uint32(read.Number()), uint32(read.Number()), read.Number()
	got.RequestedAt, got.AskedAt = read.Time(), read.Time()
	currency := string(read.Field())
	got.Cashier, got.Note, got.Origin.Key = string(read.Field()), string(read.Field()), string(read.Field())
	original, result := read.Field(), read.Field()
	if !read.Done() || got.State < Asking || got.State > stateMax {
		return fmt.Errorf("%w: damaged", ErrSnapshot)
	}
	var err error
	if got.Amount, err = money.Of(minor, currency); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	got.Original = &message.OrderFound{}
	if err := proto.Unmarshal(original, got.Original); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	if b[3]&flagResult != 0 {
		got.Result = &message.FollowUpResult{}
		if err := proto.Unmarshal(result, got.Result); err != nil {
			return fmt.Errorf("%w: %w", ErrSnapshot, err)
		}
	}
	*f = got
	return nil
}
