package scanner

import (
	"errors"
	"slices"
	"time"
)

const (
	// gapDefault ends a symbol when no byte follows it; scanners send the bytes of one symbol back to back.
	gapDefault = 50 * time.Millisecond
	// lengthDefault holds every payment code and the largest QR code of a receipt, in bytes.
	lengthDefault = 1024
	// lengthLimit is more than a QR code can carry (2,953 bytes in version 40-L).
	lengthLimit = 4096
	// affixMax bounds prefix and suffix, in bytes.
	affixMax = 16
	// staleAfter is when input without its terminator is given up, for scanners that always send one.
	staleAfter = time.Second
	// GapOff as Options.Gap says that only a terminator ends a symbol.
	GapOff = time.Duration(-1)
)

// Options describe how a scanner was set up. The zero value fits a scanner as it comes out of the box.
type Options struct {
	// Prefix and Suffix are taken off a symbol where they stand; a symbol without them is delivered all the same.
	Prefix, Suffix []byte
	// Terminators are the control characters that end a symbol each; empty counts as CR, LF and ETX. Empty symbols are skipped, so CR
	// LF ends one symbol.
	Terminators []byte
	// Gap without a byte ends a symbol too; 0 counts as 50 ms. With GapOff, input that waits a second for its
	// terminator is dropped as garbage instead.
	Gap time.Duration
	// LengthMax is the longest symbol in bytes, prefix, suffix and AIM identifier included; 0 counts as 1,024.
	LengthMax int
	// AIM says that the scanner sends an AIM identifier such as "]Q1" before the symbol.
	AIM bool
}

// withDefaults checks o and returns it with nothing left open.
func (o Options) withDefaults() (Options, error) {
	if len(o.Terminators) == 0 {
		o.Terminators = []byte{'\r', '\n', etx}
	}
	if o.Gap == 0 {
		o.Gap = gapDefault
	}
	if o.LengthMax == 0 {
		o.LengthMax = lengthDefault
	}
	switch {
	case o.Gap < 0 && o.Gap != GapOff:
		return o, errors.New("check options: negative gap")
	case o.LengthMax < 0 || o.LengthMax > lengthLimit:
		return o, errors.New("check options: length out of range")
	case len(o.Prefix) > affixMax || len(o.Suffix) > affixMax:
		return o, errors.New("check options: prefix or suffix too long")
	case slices.ContainsFunc(o.Terminators, func(b byte) bool { return b >= ' ' }):
		// Any other byte may be half of a Chinese character.
		return o, errors.New("check options: terminator is no control character")
	}
	return o, nil
}
