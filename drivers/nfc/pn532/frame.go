package pn532

import (
	"errors"
	"fmt"
)

// Lengths of a frame (user manual, 6.2.1). A payload is the frame identifier and what follows it.
const (
	PayloadMax       = 265
	normalPayloadMax = 255
	startSize        = 3 // 00 00 FF
)

// ErrPayload marks a payload that no frame can carry.
var ErrPayload = errors.New("pn532: payload length")

// Kind is the kind of a frame.
type Kind uint8

// The kinds of frame.
const (
	Data        Kind = iota + 1
	Acknowledge      // 00 00 FF 00 FF 00
	Refuse           // 00 00 FF FF 00 00: send the last frame again
	SyntaxError      // 00 00 FF 01 FF 7F 81 00: the chip did not understand the command and did nothing
	Corrupt          // a frame whose data checksum is wrong
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case Data:
		return "data"
	case Acknowledge:
		return "acknowledge"
	case Refuse:
		return "refuse"
	case SyntaxError:
		return "syntax error"
	case Corrupt:
		return "corrupt"
	default:
		return "invalid"
	}
}

// Frame is one frame. Payload is set for Data only.
type Frame struct {
	Kind    Kind
	Payload []byte
}

// AcknowledgeFrame returns the ACK frame; from the host it aborts the running command.
func AcknowledgeFrame() []byte { return []byte{0x00, 0x00, 0xFF, 0x00, 0xFF, 0x00} }

// RefuseFrame returns the NACK frame; from the host it asks for the last answer once more and executes nothing.
func RefuseFrame() []byte { return []byte{0x00, 0x00, 0xFF, 0xFF, 0x00, 0x00} }

// SyntaxErrorFrame returns the chip's error frame.
func SyntaxErrorFrame() []byte { return []byte{0x00, 0x00, 0xFF, 0x01, 0xFF, 0x7F, 0x81, 0x00} }

// AppendFrame adds a data frame to dst, extended when the payload is longer than 255 bytes. Error: ErrPayload for an
// empty payload or one longer than PayloadMax.
func AppendFrame(dst, payload []byte) ([]byte, error) {
	size := len(payload)
	if size == 0 || size > PayloadMax {
		return nil, fmt.Errorf("%w: %d bytes", ErrPayload, size)
	}
	dst = append(dst, 0x00, 0x00, 0xFF)
	if size <= normalPayloadMax {
		dst = append(dst, byte(size), -byte(size))
	} else {
		high, low := byte(size>>8), byte(size)
		dst = append(dst, 0xFF, 0xFF, high, low, -(high + low))
	}
	dst = append(dst, payload...)
	return append(dst, -sum(payload), 0x00), nil
}

// sum adds bytes modulo 256.
func sum(data []byte) byte {
	var total byte
	for _, b := range data {
		total += b
	}
	return total
}
