package printer

import "time"

// state is what the sensors and switches say.
type state struct {
	powered, stalled, offline            bool
	paperOut, nearEnd, coverOpen, cutter bool
	drawerOpen                           bool
	autoStatus                           bool
}

// ready reports whether nothing keeps the printer off line.
func (s state) ready() bool { return !s.offline && !s.paperOut && !s.coverOpen && !s.cutter }

// working reports whether the buffer is being worked off.
func (s state) working() bool { return s.powered && !s.stalled && s.ready() }

// direct is the answer to DLE EOT n.
func (s state) direct(n byte) byte {
	const fixed = 0x12
	switch n {
	case 1:
		return fixed | bit(s.drawerOpen, 2) | bit(!s.ready(), 3)
	case 2:
		return fixed | bit(s.coverOpen, 2) | bit(s.paperOut, 5) | bit(s.cutter, 6)
	case 3:
		return fixed | bit(s.cutter, 3)
	default:
		return fixed | bit(s.nearEnd, 2) | bit(s.nearEnd, 3) | bit(s.paperOut, 5) | bit(s.paperOut, 6)
	}
}

// auto is the automatic status.
func (s state) auto() []byte {
	return []byte{
		0x10 | bit(s.drawerOpen, 2) | bit(!s.ready(), 3) | bit(s.coverOpen, 5),
		bit(s.cutter, 3),
		bit(s.nearEnd, 0) | bit(s.nearEnd, 1) | bit(s.paperOut, 2) | bit(s.paperOut, 3),
		0,
	}
}

// paper is the answer to GS r 1.
func (s state) paper() byte {
	return bit(s.nearEnd, 0) | bit(s.nearEnd, 1) | bit(s.paperOut, 2) | bit(s.paperOut, 3)
}

func bit(set bool, position int) byte {
	if set {
		return 1 << position
	}
	return 0
}

// realTimeWatch finds DLE EOT n in a byte stream without knowing where commands begin.
type realTimeWatch struct{ seen int }

// next returns n when b completes a request for status n, else 0.
func (w *realTimeWatch) next(b byte) byte {
	seen := w.seen
	w.seen = 0
	switch {
	case seen == 2 && b >= 1 && b <= 4:
		return b
	case b == dle:
		w.seen = 1
	case seen == 1 && b == 0x04:
		w.seen = 2
	}
	return 0
}

// change alters the state and pushes it to a host that asked for automatic status.
func (p *Printer) change(alter func(*state)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changeLocked(alter)
}

func (p *Printer) changeLocked(alter func(*state)) {
	before := p.state
	alter(&p.state)
	if p.state == before {
		return
	}
	if p.state.autoStatus && !p.state.stalled && string(p.state.auto()) != string(before.auto()) {
		p.answer(p.state.auto())
	}
	p.changed.Broadcast()
}

// SetPaperOut takes the paper out or loads a new roll.
func (p *Printer) SetPaperOut(out bool) { p.change(func(s *state) { s.paperOut = out }) }

// PaperOutAfter ends the paper after so many more printed lines, symbols or bitmaps.
func (p *Printer) PaperOutAfter(lines int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.linesTo = max(lines, 0)
	if lines == 0 {
		p.changeLocked(func(s *state) { s.paperOut = true })
	}
}

// SetNearEnd puts a little or a lot of paper on the roll.
func (p *Printer) SetNearEnd(near bool) { p.change(func(s *state) { s.nearEnd = near }) }

// SetCoverOpen opens or closes the cover.
func (p *Printer) SetCoverOpen(open bool) { p.change(func(s *state) { s.coverOpen = open }) }

// SetOffline takes the printer off line as its button does.
func (p *Printer) SetOffline(offline bool) { p.change(func(s *state) { s.offline = offline }) }

// SetCutterJam jams or frees the cutter.
func (p *Printer) SetCutterJam(jam bool) { p.change(func(s *state) { s.cutter = jam }) }

// SetDrawerOpen moves the cash drawer.
func (p *Printer) SetDrawerOpen(open bool) { p.change(func(s *state) { s.drawerOpen = open }) }

// Stall makes the printer stop reading, printing and answering, or go on.
func (p *Printer) Stall(stalled bool) { p.change(func(s *state) { s.stalled = stalled }) }

// Slow makes every printed line take so long; 0 is as fast as can be.
func (p *Printer) Slow(line time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pace = max(line, 0)
}

// Send puts bytes of the caller's choice on the wire to the host.
func (p *Printer) Send(data []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer(data)
}

// SetPower cuts the power, which loses the buffer and all modes and tears the receipt, or brings it back.
func (p *Printer) SetPower(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !on {
		p.powerOff()
		return
	}
	p.state.powered = true
	p.changed.Broadcast()
}

// LosePowerAfter cuts the power once so many more bytes have arrived.
func (p *Printer) LosePowerAfter(bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytesTo = max(bytes, 0)
	if bytes == 0 {
		p.powerOff()
	}
}

// powerOff is called with mu held.
func (p *Printer) powerOff() {
	if !p.state.powered {
		return
	}
	p.state.powered, p.state.autoStatus, p.reset = false, false, true
	p.taken, p.buffer, p.arrivals, p.bytesTo = p.received, nil, nil, 0
	p.changed.Broadcast()
}
