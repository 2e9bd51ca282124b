package port

import (
	"fmt"

	"go.bug.st/serial"
)

// Parity is the check bit of a serial character.
type Parity uint8

// The parities serial devices use.
const (
	ParityNone Parity = iota
	ParityOdd
	ParityEven
)

// Settings are the line parameters of a serial port. A USB device with a built-in serial interface ignores them.
type Settings struct {
	// Baud is the speed in bits a second; 0 counts as 115200.
	Baud int
	// DataBits is 5 to 8; 0 counts as 8.
	DataBits int
	Parity   Parity
	// StopBits is 1 or 2; 0 counts as 1.
	StopBits int
}

// Defaults of Settings.
const (
	defaultBaud     = 115200
	defaultDataBits = 8
)

// mode checks s and translates it. It leaves InitialStatusBits nil: a pseudo-terminal has no modem lines, and Linux
// raises DTR and RTS by itself on every other port.
func (s Settings) mode() (*serial.Mode, error) {
	mode := &serial.Mode{BaudRate: s.Baud, DataBits: s.DataBits}
	if mode.BaudRate == 0 {
		mode.BaudRate = defaultBaud
	}
	if mode.DataBits == 0 {
		mode.DataBits = defaultDataBits
	}
	if mode.BaudRate < 0 {
		return nil, fmt.Errorf("check settings: baud %d", s.Baud)
	}
	if mode.DataBits < 5 || mode.DataBits > 8 {
		return nil, fmt.Errorf("check settings: %d data bits", s.DataBits)
	}
	switch s.Parity {
	case ParityNone:
		mode.Parity = serial.NoParity
	case ParityOdd:
		mode.Parity = serial.OddParity
	case ParityEven:
		mode.Parity = serial.EvenParity
	default:
		return nil, fmt.Errorf("check settings: parity %d", s.Parity)
	}
	switch s.StopBits {
	case 0, 1:
		mode.StopBits = serial.OneStopBit
	case 2:
		mode.StopBits = serial.TwoStopBits
	default:
		return nil, fmt.Errorf("check settings: %d stop bits", s.StopBits)
	}
	return mode, nil
}
