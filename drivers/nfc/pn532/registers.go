package pn532

import "fmt"

// Frame identifiers, the first byte of a payload (user manual, 6.2.1.1).
const (
	fromHost = 0xD4
	fromChip = 0xD5
	// syntaxError is the whole payload of an error frame (6.2.1.5).
	syntaxError = 0x7F
)

// Command codes (user manual, 7); an answer carries the code plus one.
const (
	codeFirmwareVersion = 0x02
	codeSAM             = 0x14
	codeRFConfiguration = 0x32
	codeDataExchange    = 0x40
	codeListTargets     = 0x4A
	codeRelease         = 0x52
)

// firmwareIC is the first byte of the answer to GetFirmwareVersion.
const firmwareIC = 0x32

// RFConfiguration items (7.3.1).
const (
	itemField   = 0x01
	itemRetries = 0x05
)

// Status byte of InDataExchange (7.1): bit 6 announces more data, the low six bits are an error.
const (
	statusMore      = 0x40
	statusErrorMask = 0x3F
)

// isoDEP is the bit of SAK that says the card speaks ISO/IEC 14443-4 (ISO/IEC 14443-3, 6.5.3.4).
const isoDEP = 0x20

// ChipError is the chip's error code about a target (user manual, 7.1).
type ChipError byte

// Chip errors that the driver treats one by one.
const (
	ChipTimeout        ChipError = 0x01
	ChipNotAllowed     ChipError = 0x26
	ChipWrongContext   ChipError = 0x27
	ChipTargetReleased ChipError = 0x29
)

// Error returns the code with its meaning.
func (e ChipError) Error() string {
	meaning := "error"
	switch e {
	case ChipTimeout:
		meaning = "card does not answer"
	case 0x02:
		meaning = "CRC error"
	case 0x03:
		meaning = "parity error"
	case 0x05:
		meaning = "framing error"
	case 0x0A:
		meaning = "RF field not switched on in time"
	case 0x0B:
		meaning = "RF protocol error"
	case 0x13:
		meaning = "data format does not match"
	case ChipNotAllowed:
		meaning = "operation not allowed"
	case ChipWrongContext:
		meaning = "command not acceptable now"
	case ChipTargetReleased:
		meaning = "target released"
	}
	return fmt.Sprintf("pn532: chip error %02X: %s", byte(e), meaning)
}

// neverSent reports whether the chip refused before it spoke to the card.
func (e ChipError) neverSent() bool { return e == ChipNotAllowed || e == ChipWrongContext }
