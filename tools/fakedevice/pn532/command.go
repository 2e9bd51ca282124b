package pn532

import (
	"context"
	"io"
	"time"

	codec "github.com/yuantill/yuantill/drivers/nfc/pn532"
)

// Frame identifiers and command codes (user manual, 6.2.1 and 7).
const (
	fromHost, fromChip = 0xD4, 0xD5

	codeDiagnose        = 0x00
	codeFirmwareVersion = 0x02
	codeGeneralStatus   = 0x04
	codeReadRegister    = 0x06
	codeWriteRegister   = 0x08
	codeSetParameters   = 0x12
	codeSAM             = 0x14
	codePowerDown       = 0x16
	codeRFConfiguration = 0x32
	codeDataExchange    = 0x40
	codeCommunicate     = 0x42
	codeDeselect        = 0x44
	codeListTargets     = 0x4A
	codeRelease         = 0x52
)

// Status bytes (7.1).
const (
	statusTimeout      = 0x01
	statusWrongContext = 0x27
	statusMore         = 0x40
)

// RFConfiguration items (7.3.1).
const (
	itemField   = 0x01
	itemRetries = 0x05
)

// command acknowledges and carries out one command frame.
func (c *Chip) command(ctx context.Context, requests <-chan codec.Frame, payload []byte) error {
	if c.stalled() || c.draw(func(f *Faults) *int { return &f.LoseCommands }) {
		return nil
	}
	if err := c.acknowledge(); err != nil {
		return err
	}
	if len(payload) < 2 || payload[0] != fromHost {
		return c.write(codec.SyntaxErrorFrame())
	}
	code, arguments := payload[1], payload[2:]
	if code == codeListTargets && len(arguments) >= 2 {
		return c.listTargets(ctx, requests, arguments)
	}
	answer, understood := c.answer(code, arguments)
	switch {
	case !understood:
		return c.write(codec.SyntaxErrorFrame())
	case c.stalled():
		return nil
	}
	return c.reply(append([]byte{fromChip, code + 1}, answer...))
}

// answer carries out a command that ends at once.
func (c *Chip) answer(code byte, arguments []byte) ([]byte, bool) {
	switch code {
	case codeDiagnose:
		return diagnose(arguments)
	case codeFirmwareVersion:
		return []byte{0x32, 0x01, 0x06, 0x07}, true
	case codeGeneralStatus:
		return []byte{0x00, 0x01, 0x00, 0x00}, true
	case codeReadRegister:
		return c.readRegisters(arguments)
	case codeWriteRegister:
		return c.writeRegisters(arguments)
	case codeSetParameters, codeSAM:
		return nil, len(arguments) >= 1
	case codePowerDown:
		return []byte{0x00}, len(arguments) >= 1
	case codeRFConfiguration:
		return c.configure(arguments)
	case codeDataExchange:
		return c.exchange(arguments)
	case codeCommunicate:
		return []byte{statusTimeout}, true // no card here speaks anything but ISO/IEC 14443-4
	case codeDeselect, codeRelease:
		return c.release(arguments)
	}
	return nil, false
}

// diagnose answers the communication line test with its own bytes (7.2.1).
func diagnose(arguments []byte) ([]byte, bool) {
	if len(arguments) == 0 || arguments[0] != 0x00 {
		return nil, false
	}
	return arguments, true
}

func (c *Chip) readRegisters(arguments []byte) ([]byte, bool) {
	var values []byte
	for ; len(arguments) >= 2; arguments = arguments[2:] {
		values = append(values, c.registers[uint16(arguments[0])<<8|uint16(arguments[1])])
	}
	return values, len(arguments) == 0
}

func (c *Chip) writeRegisters(arguments []byte) ([]byte, bool) {
	for ; len(arguments) >= 3; arguments = arguments[3:] {
		c.registers[uint16(arguments[0])<<8|uint16(arguments[1])] = arguments[2]
	}
	return nil, len(arguments) == 0
}

// configure keeps the retry count and follows the field switch; other items change nothing here.
func (c *Chip) configure(arguments []byte) ([]byte, bool) {
	if len(arguments) < 2 {
		return nil, false
	}
	switch arguments[0] {
	case itemField:
		if arguments[1]&1 == 0 {
			c.mu.Lock()
			c.powerDown()
			c.mu.Unlock()
		}
	case itemRetries:
		if len(arguments) < 4 {
			return nil, false
		}
		c.retries = arguments[3]
	}
	return nil, true
}

// release ends the activation of one target, or of all for 0.
func (c *Chip) release(arguments []byte) ([]byte, bool) {
	if len(arguments) != 1 {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for target, card := range c.listed {
		if arguments[0] != 0 && arguments[0] != target {
			continue
		}
		delete(c.listed, target)
		delete(c.parts, target)
		if card.Applet != nil {
			card.Applet.Reset()
		}
	}
	return []byte{0x00}, true
}

// listTargets looks for cards until one is there, the retries are used up, or the host wants something else.
func (c *Chip) listTargets(ctx context.Context, requests <-chan codec.Frame, arguments []byte) error {
	wanted, modulation := arguments[0], arguments[1]
	var patience <-chan time.Time
	if c.retries != retriesForever {
		timer := time.NewTimer(time.Duration(c.retries+1) * tryTime)
		defer timer.Stop()
		patience = timer.C
	}
	for {
		answer, changed := c.list(wanted, modulation)
		if answer != nil {
			if c.stalled() {
				return nil
			}
			c.tell("card listed")
			return c.reply(append([]byte{fromChip, codeListTargets + 1}, answer...))
		}
		select {
		case <-changed:
		case <-patience:
			c.looksInVain()
			return c.reply([]byte{fromChip, codeListTargets + 1, 0})
		case next, open := <-requests:
			// An ACK aborts; a new command takes the place of this one.
			if open && next.Kind != codec.Acknowledge {
				c.aside = append(c.aside, next)
			}
			if open {
				return nil
			}
			return io.EOF
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// list activates the cards in the field and returns the target data, or nil while there is none of the modulation asked
// for: all cards here are of type A at 106 kbit/s.
func (c *Chip) list(wanted, modulation byte) ([]byte, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if modulation != 0 || len(c.field) == 0 || c.faults.Stall {
		return nil, c.changed
	}
	clear(c.listed)
	clear(c.parts)
	count := min(int(wanted), len(c.field), 2)
	answer := []byte{byte(count)}
	for i, card := range c.field[:count] {
		target := byte(i + 1)
		c.listed[target] = card
		answer = append(append(answer, target), card.describe()...)
	}
	return answer, nil
}

// describe returns ATQA ‖ SAK ‖ length ‖ UID [‖ ATS] (7.3.5).
func (k Card) describe() []byte {
	atqa, sak, ats := k.ATQA, k.SAK, k.ATS
	if atqa == [2]byte{} {
		atqa = [2]byte{0x00, 0x04}
	}
	if sak == 0 {
		sak = 0x20
	}
	if ats == nil {
		ats = []byte{0x75, 0x77, 0x81, 0x02, 0x80}
	}
	data := append([]byte{atqa[0], atqa[1], sak, byte(len(k.UID))}, k.UID...)
	if sak&0x20 != 0 {
		data = append(append(data, byte(len(ats)+1)), ats...)
	}
	return data
}
