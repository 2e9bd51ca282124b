package printer

import (
	"errors"
	"fmt"
	"image/color"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/code128"
	"github.com/boombuler/barcode/qr"
)

// Values of Code 128 that are no data: code set changes, function 1, starts and the stop.
const (
	valueShift    = 98
	valueC        = 99
	valueB        = 100
	valueA        = 101
	valueFNC1     = 102
	valueStart    = 103 // code set A; B and C follow
	symbolModules = 11
	stopModules   = 13
)

var errSymbol = errors.New("printer: symbol not printable")

// barcode is GS k in both forms. Only Code 128 is drawn.
func (in *interpreter) barcode() {
	kind := in.next()
	var data []byte
	if kind <= 6 {
		for in.err == nil {
			b := in.next()
			if b == nul {
				break
			}
			data = append(data, b)
		}
	} else {
		data = in.bytes(int(in.next()))
	}
	if in.err != nil {
		return
	}
	if kind != 73 {
		in.unknown(fmt.Sprintf("bar code system %d", kind))
		return
	}
	values, content, err := code128Values(data)
	if err != nil {
		in.unknown(fmt.Sprintf("bar code: %v", err))
		return
	}
	module, height := in.modes.barModule, in.modes.barHeight
	wide := (len(values)*symbolModules + stopModules) * module
	if wide > in.modes.area {
		in.unknown("bar code does not fit the paper")
		return
	}
	in.barcodeText(content, in.modes.barText&1 != 0)
	in.print(wide, height, Line{Text: content, Kind: Code128Line}, func() (bitmap, error) {
		modules, err := code128Modules(values)
		return bars(modules, module, height), err
	})
	in.barcodeText(content, in.modes.barText&2 != 0)
}

// barcodeText prints the readable line, centred under the symbol.
func (in *interpreter) barcodeText(content string, wanted bool) {
	if !wanted {
		return
	}
	plain := modes{align: in.modes.align, area: in.modes.area, left: in.modes.left, wide: 1, high: 1}
	in.sheet.feed(4)
	for _, r := range content {
		wide, high := columnDots, rowDots
		if in.modes.barFont == 1 {
			wide, high = fontBWide, fontBHigh
		}
		in.sheet.place(r, wide, high, plain, &in.receipt)
	}
	in.sheet.flush(plain, 0, &in.receipt)
	in.sheet.feed(6)
}

func bars(modules []bool, module, height int) bitmap {
	b := bitmap{wide: len(modules) * module, high: height}
	b.dots = make([]byte, b.wide*b.high)
	for y := range b.high {
		for x := range b.wide {
			if modules[x/module] {
				b.dots[y*b.wide+x] = 1
			}
		}
	}
	return b
}

// code128Values turns the data of GS k 73 into symbol values with start and check, and into what a scanner reads.
func code128Values(data []byte) (values []int, content string, err error) {
	set := byte(0)
	shift := false
	for i := 0; i < len(data); i++ {
		b := data[i]
		if b == '{' && i+1 < len(data) && data[i+1] != '{' {
			i++
			if set, shift, values, err = selectSet(data[i], set, values); err != nil {
				return nil, "", err
			}
			continue
		}
		if b == '{' {
			i++ // "{{" is one brace
		}
		if set == 0 {
			return nil, "", fmt.Errorf("no code set: %w", errSymbol)
		}
		value, text, ok := code128Value(b, set, shift)
		if !ok {
			return nil, "", fmt.Errorf("byte %#02x in code set %c: %w", b, set, errSymbol)
		}
		values, content, shift = append(values, value), content+text, false
	}
	if content == "" {
		return nil, "", fmt.Errorf("no data: %w", errSymbol)
	}
	sum := values[0]
	for i, value := range values[1:] {
		sum += (i + 1) * value
	}
	return append(values, sum%103), content, nil
}

// selectSet obeys "{A", "{B", "{C", "{S" and "{1".
func selectSet(selector, set byte, values []int) (newSet byte, shift bool, out []int, err error) {
	switch {
	case selector >= 'A' && selector <= 'C' && set == 0:
		return selector, false, append(values, valueStart+int(selector-'A')), nil
	case selector >= 'A' && selector <= 'C':
		change := map[byte]int{'A': valueA, 'B': valueB, 'C': valueC}
		return selector, false, append(values, change[selector]), nil
	case selector == 'S' && (set == 'A' || set == 'B'):
		return set, true, append(values, valueShift), nil
	case selector == '1' && set != 0:
		return set, false, append(values, valueFNC1), nil
	default:
		return set, false, values, fmt.Errorf("selector {%c: %w", selector, errSymbol)
	}
}

