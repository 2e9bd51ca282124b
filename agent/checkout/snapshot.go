package checkout

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/packed"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/money"
)

// snapshotVersion is the first byte of a sale's binary form. Version 1:
//
//	version[1] ‖ state[1] ‖ method[1] ‖ flags[1] ‖ copies[1] ‖ order id[16] ‖ digest[32] ‖ nonce[8] ‖ wallet[16]
//	copies: unprinted in the lower four bits, altered in the upper four
//	then as unsigned varints: amount, batch, voucher, payment sequence, reversal sequence, reversal reason, card counter
//	then as signed varints of microseconds (0 for none): started, requested, heard, asked, deadline, card at
//	then, each with its length as a varint: currency, cashier, note, key, code tail, reversal by, transaction, result
//	then, with flagHold, as a signed varint of microseconds: hold expires
//	then, where their flags are set, with its length: the superseded order, the superseding order
//
// Version 2, of a sale whose order has to be accepted, which a program that does not know of that must not take up, goes on:
//
//	as unsigned varints: seconds to accept it in, how it stands; as a signed varint of microseconds: until
//	then, each with its length: reference, settled by
const (
	snapshotVersion = 1
	snapshotOrder   = 2
)

// alteredShift is where the altered copies begin in the byte of copies.
const alteredShift = 4

// fixedSize is the length of the part before the varints.
const fixedSize = 5 + 16 + 32 + 8 + 16

// The flags.
const (
	flagReversalRecorded = 1 << iota
	flagUnknownShown
	flagCardSilent
	flagResult
	flagHold
	flagOffline
	flagSupersedes
	flagSuperseded
)

// ErrSnapshot marks bytes that are no sale.
var ErrSnapshot = errors.New("checkout: not a sale's snapshot")

