package pn532

import (
	"context"
	"time"

	codec "github.com/yuantill/yuantill/drivers/nfc/pn532"
)

// splitGap is the pause inside a split frame.
const splitGap = 2 * time.Millisecond

// Faults are what goes wrong from now on. The zero value is a chip in order.
type Faults struct {
	// Stall makes the chip say nothing at all.
	Stall bool
	// LoseAcks is how many of the next ACKs are lost.
	LoseAcks int
	// LoseCommands is how many of the next command frames the chip never sees.
	LoseCommands int
	// BadChecksums is how many of the next answers have a wrong checksum; asked for again they are whole.
	BadChecksums int
	// Split sends every frame in pieces of this many bytes with pauses between; 0 sends it whole.
	Split int
	// Garbage is sent in front of every frame.
	Garbage []byte
	// TearBefore and TearAfter take the card away at the nth APDU from now, counted from 1, before or after the card has
	// carried it out; 0 never does.
	TearBefore, TearAfter int
	// ChainAt sends answers longer than this in parts that the host must fetch; 0 never does.
	ChainAt int
}

// SetFaults replaces the faults.
func (c *Chip) SetFaults(faults Faults) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults, c.exchanges = faults, 0
}

// Tear sets TearBefore and TearAfter and leaves the other faults as they are.
func (c *Chip) Tear(before, after int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults.TearBefore, c.faults.TearAfter, c.exchanges = before, after, 0
}

// Noise sends bytes that nobody asked for.
func (c *Chip) Noise(ctx context.Context, noise []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := c.wire.Write(noise)
	return err
}

// stalled reports whether the chip is silent now.
func (c *Chip) stalled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.faults.Stall
}

// draw takes one from a counted fault and reports whether there was one.
func (c *Chip) draw(counter func(*Faults) *int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := counter(&c.faults)
	if *left == 0 {
		return false
	}
	*left--
	return true
}

// acknowledge sends an ACK unless it is lost.
func (c *Chip) acknowledge() error {
	if c.draw(func(f *Faults) *int { return &f.LoseAcks }) {
		return nil
	}
	return c.write(codec.AcknowledgeFrame())
}

// reply sends an answer and keeps it for a NACK.
func (c *Chip) reply(payload []byte) error {
	frame, err := codec.AppendFrame(nil, payload)
	if err != nil {
		return err
	}
	c.last = frame
	if c.draw(func(f *Faults) *int { return &f.BadChecksums }) {
		bad := append([]byte(nil), frame...)
		bad[len(bad)-2] ^= 0x5A
		return c.write(bad)
	}
	return c.write(frame)
}

// write sends a frame with the faults of the wire.
func (c *Chip) write(frame []byte) error {
	c.mu.Lock()
	split, garbage, stall := c.faults.Split, c.faults.Garbage, c.faults.Stall
	c.mu.Unlock()
	if stall || len(frame) == 0 {
		return nil
	}
	data := append(append([]byte(nil), garbage...), frame...)
	for split > 0 && len(data) > split {
		if _, err := c.wire.Write(data[:split]); err != nil {
			return err
		}
		data = data[split:]
		time.Sleep(splitGap)
	}
	_, err := c.wire.Write(data)
	return err
}