// code128Value is one data byte's symbol value and text.
func code128Value(b, set byte, shift bool) (value int, text string, ok bool) {
	if shift {
		set = 'A' + 'B' - set
	}
	switch {
	case set == 'C':
		return int(b), fmt.Sprintf("%02d", b), b < 100
	case set == 'A' && b < 0x20:
		return int(b) + 64, string(rune(b)), true
	case set == 'A':
		return int(b) - 32, string(rune(b)), b < 0x60
	default:
		return int(b) - 32, string(rune(b)), b >= 0x20 && b < 0x80
	}
}

// code128Modules draws symbol values as modules, true for a bar. The patterns are taken from symbols that the bar code
// library makes, so that no table of ours judges a symbol of ours.
func code128Modules(values []int) ([]bool, error) {
	var modules []bool
	for _, value := range values {
		pattern, err := code128Pattern(value)
		if err != nil {
			return nil, err
		}
		modules = append(modules, pattern...)
	}
	stop, err := symbolModulesOf("0000")
	if err != nil {
		return nil, err
	}
	return append(modules, stop[3*symbolModules:]...), nil
}

func code128Pattern(value int) ([]bool, error) {
	// The library starts in set C for digits, in A for control characters and in B else.
	content, place := "", 0
	switch {
	case value >= 0 && value <= valueC:
		content, place = fmt.Sprintf("00%02d", value), 2
	case value == valueB:
		content, place = "0000a", 3
	case value == valueA:
		content, place = "0000\x01", 3
	case value == valueFNC1:
		content, place = string(code128.FNC1)+"a", 1
	case value == valueStart:
		content = "\x01"
	case value == valueStart+1:
		content = "a"
	case value == valueStart+2:
		content = "0000"
	default:
		return nil, fmt.Errorf("value %d: %w", value, errSymbol)
	}
	modules, err := symbolModulesOf(content)
	if err != nil {
		return nil, err
	}
	return modules[place*symbolModules : (place+1)*symbolModules], nil
}

func symbolModulesOf(content string) ([]bool, error) {
	symbol, err := code128.EncodeWithoutChecksum(content)
	if err != nil {
		return nil, fmt.Errorf("draw bar code: %w", err)
	}
	return row(symbol, 0), nil
}

func row(symbol barcode.Barcode, y int) []bool {
	bounds := symbol.Bounds()
	modules := make([]bool, bounds.Dx())
	for x := range modules {
		modules[x] = dark(symbol.At(bounds.Min.X+x, bounds.Min.Y+y))
	}
	return modules
}

func dark(c color.Color) bool {
	r, _, _, _ := c.RGBA()
	return r < 0x8000
}

// qrStore is the symbol storage of GS ( k.
type qrStore struct {
	module int
	level  byte
	data   []byte
}

func (in *interpreter) qrFunction(function byte, data []byte) {
	switch {
	case function == 65 && len(data) == 2: // model; 2 is what everybody prints
	case function == 67 && len(data) == 1 && data[0] >= 1 && data[0] <= 16:
		in.qr.module = int(data[0])
	case function == 69 && len(data) == 1 && data[0] >= 48 && data[0] <= 51:
		in.qr.level = data[0]
	case function == 80 && len(data) > 1 && data[0] == 48:
		in.qr.data = data[1:]
	case function == 81 && len(data) == 1 && data[0] == 48:
		in.printQR()
	default:
		in.unknown(fmt.Sprintf("QR function %d of %d bytes", function, len(data)))
	}
}

func (in *interpreter) printQR() {
	content, store := string(in.qr.data), in.qr
	if content == "" {
		in.unknown("QR code without data")
		return
	}
	if !in.sheet.drawn() {
		in.print(0, 0, Line{Text: content, Kind: QRLine}, nil)
		return
	}
	levels := [...]qr.ErrorCorrectionLevel{qr.L, qr.M, qr.Q, qr.H}
	symbol, err := qr.Encode(content, levels[store.level-48], qr.Auto)
	if err != nil {
		in.unknown("QR code of too much data")
		return
	}
	side := symbol.Bounds().Dx() * store.module
	if side > in.modes.area {
		in.unknown("QR code does not fit the paper")
		return
	}
	in.print(side, side, Line{Text: content, Kind: QRLine}, func() (bitmap, error) {
		b := bitmap{wide: side, high: side, dots: make([]byte, 0, side*side)}
		for y := range side {
			modules := row(symbol, y/store.module)
			for x := range side {
				b.dots = append(b.dots, bit(modules[x/store.module], 0))
			}
		}
		return b, nil
	})
}
