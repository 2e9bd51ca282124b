package escpos

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// ErrOptions marks options a printer cannot be driven with.
var ErrOptions = errors.New("escpos: invalid options")

// Fence is how the driver learns that a job was consumed.
type Fence uint8

const (
	// FenceInOrder sends GS r behind the job and waits for its answer, which the printer gives only when it has
	// worked through everything before it; then it reads the status. The default.
	FenceInOrder Fence = iota
	// FenceRealTime only reads the real-time status after the last byte was written. For printers without GS r: the
	// answer overtakes what is still in the printer's buffer, so a fault that follows is seen by the next status.
	FenceRealTime
)

// Options say how one printer is driven. Start from DefaultOptions.
type Options struct {
	Profile Profile
	Fence   Fence
	// DrawerOpenLow is set when the drawer's switch pulls its pin low while open.
	DrawerOpenLow bool
	// AnswerTimeout bounds the wait for one status byte.
	AnswerTimeout time.Duration
	// WriteTimeout bounds how long the printer may take no byte at all.
	WriteTimeout time.Duration
	// JobTimeout bounds the wait from the last byte written to the printer's answer that it has consumed the job.
	JobTimeout time.Duration
	// PollEvery is the pause between status reads while nothing is printed.
	PollEvery time.Duration
	// FreshFor is how old a known status may be for a job to start on it without asking first.
	FreshFor time.Duration
	Logger   *slog.Logger
	// Now tells the time; time.Now outside tests.
	Now func() time.Time
}

// DefaultOptions suits a printer on a serial line or USB: status pushed by the printer, read every 2 s besides, known
// for 5 s.
func DefaultOptions(profile Profile, logger *slog.Logger) Options {
	return Options{
		Profile:       profile,
		AnswerTimeout: 500 * time.Millisecond,
		WriteTimeout:  5 * time.Second,
		JobTimeout:    30 * time.Second,
		PollEvery:     2 * time.Second,
		FreshFor:      5 * time.Second,
		Logger:        logger,
		Now:           time.Now,
	}
}

// Validate returns ErrOptions with the field at fault, or ErrProfile.
func (o Options) Validate() error {
	switch {
	case !o.Profile.valid():
		return ErrProfile
	case o.Fence > FenceRealTime:
		return fmt.Errorf("fence %d: %w", o.Fence, ErrOptions)
	case o.AnswerTimeout <= 0, o.WriteTimeout <= 0, o.JobTimeout <= 0, o.PollEvery <= 0, o.FreshFor <= 0:
		return fmt.Errorf("time-out not positive: %w", ErrOptions)
	case o.Logger == nil || o.Now == nil:
		return fmt.Errorf("logger or clock missing: %w", ErrOptions)
	default:
		return nil
	}
}
