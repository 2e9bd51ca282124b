package hardwallet

import (
	"errors"
	"fmt"
)

// Class and instructions of the profile's commands.
const (
	ClassSelect       = 0x00
	ClassWallet       = 0x80
	InstructionSelect = 0xA4
	InstructionPay    = 0x50
	InstructionGet    = 0x52
)

// P1 of GET TRANSACTION.
const (
	GetLast    = 0x00
	GetByOrder = 0x01
)

// Status is SW1-SW2 as the profile uses it.
type Status uint16

// The profile's status words. Those of 94xx are its own, the others have their ISO/IEC 7816-4 meaning. A card that
// answers any of them but 9000 has debited nothing for this command.
const (
	StatusOK                 Status = 0x9000
	StatusWrongLength        Status = 0x6700
	StatusNotSelected        Status = 0x6985
	StatusWrongData          Status = 0x6A80
	StatusNoApplication      Status = 0x6A82
	StatusWrongParameters    Status = 0x6A86
	StatusNoTransaction      Status = 0x6A88
	StatusUnknownInstruction Status = 0x6D00
	StatusUnknownClass       Status = 0x6E00
	StatusInsufficient       Status = 0x9401
	StatusOverLimit          Status = 0x9402
	StatusExpired            Status = 0x9403
	StatusBlocked            Status = 0x9404
	StatusTapsUsedUp         Status = 0x9405
	StatusOrderConflict      Status = 0x9406
	StatusCurrency           Status = 0x9407
)

// What a card refuses. ErrOverLimit, ErrExpired and ErrCurrency stand beside Transaction.
var (
	ErrInsufficient  = errors.New("hardwallet: balance too low")
	ErrBlocked       = errors.New("hardwallet: card blocked")
	ErrTapsUsedUp    = errors.New("hardwallet: card must be connected before it pays again")
	ErrOrderConflict = errors.New("hardwallet: order already paid with other particulars")
	ErrNotWallet     = errors.New("hardwallet: no wallet on this card")
	ErrNoTransaction = errors.New("hardwallet: no such transaction on this card")
	// ErrRefused marks a definite refusal that says nothing to a customer, such as a malformed command.
	ErrRefused = errors.New("hardwallet: refused by the card")
)

// refusal returns the error of a definite refusal, and false for any status that does not say whether the card has
// debited itself: 6F00 and its like can follow the debit.
func (s Status) refusal() (error, bool) {
	switch s {
	case StatusInsufficient:
		return ErrInsufficient, true
	case StatusOverLimit:
		return ErrOverLimit, true
	case StatusExpired:
		return ErrExpired, true
	case StatusBlocked:
		return ErrBlocked, true
	case StatusTapsUsedUp:
		return ErrTapsUsedUp, true
	case StatusOrderConflict:
		return ErrOrderConflict, true
	case StatusCurrency:
		return ErrCurrency, true
	case StatusNoApplication:
		return ErrNotWallet, true
	case StatusNoTransaction:
		return ErrNoTransaction, true
	case StatusWrongLength, StatusNotSelected, StatusWrongData, StatusWrongParameters, StatusUnknownInstruction,
		StatusUnknownClass:
		return fmt.Errorf("%w: status %04X", ErrRefused, uint16(s)), true
	}
	return fmt.Errorf("%w: status %04X", ErrMalformed, uint16(s)), false
}

// selectCommand returns SELECT by AID.
func selectCommand() []byte { return command(ClassSelect, InstructionSelect, 0x04, AID()) }

// command returns a short APDU with data and Le 00.
func command(class, instruction, p1 byte, data []byte) []byte {
	apdu := append(make([]byte, 0, 6+len(data)), class, instruction, p1, 0)
	if len(data) > 0 {
		apdu = append(apdu, byte(len(data)))
		apdu = append(apdu, data...)
	}
	return append(apdu, 0)
}

// splitAnswer separates data and status.
func splitAnswer(answer []byte) ([]byte, Status, error) {
	split := len(answer) - 2
	if split < 0 {
		return nil, 0, fmt.Errorf("%w: answer of %d bytes", ErrMalformed, len(answer))
	}
	return answer[:split], Status(answer[split])<<8 | Status(answer[split+1]), nil
}
