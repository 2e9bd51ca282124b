package payment

import (
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
)

// binaryVersion is the first byte of a stored payment. Version 2 is version 1 with what appendFollowUps writes behind it;
// version 1 is still read:
//
//	version 1 ‖ order id 16 ‖ state, method, reason, debit, flags 1 each ‖
//	uvarints: sequence, amount, fee, fee rate, fee cap, attempts, queries, rechecks, revision ‖
//	varints, microseconds since 1970 with 0 for "no time": created, sent, decided, next, query, tell, give up, reverse ‖
//	texts, each uvarint length ‖ bytes: terminal, merchant, currency, operator, reference, operator reference,
//	authorisation code, payer operator, masked wallet, shown code ‖ number of back-ups 1 ‖ back-ups as texts
const (
	binaryVersion       = 2
	binaryBeforeFollows = 1
)

// The flags.
const (
	flagSubmitted       byte = 1 << 0
	flagReversalRefused byte = 1 << 1
	flagHold            byte = 1 << 2
	flagSigned          byte = 1 << 3
	flagSeen            byte = 1 << 4
	flagOffline         byte = 1 << 5
	flagVerify          byte = 1 << 6
	flagCovered         byte = 1 << 7 // with flagOffline only
)

const fixedSize = 1 + 16 + 5

// ErrMalformed marks bytes that are no stored payment.
var ErrMalformed = errors.New("payment: malformed binary form")

var (
	_ encoding.BinaryMarshaler   = Payment{}
	_ encoding.BinaryUnmarshaler = (*Payment)(nil)
)

// MarshalBinary returns the stored form; about 200 bytes. Error: ErrInvalidPayment.
func (p Payment) MarshalBinary() ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	out := make([]byte, 0, 256)
	out = append(out, binaryVersion)
	out = append(out, p.OrderID[:]...)
	out = append(out, byte(p.State), byte(p.Method), byte(p.Reason), byte(p.Debit), p.flags())
	for _, number := range []uint64{p.Sequence, uint64(p.Amount), uint64(p.Fee), uint64(p.FeeRate), uint64(p.FeeCap),
		uint64(p.Attempts), uint64(p.Queries), uint64(p.Rechecks), uint64(p.Revision)} {
		out = binary.AppendUvarint(out, number)
	}
	for _, t := range []time.Time{p.CreatedAt, p.SentAt, p.DecidedAt, p.NextAt, p.QueryAt, p.TellAt, p.GiveUpAt, p.ReverseAt} {
		out = binary.AppendVarint(out, micros(t))
	}
	for _, text := range []string{p.Terminal, p.Merchant, p.Currency, p.Operator, p.Reference, p.OperatorReference,
		p.AuthCode, p.PayerOperator, p.WalletMasked, p.ShownCode} {
		out = appendText(out, text)
	}
	out = append(out, byte(len(p.BackUps)))
	for _, code := range p.BackUps {
		out = appendText(out, code)
	}
	return p.appendFollowUps(out), nil
}

// UnmarshalBinary reads what MarshalBinary wrote; p is unchanged on an error. Errors: ErrMalformed, ErrInvalidPayment.
func (p *Payment) UnmarshalBinary(data []byte) error {
	if len(data) < fixedSize {
		return fmt.Errorf("%w: %d bytes", ErrMalformed, len(data))
	}
	if data[0] != binaryVersion && data[0] != binaryBeforeFollows {
		return fmt.Errorf("%w: version %d", ErrMalformed, data[0])
	}
	if data[fixedSize-1]&(flagCovered|flagOffline) == flagCovered {
		return fmt.Errorf("%w: flags %02x", ErrMalformed, data[fixedSize-1])
	}
	read := Payment{OrderID: operator.OrderID(data[1:17]), State: State(data[17]), Method: operator.Method(data[18]),
		Reason: operator.Reason(data[19]), Debit: Debit(data[20]),
		Submitted: data[21]&flagSubmitted != 0, ReversalRefused: data[21]&flagReversalRefused != 0,
		Hold: data[21]&flagHold != 0, Offline: data[21]&flagOffline != 0, Verify: data[21]&flagVerify != 0,
		Signed: data[21]&flagSigned != 0, Seen: data[21]&flagSeen != 0, Covered: data[21]&flagCovered != 0}
	r := &reader{rest: data[fixedSize:]}
	r.numbers(&read)
	for _, t := range []*time.Time{&read.CreatedAt, &read.SentAt, &read.DecidedAt, &read.NextAt, &read.QueryAt, &read.TellAt, &read.GiveUpAt, &read.ReverseAt} {
		*t = r.time()
	}
	for _, text := range []*string{&read.Terminal, &read.Merchant, &read.Currency, &read.Operator, &read.Reference,
		&read.OperatorReference, &read.AuthCode, &read.PayerOperator, &read.WalletMasked} {
		*text = r.text(textMax)
	}
	read.ShownCode = r.text(shownCodeMax)
	r.backUps(&read)
	if data[0] == binaryVersion {
		r.followUps(&read)
	}
	if r.failed || len(r.rest) != 0 {
		return ErrMalformed
	}
	if err := read.Validate(); err != nil {
		return err
	}
	*p = read
	return nil
}

func (p Payment) flags() byte {
	var flags byte
	if p.Submitted {
		flags |= flagSubmitted
	}
	if p.ReversalRefused {
		flags |= flagReversalRefused
	}
	if p.Hold {
		flags |= flagHold
	}
	if p.Offline {
		flags |= flagOffline
	}
	if p.Covered {
		flags |= flagCovered
	}
	if p.Verify {
		flags |= flagVerify
	}
	if p.Signed {
		flags |= flagSigned
	}
	if p.Seen {
		flags |= flagSeen
	}
	return flags
}

// reader takes fields off the front; after the first failure every field is zero.
type reader struct {
	rest   []byte
	failed bool
}

func (r *reader) number(limit uint64) uint64 {
	value, size := binary.Uvarint(r.rest)
	if r.failed || size <= 0 || value > limit {
		r.failed = true
		return 0
	}
	r.rest = r.rest[size:]
	return value
}

func (r *reader) numbers(p *Payment) {
	p.Sequence = r.number(math.MaxUint64)
	p.Amount = int64(r.number(math.MaxInt64))
	p.Fee = int64(r.number(math.MaxInt64))
	p.FeeRate = uint16(r.number(math.MaxUint16))
	p.FeeCap = uint16(r.number(math.MaxUint16))
	p.Attempts = uint32(r.number(math.MaxUint32))
	p.Queries = uint32(r.number(math.MaxUint32))
	p.Rechecks = uint32(r.number(math.MaxUint32))
	p.Revision = uint32(r.number(math.MaxUint32))
}

func (r *reader) time() time.Time {
	value, size := binary.Varint(r.rest)
	if r.failed || size <= 0 {
		r.failed = true
		return time.Time{}
	}
	r.rest = r.rest[size:]
	if value == 0 {
		return time.Time{}
	}
	return time.UnixMicro(value).UTC()
}

func (r *reader) text(limit int) string {
	length := int(r.number(uint64(limit)))
	if r.failed || length > len(r.rest) {
		r.failed = true
		return ""
	}
	text := string(r.rest[:length])
	r.rest = r.rest[length:]
	return text
}

func (r *reader) backUps(p *Payment) {
	count := int(r.number(BackUpsMax))
	for range count {
		p.BackUps = append(p.BackUps, r.text(textMax))
	}
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func appendText(out []byte, text string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(text))), text...)
}
