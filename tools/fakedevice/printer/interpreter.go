package printer

import (
	"errors"
	"fmt"
	"time"
)

// blockMax bounds a command's data; a longer one would be a misread length.
const blockMax = 1 << 20

// interpreter obeys the buffered commands one after the other.
type interpreter struct {
	done     <-chan struct{} // closed when Run is to end
	printer  *Printer
	pictures chan<- finished
	modes    modes
	sheet    *sheet
	receipt  Receipt
	at       time.Time // arrival of the byte in hand
	qr       qrStore
	graphics graphicsStore
	err      error
}

// modes is what ESC @ resets.
type modes struct {
	align                   byte
	bold, underline, invert bool
	wide, high              int
	chinese                 bool
	codePage                byte
	fontB                   bool
	spacing                 int // between lines, dots
	gap, chineseGap         int // right of a character, dots
	left, area              int // dots
	barHeight, barModule    int
	barText, barFont        byte
}

const defaultSpacing = 30

func newInterpreter(done <-chan struct{}, p *Printer, pictures chan<- finished) *interpreter {
	in := &interpreter{done: done, printer: p, pictures: pictures}
	in.initialise()
	in.fresh()
	return in
}

// initialise is ESC @; the line begun is lost.
func (in *interpreter) initialise() {
	in.modes = modes{
		wide: 1, high: 1, chinese: true, spacing: defaultSpacing,
		area: int(in.printer.options.Width), barHeight: 162, barModule: 3,
	}
	in.qr = qrStore{module: 3, level: 48}
	if in.sheet != nil {
		in.sheet.line = nil
	}
}

// fresh begins a new piece of paper.
func (in *interpreter) fresh() {
	in.sheet = newSheet(int(in.printer.options.Width), in.printer.typeset)
	in.receipt = Receipt{}
}

func (in *interpreter) run() {
	for {
		b := in.next()
		if in.err == nil {
			in.obey(b)
		}
		switch {
		case errors.Is(in.err, errReset):
			in.err = nil
			in.powerLost()
		case in.err != nil:
			return
		}
	}
}

// next returns the next byte, or 0 once something ended the stream; in.err then says what.
func (in *interpreter) next() byte {
	if in.err != nil {
		return 0
	}
	var b byte
	b, in.at, in.err = in.printer.take()
	return b
}

func (in *interpreter) word() int { return int(in.next()) | int(in.next())<<8 }

func (in *interpreter) bytes(n int) []byte {
	if n < 0 || n > blockMax {
		in.unknown(fmt.Sprintf("data of %d bytes", n))
		return nil
	}
	data := make([]byte, 0, min(n, readBytes))
	for range n {
		data = append(data, in.next())
		if in.err != nil {
			return nil
		}
	}
	return data
}

func (in *interpreter) obey(b byte) {
	switch b {
	case lf:
		in.begin()
		in.feedLine()
	case ht:
		in.sheet.tab(in.modes)
	case nul, cr, ff, can:
	case dle:
		// Obeyed when it arrived; here it only has to be passed over.
		if in.next() == 0x04 {
			in.next()
		}
	case esc:
		in.escape(in.next())
	case fs:
		in.fileSeparator(in.next())
	case gs:
		in.groupSeparator(in.next())
	default:
		if b < 0x20 {
			in.unknown(fmt.Sprintf("control %#02x", b))
			return
		}
		in.begin()
		in.character(b)
	}
}