// MarshalBinary returns the sale for the journal. An error means that a field is beyond its bound.
func (s Sale) MarshalBinary() ([]byte, error) {
	var result []byte
	if s.Result != nil {
		encoded, err := proto.Marshal(s.Result)
		if err != nil {
			return nil, fmt.Errorf("encode result: %w", err)
		}
		result = encoded
	}
	b := make([]byte, 0, fixedSize+128+len(s.Note)+len(s.Card.Transaction)+len(result))
	b = append(b, snapshotVersion, byte(s.State), byte(s.Method), s.flags(), byte(s.Unprinted)|byte(s.Altered)<<alteredShift)
	b = append(b, s.OrderID[:]...)
	b = append(b, s.Origin.Digest[:]...)
	b = append(b, s.Card.Nonce[:]...)
	b = append(b, s.Card.Wallet[:]...)
	for _, n := range []uint64{
		uint64(s.Amount.Minor), uint64(s.Batch), uint64(s.Voucher), s.PaymentSequence, s.ReversalSequence,
		uint64(s.Reversal), uint64(s.Card.Counter),
	} {
		b = binary.AppendUvarint(b, n)
	}
	for _, t := range []time.Time{s.StartedAt, s.RequestedAt, s.HeardAt, s.AskedAt, s.Deadline, s.Card.At} {
		b = packed.AppendTime(b, t)
	}
	fields := []string{
		s.Amount.Currency.Code, s.Cashier, s.Note, s.Origin.Key, s.CodeTail, s.ReversalBy,
		string(s.Card.Transaction), string(result),
	}
	for _, other := range []OrderID{s.Supersedes, s.SupersededBy} {
		if other != (OrderID{}) {
			fields = append(fields, string(other[:]))
		}
	}
	b, err := packed.AppendFields(b, fields...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	if s.Hold {
		b = packed.AppendTime(b, s.HoldExpires)
	}
	if s.Order.Within == 0 {
		return b, nil
	}
	return s.Order.append(b)
}

// append makes the bytes of a sale those of one with an order.
func (o ShopOrder) append(b []byte) ([]byte, error) {
	b[0] = snapshotOrder
	b = binary.AppendUvarint(b, uint64(o.Within/time.Second))
	b = binary.AppendUvarint(b, uint64(o.Standing))
	b, err := packed.AppendFields(packed.AppendTime(b, o.Until), o.Reference, o.SettledBy)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	return b, nil
}

func readShopOrder(read *packed.Reader) ShopOrder {
	within := time.Duration(read.Number()) * time.Second
	o := ShopOrder{Within: within, Standing: OrderStanding(read.Number()), Until: read.Time()}
	o.Reference, o.SettledBy = string(read.Field()), string(read.Field())
	if within <= 0 || within > AcceptMax {
		read.Fail()
	}
	return o
}

func (s Sale) flags() byte {
	var flags byte
	for i, set := range []bool{
		s.ReversalRecorded, s.UnknownShown, s.Card.Silent, s.Result != nil,
		s.Hold, s.Offline, s.Supersedes != OrderID{}, s.SupersededBy != OrderID{},
	} {
		if set {
			flags |= 1 << i
		}
	}
	return flags
}

// UnmarshalBinary reads what MarshalBinary wrote. Error: ErrSnapshot.
func (s *Sale) UnmarshalBinary(b []byte) error {
	if len(b) < fixedSize || b[0] != snapshotVersion && b[0] != snapshotOrder {
		return fmt.Errorf("%w: %d bytes", ErrSnapshot, len(b))
	}
	read := packed.NewReader(b[fixedSize:])
	sale := Sale{
		State: State(b[1]), Method: message.Method(b[2]), Unprinted: Copies(b[4]) & (bothCopies | laterSlip | orderSlip),
		Altered: Copies(b[4]>>alteredShift) & bothCopies,
		OrderID: OrderID(b[5:21]),
		Card:    Card{Nonce: [8]byte(b[53:61]), Wallet: hardwallet.WalletID(b[61:77]), Silent: b[3]&flagCardSilent != 0},
		Origin:  Origin{Digest: [32]byte(b[21:53])},
		Offline: b[3]&flagOffline != 0,

		ReversalRecorded: b[3]&flagReversalRecorded != 0, UnknownShown: b[3]&flagUnknownShown != 0,
	}
	minor := int64(read.Number())
	sale.Batch, sale.Voucher = uint32(read.Number()), uint32(read.Number())
	sale.PaymentSequence, sale.ReversalSequence = read.Number(), read.Number()
	sale.Reversal, sale.Card.Counter = message.Reason(read.Number()), uint32(read.Number())
	for _, t := range []*time.Time{
		&sale.StartedAt, &sale.RequestedAt, &sale.HeardAt, &sale.AskedAt, &sale.Deadline, &sale.Card.At,
	} {
		*t = read.Time()
	}
	currency := string(read.Field())
	sale.Cashier, sale.Note, sale.Origin.Key = string(read.Field()), string(read.Field()), string(read.Field())
	sale.CodeTail, sale.ReversalBy = string(read.Field()), string(read.Field())
	sale.Card.Transaction = append(sale.Card.Transaction, read.Field()...)
	result := read.Field()
	sale.Supersedes, sale.SupersededBy = readOrder(read, b[3]&flagSupersedes), readOrder(read, b[3]&flagSuperseded)
	if sale.Hold = b[3]&flagHold != 0; sale.Hold {
		sale.HoldExpires = read.Time()
	}
	if b[0] == snapshotOrder {
		sale.Order = readShopOrder(read)
	}
	if !read.Done() || sale.State < Waiting || sale.State > stateMax {
		return fmt.Errorf("%w: damaged", ErrSnapshot)
	}
	return s.finish(sale, minor, currency, result, b[3]&flagResult != 0)
}

// finish fills in what needs more than reading.
func (s *Sale) finish(sale Sale, minor int64, currency string, result []byte, hasResult bool) error {
	amount, err := money.Of(minor, currency)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	sale.Amount = amount
	if hasResult {
		sale.Result = &message.PaymentResult{}
		if err := proto.Unmarshal(result, sale.Result); err != nil {
			return fmt.Errorf("%w: %w", ErrSnapshot, err)
		}
	}
	*s = sale
	return nil
}

// readOrder reads an order id where its flag is set.
func readOrder(read *packed.Reader, flag byte) (id OrderID) {
	if flag == 0 {
		return id
	}
	field := read.Field()
	if len(field) != len(id) {
		read.Fail()
	}
	copy(id[:], field)
	return id
}
