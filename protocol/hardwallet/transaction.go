package hardwallet

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/protocol/sign"
)

// Transaction binary form: magic "YTHT" ‖ version ‖ certificate ‖ request ‖ debit.
const (
	transactionMagic = "YTHT"
	transactionHead  = len(transactionMagic) + 1
	TransactionSize  = transactionHead + certificateSize + RequestSize + DebitSize
)

// transactionLabel opens the bytes a card signs.
const transactionLabel = "YTHW\x01PAY"

// DebitSize is the length of a debit's binary form, which is the answer to PAY.
const DebitSize = 4 + 8 + sign.SignatureSize

// Limits that a transaction can break.
var (
	// ErrOverLimit marks an amount above the card's limit for one payment.
	ErrOverLimit = errors.New("hardwallet: over the card's limit")
	// ErrExpired marks a card used at or after its expiry.
	ErrExpired = errors.New("hardwallet: card expired")
	// ErrCurrency marks a currency the card does not pay in.
	ErrCurrency = errors.New("hardwallet: currency not accepted")
)

// Debit is a card's answer to a payment.
type Debit struct {
	// Counter numbers the card's payments from 1. Two transactions of one wallet with the same counter prove a clone.
	Counter uint32
	// Balance is what is left on the card, in minor units.
	Balance int64
	// Signature is the card's over Transaction.SignedBytes under the wallet id's digits.
	Signature [sign.SignatureSize]byte
}

// MarshalBinary returns DebitSize bytes; it gives no error.
func (d Debit) MarshalBinary() ([]byte, error) {
	return d.appendBinary(make([]byte, 0, DebitSize)), nil
}

func (d Debit) appendBinary(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, d.Counter)
	b = binary.BigEndian.AppendUint64(b, uint64(d.Balance))
	return append(b, d.Signature[:]...)
}

// UnmarshalBinary reads DebitSize bytes. Error: ErrMalformed.
func (d *Debit) UnmarshalBinary(b []byte) error {
	if len(b) != DebitSize {
		return fmt.Errorf("%w: debit of %d bytes", ErrMalformed, len(b))
	}
	parsed := Debit{
		Counter:   binary.BigEndian.Uint32(b[0:4]),
		Balance:   int64(binary.BigEndian.Uint64(b[4:12])),
		Signature: [sign.SignatureSize]byte(b[12:76]),
	}
	if parsed.Counter == 0 || parsed.Balance < 0 {
		return fmt.Errorf("%w: counter %d or balance below zero", ErrMalformed, parsed.Counter)
	}
	*d = parsed
	return nil
}

// Transaction is a payment a card signed, with everything needed to check it.
type Transaction struct {
	Certificate Certificate
	Request     Request
	Debit       Debit
}

// SignedBytes returns what the card signs: the label, the wallet id, the request, the counter and the balance.
func (t Transaction) SignedBytes() []byte {
	b := make([]byte, 0, len(transactionLabel)+walletIDSize+RequestSize+12)
	b = append(b, transactionLabel...)
	b = append(b, t.Certificate.Wallet[:]...)
	b = t.Request.appendBinary(b)
	b = binary.BigEndian.AppendUint32(b, t.Debit.Counter)
	return binary.BigEndian.AppendUint64(b, uint64(t.Debit.Balance))
}

// Sign returns the transaction signed with the card's key. The signature is checked before it is handed out, since a
// card debits itself on the strength of it. Errors: those of sign.Key.SignChecked.
func (t Transaction) Sign(card *sign.Key) (Transaction, error) {
	signature, err := card.SignChecked(t.Certificate.Wallet.Digits(), t.SignedBytes())
	if err != nil {
		return Transaction{}, fmt.Errorf("sign transaction: %w", err)
	}
	t.Debit.Signature = signature
	return t, nil
}

// Verify checks everything that can be checked without a database: form, issuer, card signature, limit, currency and
// expiry. Whether (wallet, counter) was seen before, whether the wallet is blocked and whether Request.Time is plausible
// is for the caller. Errors: ErrMalformed, ErrUnknownIssuer, ErrCertificate, ErrSignature, ErrOverLimit, ErrCurrency,
// ErrExpired.
func (t Transaction) Verify(issuers *Pool) error {
	if err := t.Certificate.Verify(issuers); err != nil {
		return err
	}
	return t.verifyDebit()
}

// verifyDebit checks everything but the certificate.
func (t Transaction) verifyDebit() error {
	if err := t.Request.Validate(); err != nil {
		return err
	}
	if t.Debit.Counter == 0 || t.Debit.Balance < 0 {
		return fmt.Errorf("%w: counter %d or balance below zero", ErrMalformed, t.Debit.Counter)
	}
	if !sign.Verify(t.Certificate.Key, t.Certificate.Wallet.Digits(), t.SignedBytes(), t.Debit.Signature[:]) {
		return ErrSignature
	}
	return t.Certificate.allows(t.Request)
}

// allows reports whether the card may pay the request at all.
func (c Certificate) allows(r Request) error {
	switch {
	case r.Currency != c.Currency:
		return ErrCurrency
	case r.Amount > c.TapLimit:
		return ErrOverLimit
	case r.Time >= c.Expiry:
		return ErrExpired
	}
	return nil
}

// MarshalBinary returns TransactionSize bytes. Error: ErrMalformed.
func (t Transaction) MarshalBinary() ([]byte, error) {
	if err := t.Certificate.Validate(); err != nil {
		return nil, err
	}
	if err := t.Request.Validate(); err != nil {
		return nil, err
	}
	b := make([]byte, 0, TransactionSize)
	b = append(b, transactionMagic...)
	b = append(b, Version)
	b = t.Certificate.appendBinary(b)
	b = t.Request.appendBinary(b)
	return t.Debit.appendBinary(b), nil
}

// UnmarshalBinary reads TransactionSize bytes and checks their form; Verify checks the signatures.
// Errors: ErrMalformed, ErrVersion.
func (t *Transaction) UnmarshalBinary(b []byte) error {
	if len(b) != TransactionSize || string(b[:4]) != transactionMagic {
		return fmt.Errorf("%w: no transaction in %d bytes", ErrMalformed, len(b))
	}
	if b[4] != Version {
		return fmt.Errorf("%w %d", ErrVersion, b[4])
	}
	body := b[transactionHead:]
	certificate, err := parseCertificate(body[:certificateSize])
	if err != nil {
		return err
	}
	parsed := Transaction{Certificate: certificate}
	if err := parsed.Request.UnmarshalBinary(body[certificateSize : certificateSize+RequestSize]); err != nil {
		return err
	}
	if err := parsed.Debit.UnmarshalBinary(body[certificateSize+RequestSize:]); err != nil {
		return err
	}
	*t = parsed
	return nil
}