func (in *interpreter) escape(command byte) {
	m := &in.modes
	switch command {
	case '@':
		// The last reset before anything is printed is where a job begins.
		if in.receipt.Began.IsZero() || (in.sheet.blank() && len(in.receipt.Lines) == 0) {
			in.receipt.Began = in.at
		}
		in.initialise()
		in.printer.change(func(s *state) { s.autoStatus = false })
	case '!':
		n := in.next()
		m.fontB, m.bold, m.underline = n&0x01 != 0, n&0x08 != 0, n&0x80 != 0
		m.high, m.wide = 1+int(n>>4&1), 1+int(n>>5&1)
	case 'a':
		m.align = in.next() & 0x03
	case 'E', 'G':
		m.bold = in.next()&1 != 0
	case '-':
		m.underline = in.next()&3 != 0
	case 'M':
		m.fontB = in.next()&1 != 0
	case 't':
		m.codePage = in.next()
	case ' ':
		m.gap = int(in.next())
	case '2':
		m.spacing = defaultSpacing
	case '3':
		m.spacing = int(in.next())
	case 'd':
		n := int(in.next())
		in.begin()
		if n == 0 {
			return
		}
		for range n {
			in.feedLine()
		}
	case 'J':
		n := int(in.next())
		in.begin()
		in.sheet.flush(in.modes, 0, &in.receipt)
		in.sheet.feed(n)
	case '$':
		in.sheet.moveTo(in.word())
	case '\\':
		in.sheet.moveBy(int(int16(in.word())), in.modes)
	case 'p':
		in.bytes(3)
		if in.err == nil {
			in.printer.observe(Event{Kind: DrawerPulsed, At: in.at})
		}
	default:
		in.skip(esc, command)
	}
}

func (in *interpreter) fileSeparator(command byte) {
	m := &in.modes
	switch command {
	case '&':
		m.chinese = true
	case '.':
		m.chinese = false
	case '!':
		n := in.next()
		m.wide, m.high, m.underline = 1+int(n>>2&1), 1+int(n>>3&1), n&0x80 != 0
	case 'W':
		m.wide = 1 + int(in.next()&1)
		m.high = m.wide
	case '-':
		m.underline = in.next()&3 != 0
	case 'S':
		in.next()
		m.chineseGap = int(in.next())
	case '(':
		in.next()
		in.bytes(in.word())
	default:
		in.skip(fs, command)
	}
}

func (in *interpreter) groupSeparator(command byte) {
	m := &in.modes
	switch command {
	case '!':
		n := in.next()
		m.wide, m.high = int(n>>4&7)+1, int(n&7)+1
	case 'B':
		m.invert = in.next()&1 != 0
	case 'L':
		m.left = in.word()
		m.area = max(min(m.area, int(in.printer.options.Width)-m.left), columnDots)
	case 'W':
		m.area = max(min(in.word(), int(in.printer.options.Width)-m.left), columnDots)
	case 'h':
		m.barHeight = int(in.next())
	case 'w':
		m.barModule = int(in.next())
	case 'H':
		m.barText = in.next() & 3
	case 'f':
		m.barFont = in.next() & 1
	case 'k':
		in.barcode()
	case '(':
		in.function(in.next(), in.word())
	case '8':
		in.function(in.next(), in.word()|in.word()<<16)
	case 'v':
		in.raster()
	case 'V':
		in.cut()
	case 'a':
		on := in.next() != 0
		in.printer.startAutoStatus(on)
	case 'r':
		in.transmit(in.next())
	case 'I':
		in.identify(in.next())
	default:
		in.skip(gs, command)
	}
}

func (in *interpreter) skip(family, command byte) {
	if n, known := skipped(family, command); known {
		in.bytes(n)
		return
	}
	in.unknown(fmt.Sprintf("command %02x %02x", family, command))
}

// unknown notes what the model cannot do, once the stream is intact.
func (in *interpreter) unknown(what string) {
	if in.err == nil && len(in.receipt.Unknown) < receiptsMax {
		in.receipt.Unknown = append(in.receipt.Unknown, what)
	}
}

// begin marks the first thing printed on a receipt.
func (in *interpreter) begin() {
	if in.err != nil || in.receipt.Number != 0 {
		return
	}
	if in.receipt.Began.IsZero() {
		in.receipt.Began = in.at
	}
	in.receipt.Number = in.printer.number()
	in.printer.observe(Event{Kind: JobBegan, At: in.receipt.Began, Receipt: in.receipt.Number})
}

// feedLine prints the line in hand and feeds.
func (in *interpreter) feedLine() {
	in.sheet.flush(in.modes, in.modes.spacing, &in.receipt)
	in.printed()
}

// printed counts a line, symbol or bitmap against the paper and takes its time.
func (in *interpreter) printed() {
	if pace := in.printer.countLine(); pace > 0 {
		timer := time.NewTimer(pace)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-in.done:
		}
	}
}
