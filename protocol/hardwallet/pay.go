package hardwallet

import (
	"context"
	"errors"
	"fmt"
)

// Exchanger carries one command APDU to the card and its answer back, without ever sending it twice. An error that wraps
// ErrNotSent says that the card cannot have seen the command; any other leaves that open.
type Exchanger interface {
	Exchange(ctx context.Context, command []byte) ([]byte, error)
}

var (
	// ErrNotSent is wrapped by exchangers whose command certainly never reached the card.
	ErrNotSent = errors.New("hardwallet: command not sent")
	// ErrNotPaid is the result of a Recover that found the card never paid.
	ErrNotPaid = errors.New("hardwallet: the card did not pay")
	// ErrOtherCard is the result of a Recover on a card that is not the one in doubt.
	ErrOtherCard = errors.New("hardwallet: another card")
)

// Pending is a payment handed to a card; a terminal stores it before PAY is sent.
type Pending struct {
	Request Request
	Wallet  WalletID
	// Counter is the card's counter before PAY; 0 when it is not known any more, which settles fewer cases.
	Counter uint32
}

// UnknownOutcomeError says that the card may or may not have debited itself. Only Recover on the same card or the
// wallet's operator can settle it; the goods are not handed over and nothing is charged again until then.
type UnknownOutcomeError struct {
	Pending Pending
	Cause   error
}

// Error names the cause and the masked wallet.
func (e *UnknownOutcomeError) Error() string {
	return fmt.Sprintf("hardwallet: outcome unknown, wallet %s: %v", e.Pending.Wallet.Masked(), e.Cause)
}

// Unwrap returns the cause.
func (e *UnknownOutcomeError) Unwrap() error { return e.Cause }

// Open selects the wallet application and checks the certificate. Nothing is debited, so every error is definite:
// ErrNotWallet, ErrMalformed, ErrVersion, ErrUnknownIssuer, ErrCertificate, ErrRefused, or the exchanger's.
func Open(ctx context.Context, card Exchanger, issuers *Pool) (Wallet, error) {
	data, err := ask(ctx, card, selectCommand())
	if err != nil {
		return Wallet{}, fmt.Errorf("select wallet: %w", err)
	}
	var wallet Wallet
	if err := wallet.UnmarshalBinary(data); err != nil {
		return Wallet{}, fmt.Errorf("read wallet: %w", err)
	}
	if err := wallet.Certificate.Verify(issuers); err != nil {
		return Wallet{}, fmt.Errorf("check wallet: %w", err)
	}
	wallet.issuers = issuers
	return wallet, nil
}

// Pay opens the card in the field and has it pay. The error is a *UnknownOutcomeError when the card may have debited
// itself; any other error is definite: not paid. A request the card has already paid gives that transaction again,
// without a second debit.
func Pay(ctx context.Context, card Exchanger, issuers *Pool, request Request) (Transaction, error) {
	if err := request.Validate(); err != nil {
		return Transaction{}, err
	}
	wallet, err := Open(ctx, card, issuers)
	if err != nil {
		return Transaction{}, err
	}
	return wallet.Pay(ctx, card, issuers, request)
}

// Pending returns what a terminal stores before it calls Pay on the opened wallet.
func (w Wallet) Pending(request Request) Pending {
	return Pending{Request: request, Wallet: w.Certificate.Wallet, Counter: w.Counter}
}

// Pay has the opened wallet pay. Errors as for the function Pay; definite ones are ErrInsufficient, ErrOverLimit,
// ErrExpired, ErrBlocked, ErrTapsUsedUp, ErrCurrency, ErrOrderConflict, ErrRefused, ErrNotSent, ErrMalformed (of the
// request) and ctx's when it ended before the command went out.
func (w Wallet) Pay(ctx context.Context, card Exchanger, issuers *Pool, request Request) (Transaction, error) {
	body, err := request.MarshalBinary()
	if err != nil {
		return Transaction{}, err
	}
	// Asked here too, so that a card past its limit is told apart before anything can be left in doubt.
	if err := w.Certificate.allows(request); err != nil {
		return Transaction{}, err
	}
	if err := ctx.Err(); err != nil {
		return Transaction{}, fmt.Errorf("pay order: %w", err)
	}
	unknown := func(cause error) error { return &UnknownOutcomeError{Pending: w.Pending(request), Cause: cause} }

	data, err := ask(ctx, card, command(ClassWallet, InstructionPay, 0, body))
	var refused *refusedError
	switch {
	case errors.As(err, &refused) && errors.Is(err, ErrOrderConflict):
		return w.payAgain(ctx, card, issuers, request)
	case errors.As(err, &refused), errors.Is(err, ErrNotSent):
		return Transaction{}, fmt.Errorf("pay order: %w", err)
	case err != nil:
		return Transaction{}, unknown(err)
	}
	transaction := Transaction{Certificate: w.Certificate, Request: request}
	if err := transaction.Debit.UnmarshalBinary(data); err != nil {
		return Transaction{}, unknown(err)
	}
	// The card said 9000: it has debited itself even if what it signed cannot be used.
	if err := w.verify(transaction, issuers); err != nil {
		return Transaction{}, unknown(err)
	}
	return transaction, nil
}

