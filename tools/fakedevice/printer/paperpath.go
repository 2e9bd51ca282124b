package printer

import "time"

// cutterDots is the way from the print head to the cutter, which a cut with feed adds.
const cutterDots = 96

// number counts a receipt that has begun.
func (p *Printer) number() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.began++
	return p.began
}

// countLine uses up paper and returns how long the line takes.
func (p *Printer) countLine() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.linesTo > 0 {
		if p.linesTo--; p.linesTo == 0 {
			p.changeLocked(func(s *state) { s.paperOut = true })
		}
	}
	return p.pace
}

// startAutoStatus is GS a: it answers at once.
func (p *Printer) startAutoStatus(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.autoStatus = on
	if on {
		p.answer(p.state.auto())
	}
}

// transmit is GS r, answered in its turn.
func (in *interpreter) transmit(n byte) {
	if in.err != nil {
		return
	}
	in.printer.mu.Lock()
	defer in.printer.mu.Unlock()
	switch n {
	case 1, 49:
		in.printer.answer([]byte{in.printer.state.paper()})
	case 2, 50:
		in.printer.answer([]byte{bit(in.printer.state.drawerOpen, 0)})
	}
}

// identify is GS I.
func (in *interpreter) identify(n byte) {
	if in.err != nil {
		return
	}
	var reply []byte
	switch n {
	case 1, 49:
		reply = []byte{0x20}
	case 2, 50:
		reply = []byte{0x03} // two-byte characters, cutter
	case 3, 51:
		reply = []byte{0x01}
	case 65:
		reply = []byte("_1.00\x00")
	case 66:
		reply = []byte("_yuantill\x00")
	case 67:
		reply = []byte("_simulated printer\x00")
	default:
		return
	}
	in.printer.mu.Lock()
	defer in.printer.mu.Unlock()
	in.printer.answer(reply)
}

// cut is GS V: it ends the receipt.
func (in *interpreter) cut() {
	mode := in.next()
	extra := 0
	if mode == 65 || mode == 66 {
		extra = int(in.next()) + cutterDots
	}
	if in.err != nil {
		return
	}
	in.sheet.flush(in.modes, in.modes.spacing, &in.receipt)
	in.sheet.feed(extra)
	if in.receipt.Number != 0 {
		in.finish(ReceiptCut)
	}
	in.fresh()
}

// powerLost tears off what was printed.
func (in *interpreter) powerLost() {
	if in.receipt.Number != 0 {
		in.receipt.Torn = true
		in.finish(ReceiptTorn)
	}
	in.initialise()
	in.fresh()
}

func (in *interpreter) finish(kind EventKind) {
	in.receipt.Cut = time.Now()
	in.printer.add(in.receipt)
	in.printer.observe(Event{Kind: kind, At: in.receipt.Cut, Receipt: in.receipt.Number})
	if in.sheet.drawn() {
		in.pictures <- finished{number: in.receipt.Number, torn: in.receipt.Torn, sheet: in.sheet}
	}
}
