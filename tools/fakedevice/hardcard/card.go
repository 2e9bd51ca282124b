// Package hardcard is a model of a hard wallet that keeps the open profile of protocol/HARDWALLET.md: command APDUs go
// in, answers come out, and a balance goes down. Its keys lie open in memory and in a file; it is no safe place for money.
package hardcard

import (
	"fmt"
	"sync"

	"github.com/yuantill/yuantill/drivers/nfc/iso7816"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/sign"
)

// statusMemoryFailure answers a payment that could not be made durable; nothing was debited.
const statusMemoryFailure = hardwallet.Status(iso7816.StatusMemoryFailure)

// Card is one hard wallet. It is safe for concurrent use.
type Card struct {
	key         *sign.Key
	certificate hardwallet.Certificate
	// path is where the state is kept; empty keeps it in memory only.
	path string

	mu       sync.Mutex
	selected bool
	state    state
}

// state is what changes over a card's life.
type state struct {
	balance int64
	counter uint32
	// taps counts the payments since the card was last connected.
	taps    uint16
	blocked bool
	// log holds the latest payments, oldest first.
	log []hardwallet.Transaction
}

// Wallet returns the wallet id.
func (c *Card) Wallet() hardwallet.WalletID { return c.certificate.Wallet }

// Certificate returns the issuer's word about the card.
func (c *Card) Certificate() hardwallet.Certificate { return c.certificate }

// Balance returns what is left, in minor units.
func (c *Card) Balance() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.balance
}

// Counter returns how many payments the card has made.
func (c *Card) Counter() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.counter
}

// Connect is what happens when the holder's telephone reaches the operator: the balance changes by amount minor units,
// which may be 0 or negative, and the count of payments starts again. It fails when the balance would leave its range.
func (c *Card) Connect(amount int64) error {
	return c.change(func(s *state) error {
		if sum := s.balance + amount; sum < 0 || (amount > 0 && sum < s.balance) {
			return fmt.Errorf("connect card: balance out of range by %d", amount)
		}
		s.balance, s.taps = s.balance+amount, 0
		return nil
	})
}

// Block makes the card refuse payments, or accept them again.
func (c *Card) Block(blocked bool) error {
	return c.change(func(s *state) error {
		s.blocked = blocked
		return nil
	})
}

// Reset is the loss of the reader's field: the application is no longer selected.
func (c *Card) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.selected = false
}

// change applies a change and makes it durable, or leaves everything as it was.
func (c *Card) change(apply func(*state) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.commit(apply)
}

// commit needs c.mu.
func (c *Card) commit(apply func(*state) error) error {
	next := c.state
	next.log = append([]hardwallet.Transaction(nil), c.state.log...)
	if err := apply(&next); err != nil {
		return err
	}
	if c.path != "" {
		if err := c.save(next); err != nil {
			return err
		}
	}
	c.state = next
	return nil
}

// Exchange carries out one command APDU and returns the answer with its status bytes.
func (c *Card) Exchange(apdu []byte) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	command, err := iso7816.ParseCommand(apdu)
	if err != nil {
		return answer(nil, hardwallet.StatusWrongLength)
	}
	switch {
	case command.Class == hardwallet.ClassSelect && command.Instruction == hardwallet.InstructionSelect:
		return answer(c.selectApplication(command))
	case command.Class != hardwallet.ClassWallet:
		return answer(nil, hardwallet.StatusUnknownClass)
	case command.Instruction != hardwallet.InstructionPay && command.Instruction != hardwallet.InstructionGet:
		return answer(nil, hardwallet.StatusUnknownInstruction)
	case !c.selected:
		return answer(nil, hardwallet.StatusNotSelected)
	case command.Instruction == hardwallet.InstructionGet:
		return answer(c.get(command))
	default:
		return answer(c.pay(command))
	}
}

// answer joins data and status.
func answer(data []byte, status hardwallet.Status) []byte {
	return append(data, byte(status>>8), byte(status))
}
