package hardcard

import (
	"bytes"
	"math"

	"github.com/yuantill/yuantill/drivers/nfc/iso7816"
	"github.com/yuantill/yuantill/protocol/hardwallet"
)

// selectByName is P1 of SELECT by application identifier (ISO/IEC 7816-4, 11.2.2).
const selectByName = 0x04

// selectApplication answers SELECT. Another application leaves nothing selected.
func (c *Card) selectApplication(command iso7816.Command) ([]byte, hardwallet.Status) {
	c.selected = false
	if command.P1 != selectByName || command.P2 != 0 {
		return nil, hardwallet.StatusWrongParameters
	}
	if !bytes.Equal(command.Data, hardwallet.AID()) {
		return nil, hardwallet.StatusNoApplication
	}
	data, err := hardwallet.Wallet{Certificate: c.certificate, Counter: c.state.counter}.MarshalBinary()
	if err != nil {
		return nil, statusMemoryFailure
	}
	c.selected = true
	return data, hardwallet.StatusOK
}

// get answers GET TRANSACTION.
func (c *Card) get(command iso7816.Command) ([]byte, hardwallet.Status) {
	log := c.state.log
	switch {
	case command.P2 != 0 || command.P1 > hardwallet.GetByOrder:
		return nil, hardwallet.StatusWrongParameters
	case command.P1 == hardwallet.GetLast && len(command.Data) != 0:
		return nil, hardwallet.StatusWrongLength
	case command.P1 == hardwallet.GetLast && len(log) > 0:
		return entry(log[len(log)-1])
	case command.P1 == hardwallet.GetByOrder && len(command.Data) != 16:
		return nil, hardwallet.StatusWrongLength
	case command.P1 == hardwallet.GetByOrder:
		if found, ok := c.find([16]byte(command.Data)); ok {
			return entry(found)
		}
	}
	return nil, hardwallet.StatusNoTransaction
}

// entry returns a log entry as GET TRANSACTION sends it.
func entry(t hardwallet.Transaction) ([]byte, hardwallet.Status) {
	request, err := t.Request.MarshalBinary()
	if err != nil {
		return nil, statusMemoryFailure
	}
	debit, err := t.Debit.MarshalBinary()
	if err != nil {
		return nil, statusMemoryFailure
	}
	return append(request, debit...), hardwallet.StatusOK
}

// find returns the logged payment of an order.
func (c *Card) find(order [16]byte) (hardwallet.Transaction, bool) {
	for _, t := range c.state.log {
		if t.Request.Order == order {
			return t, true
		}
	}
	return hardwallet.Transaction{}, false
}

// pay answers PAY, with the checks in the profile's order.
func (c *Card) pay(command iso7816.Command) ([]byte, hardwallet.Status) {
	if command.P1 != 0 || command.P2 != 0 {
		return nil, hardwallet.StatusWrongParameters
	}
	if len(command.Data) != hardwallet.RequestSize {
		return nil, hardwallet.StatusWrongLength
	}
	var request hardwallet.Request
	if err := request.UnmarshalBinary(command.Data); err != nil {
		return nil, hardwallet.StatusWrongData
	}
	if before, paid := c.find(request.Order); paid {
		if before.Request != request {
			return nil, hardwallet.StatusOrderConflict
		}
		return debitOf(before)
	}
	if status := c.allow(request); status != hardwallet.StatusOK {
		return nil, status
	}
	return c.debit(request)
}

// allow returns the reason against a payment, or StatusOK.
func (c *Card) allow(request hardwallet.Request) hardwallet.Status {
	switch {
	case c.state.blocked:
		return hardwallet.StatusBlocked
	case request.Currency != c.certificate.Currency:
		return hardwallet.StatusCurrency
	case request.Time >= c.certificate.Expiry:
		return hardwallet.StatusExpired
	case request.Amount > c.certificate.TapLimit:
		return hardwallet.StatusOverLimit
	case c.state.taps >= c.certificate.TapCount || c.state.counter == math.MaxUint32:
		return hardwallet.StatusTapsUsedUp
	case request.Amount > c.state.balance:
		return hardwallet.StatusInsufficient
	}
	return hardwallet.StatusOK
}

// debit signs the payment, makes it durable and only then answers.
func (c *Card) debit(request hardwallet.Request) ([]byte, hardwallet.Status) {
	transaction, err := hardwallet.Transaction{
		Certificate: c.certificate,
		Request:     request,
		Debit:       hardwallet.Debit{Counter: c.state.counter + 1, Balance: c.state.balance - request.Amount},
	}.Sign(c.key)
	if err != nil {
		return nil, statusMemoryFailure
	}
	err = c.commit(func(s *state) error {
		s.balance, s.counter, s.taps = transaction.Debit.Balance, transaction.Debit.Counter, s.taps+1
		s.log = append(s.log, transaction)
		if excess := len(s.log) - hardwallet.LogSize; excess > 0 {
			s.log = s.log[excess:]
		}
		return nil
	})
	if err != nil {
		return nil, statusMemoryFailure
	}
	return debitOf(transaction)
}

// debitOf returns the answer to PAY.
func debitOf(t hardwallet.Transaction) ([]byte, hardwallet.Status) {
	debit, err := t.Debit.MarshalBinary()
	if err != nil {
		return nil, statusMemoryFailure
	}
	return debit, hardwallet.StatusOK
}