// payAgain fetches the transaction of an order the card has paid before, when only the time or the nonce of the request
// are new: the same sale asked twice gets its first answer.
func (w Wallet) payAgain(ctx context.Context, card Exchanger, issuers *Pool, request Request) (Transaction, error) {
	found, err := w.lookup(ctx, card, issuers, request.Order)
	if err != nil {
		return Transaction{}, &UnknownOutcomeError{Pending: w.Pending(request), Cause: err}
	}
	if !found.Request.sameSale(request) {
		return Transaction{}, fmt.Errorf("pay order: %w", ErrOrderConflict)
	}
	return found, nil
}

// Recover settles a payment whose outcome is unknown, on the same card tapped again. It only reads. It returns the
// transaction when the card paid, ErrNotPaid when it certainly did not, ErrOtherCard for another card, and a
// *UnknownOutcomeError while the doubt remains.
func Recover(ctx context.Context, card Exchanger, issuers *Pool, pending Pending) (Transaction, error) {
	unknown := func(cause error) error { return &UnknownOutcomeError{Pending: pending, Cause: cause} }
	wallet, err := Open(ctx, card, issuers)
	if err != nil {
		return Transaction{}, unknown(err)
	}
	if wallet.Certificate.Wallet != pending.Wallet {
		return Transaction{}, ErrOtherCard
	}
	found, err := wallet.lookup(ctx, card, issuers, pending.Request.Order)
	switch {
	case errors.Is(err, ErrNoTransaction):
		// The card's log reaches back to the counter before PAY, so an order missing from it was never paid.
		if wallet.Counter >= pending.Counter && wallet.Counter-pending.Counter <= LogSize {
			return Transaction{}, ErrNotPaid
		}
		return Transaction{}, unknown(err)
	case err != nil:
		return Transaction{}, unknown(err)
	case !found.Request.sameSale(pending.Request):
		return Transaction{}, unknown(ErrOrderConflict)
	}
	return found, nil
}

// lookup fetches and checks the transaction of an order.
func (w Wallet) lookup(ctx context.Context, card Exchanger, issuers *Pool, order [orderSize]byte) (Transaction, error) {
	data, err := ask(ctx, card, command(ClassWallet, InstructionGet, GetByOrder, order[:]))
	if err != nil {
		return Transaction{}, fmt.Errorf("get transaction: %w", err)
	}
	if len(data) != RequestSize+DebitSize {
		return Transaction{}, fmt.Errorf("%w: transaction of %d bytes", ErrMalformed, len(data))
	}
	transaction := Transaction{Certificate: w.Certificate}
	if err := transaction.Request.UnmarshalBinary(data[:RequestSize]); err != nil {
		return Transaction{}, err
	}
	if err := transaction.Debit.UnmarshalBinary(data[RequestSize:]); err != nil {
		return Transaction{}, err
	}
	if transaction.Request.Order != order {
		return Transaction{}, fmt.Errorf("%w: transaction of another order", ErrMalformed)
	}
	if err := w.verify(transaction, issuers); err != nil {
		return Transaction{}, err
	}
	return transaction, nil
}

// verify checks a transaction of this wallet.
func (w Wallet) verify(transaction Transaction, issuers *Pool) error {
	if w.issuers == nil || w.issuers != issuers {
		return transaction.Verify(issuers)
	}
	return transaction.verifyDebit()
}

// refusedError tells a card's own definite refusal from errors of the way to it.
type refusedError struct{ cause error }

func (e *refusedError) Error() string { return e.cause.Error() }
func (e *refusedError) Unwrap() error { return e.cause }

// ask exchanges one command and returns the data of a 9000 answer. A definite refusal is a *refusedError.
func ask(ctx context.Context, card Exchanger, apdu []byte) ([]byte, error) {
	answer, err := card.Exchange(ctx, apdu)
	if err != nil {
		return nil, err
	}
	data, status, err := splitAnswer(answer)
	if err != nil {
		return nil, err
	}
	if status == StatusOK {
		return data, nil
	}
	cause, definite := status.refusal()
	if !definite {
		return nil, cause
	}
	return nil, &refusedError{cause: cause}
}
