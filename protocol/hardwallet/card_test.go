package hardwallet_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/sign"
)

const expiry = 2_000_000_000

// card is the smallest card that keeps the profile, with hooks for everything that can go wrong on the way to it.
type card struct {
	key         *sign.Key
	certificate hardwallet.Certificate
	balance     int64
	counter     uint32
	log         []hardwallet.Transaction
	debits      int

	// answer, when set, replaces the status or answer of the instruction.
	answer map[byte][]byte
	// before and after, when set for an instruction, end its exchange with this error before or after the card acts.
	before, after map[byte]error
	// bend changes the answer on its way.
	bend func(instruction byte, answer []byte) []byte
}

type shop struct {
	issuer *sign.Key
	pool   *hardwallet.Pool
	card   *card
}

func newShop(t testing.TB) shop {
	t.Helper()
	issuer, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	pool, err := hardwallet.NewPool(issuer.Public())
	require.NoError(t, err)
	return shop{issuer: issuer, pool: pool, card: mint(t, issuer, "0011223344556677")}
}

func mint(t testing.TB, issuer *sign.Key, digits string) *card {
	t.Helper()
	key, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	wallet, err := hardwallet.ParseWalletID(digits)
	require.NoError(t, err)
	certificate, err := hardwallet.Certificate{
		Wallet: wallet, Level: 3, Type: hardwallet.TypeHardware, Key: key.Public(), Currency: "CNY",
		TapLimit: 50_000, TapCount: 10, Expiry: expiry,
	}.Issue(issuer)
	require.NoError(t, err)
	return &card{
		key: key, certificate: certificate, balance: 100_000,
		answer: map[byte][]byte{}, before: map[byte]error{}, after: map[byte]error{},
	}
}

func request(order byte, amount int64) hardwallet.Request {
	return hardwallet.Request{
		Order: [16]byte{0xA0, order}, Amount: amount, Currency: "CNY", Merchant: "898110259410001", Terminal: "T0000001",
		Time: 1_800_000_000, Nonce: [8]byte{1, 2, 3, 4, 5, 6, 7, 8},
	}
}

// Exchange is the card behind its faults.
func (c *card) Exchange(ctx context.Context, command []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	instruction := command[1]
	if err := c.before[instruction]; err != nil {
		return nil, err
	}
	answer, replaced := c.answer[instruction]
	if !replaced {
		answer = c.act(instruction, command)
	}
	if err := c.after[instruction]; err != nil {
		return nil, err
	}
	if c.bend != nil {
		answer = c.bend(instruction, answer)
	}
	return answer, nil
}

func (c *card) act(instruction byte, command []byte) []byte {
	switch instruction {
	case hardwallet.InstructionSelect:
		if !bytes.Equal(command[5:len(command)-1], hardwallet.AID()) {
			return status(hardwallet.StatusNoApplication)
		}
		answer, err := hardwallet.Wallet{Certificate: c.certificate, Counter: c.counter}.MarshalBinary()
		if err != nil {
			panic(err)
		}
		return append(answer, status(hardwallet.StatusOK)...)
	case hardwallet.InstructionPay:
		return c.pay(command[5 : len(command)-1])
	case hardwallet.InstructionGet:
		order := command[5 : len(command)-1]
		for _, t := range c.log {
			if bytes.Equal(order, t.Request.Order[:]) {
				body, _ := t.Request.MarshalBinary()
				debit, _ := t.Debit.MarshalBinary()
				return append(append(body, debit...), status(hardwallet.StatusOK)...)
			}
		}
		return status(hardwallet.StatusNoTransaction)
	}
	return status(hardwallet.StatusUnknownInstruction)
}

func (c *card) pay(body []byte) []byte {
	var r hardwallet.Request
	if err := r.UnmarshalBinary(body); err != nil {
		return status(hardwallet.StatusWrongData)
	}
	for _, t := range c.log {
		if t.Request.Order != r.Order {
			continue
		}
		if t.Request != r {
			return status(hardwallet.StatusOrderConflict)
		}
		debit, _ := t.Debit.MarshalBinary()
		return append(debit, status(hardwallet.StatusOK)...)
	}
	if r.Amount > c.balance {
		return status(hardwallet.StatusInsufficient)
	}
	t, err := hardwallet.Transaction{
		Certificate: c.certificate, Request: r,
		Debit: hardwallet.Debit{Counter: c.counter + 1, Balance: c.balance - r.Amount},
	}.Sign(c.key)
	if err != nil {
		panic(err)
	}
	c.counter, c.balance, c.debits = c.counter+1, c.balance-r.Amount, c.debits+1
	c.log = append(c.log, t)
	if len(c.log) > hardwallet.LogSize {
		c.log = c.log[1:]
	}
	debit, _ := t.Debit.MarshalBinary()
	return append(debit, status(hardwallet.StatusOK)...)
}

func status(s hardwallet.Status) []byte { return []byte{byte(s >> 8), byte(s)} }
