// Package iso7816 turns smart-card commands, responses and BER-TLV data objects into bytes and back (ISO/IEC 7816-3 and
// 7816-4). It does no I/O of its own: bytes reach a card through the Exchanger a caller brings.
package iso7816

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Lengths of the command APDU (ISO/IEC 7816-3, 12.1).
const (
	headerSize       = 4
	shortDataMax     = 255
	shortExpectMax   = 256
	extendedDataMax  = 65535
	extendedLengths  = 3 // 00 ‖ two bytes
	ExpectMax        = 65536
	commandSizeLimit = headerSize + extendedLengths + extendedDataMax + 2
)

var (
	// ErrCommand marks bytes that are no command APDU, or a Command that no APDU can express.
	ErrCommand = errors.New("iso7816: invalid command")
	// ErrResponse marks bytes that are no response APDU.
	ErrResponse = errors.New("iso7816: invalid response")
)

// Command is one command APDU.
type Command struct {
	Class, Instruction, P1, P2 byte
	// Data is the command's data field, at most 65,535 bytes.
	Data []byte
	// Expect is the largest response data length wanted, 1 to 65,536; 0 asks for none.
	Expect int
	// Extended asks for extended length fields where short ones would do.
	Extended bool
}

// Case returns the command case 1 to 4 (ISO/IEC 7816-3, 12.1.1).
func (c Command) Case() int {
	switch {
	case len(c.Data) == 0 && c.Expect == 0:
		return 1
	case len(c.Data) == 0:
		return 2
	case c.Expect == 0:
		return 3
	default:
		return 4
	}
}

// MarshalBinary returns the APDU, with short length fields unless the lengths or Extended ask for the others.
// Error: ErrCommand.
func (c Command) MarshalBinary() ([]byte, error) {
	if len(c.Data) > extendedDataMax || c.Expect < 0 || c.Expect > ExpectMax {
		return nil, fmt.Errorf("%w: %d bytes of data, %d expected", ErrCommand, len(c.Data), c.Expect)
	}
	apdu := make([]byte, 0, headerSize+extendedLengths+len(c.Data)+extendedLengths)
	apdu = append(apdu, c.Class, c.Instruction, c.P1, c.P2)
	if c.Extended || len(c.Data) > shortDataMax || c.Expect > shortExpectMax {
		return c.appendExtended(apdu), nil
	}
	if len(c.Data) > 0 {
		apdu = append(apdu, byte(len(c.Data)))
		apdu = append(apdu, c.Data...)
	}
	if c.Expect > 0 {
		apdu = append(apdu, byte(c.Expect)) // 256 is written as 00
	}
	return apdu, nil
}

// appendExtended adds the body with extended length fields; the leading 00 appears once only.
func (c Command) appendExtended(apdu []byte) []byte {
	if len(c.Data) > 0 {
		apdu = append(apdu, 0)
		apdu = binary.BigEndian.AppendUint16(apdu, uint16(len(c.Data)))
		apdu = append(apdu, c.Data...)
	}
	if c.Expect > 0 {
		if len(c.Data) == 0 {
			apdu = append(apdu, 0)
		}
		apdu = binary.BigEndian.AppendUint16(apdu, uint16(c.Expect)) // 65,536 is written as 0000
	}
	return apdu
}

// ParseCommand reads a whole APDU. Data is a copy. Error: ErrCommand.
func ParseCommand(apdu []byte) (Command, error) {
	if len(apdu) < headerSize || len(apdu) > commandSizeLimit {
		return Command{}, fmt.Errorf("%w: %d bytes", ErrCommand, len(apdu))
	}
	c := Command{Class: apdu[0], Instruction: apdu[1], P1: apdu[2], P2: apdu[3]}
	body := apdu[headerSize:]
	switch {
	case len(body) == 0:
		return c, nil
	case len(body) == 1:
		c.Expect = shortLength(body[0])
		return c, nil
	case body[0] != 0:
		return parseShort(c, body)
	default:
		return parseExtended(c, body)
	}
}

// parseShort reads Lc ‖ data [‖ Le].
func parseShort(c Command, body []byte) (Command, error) {
	size := int(body[0])
	switch len(body) - 1 - size {
	case 0:
	case 1:
		c.Expect = shortLength(body[1+size])
	default:
		return Command{}, fmt.Errorf("%w: Lc %d in a body of %d", ErrCommand, size, len(body))
	}
	c.Data = append([]byte(nil), body[1:1+size]...)
	return c, nil
}

// parseExtended reads 00 ‖ Le, or 00 ‖ Lc ‖ data [‖ Le].
func parseExtended(c Command, body []byte) (Command, error) {
	if len(body) < extendedLengths {
		return Command{}, fmt.Errorf("%w: extended body of %d", ErrCommand, len(body))
	}
	c.Extended = true
	size := int(binary.BigEndian.Uint16(body[1:]))
	rest := body[extendedLengths:]
	if len(rest) == 0 {
		c.Expect = extendedLength(body[1:])
		return c, nil
	}
	if size == 0 {
		return Command{}, fmt.Errorf("%w: extended Lc 0", ErrCommand)
	}
	switch len(rest) - size {
	case 0:
	case 2:
		c.Expect = extendedLength(rest[size:])
	default:
		return Command{}, fmt.Errorf("%w: Lc %d with %d bytes", ErrCommand, size, len(rest))
	}
	c.Data = append([]byte(nil), rest[:size]...)
	return c, nil
}

// shortLength reads a one-byte Le; 00 stands for 256.
func shortLength(b byte) int {
	if b == 0 {
		return shortExpectMax
	}
	return int(b)
}

// extendedLength reads a two-byte Le; 0000 stands for 65,536.
func extendedLength(b []byte) int {
	if n := int(binary.BigEndian.Uint16(b)); n != 0 {
		return n
	}
	return ExpectMax
}
