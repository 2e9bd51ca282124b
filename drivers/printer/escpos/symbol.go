package escpos

import (
	"fmt"

	"github.com/yuantill/yuantill/drivers"
)

// Widest first: the wider the module, the cheaper the scanner that still reads it. Three dots are 0.375 mm.
const (
	barcodeModuleMax = 3
	barcodeModuleMin = 2
)

// barcode writes a Code 128 symbol in code set B, or in set C when only that fits; content that fits neither way is
// printed as text, since a printer would silently leave the symbol out.
func (e *encoder) barcode(i int, b drivers.Barcode) string {
	if b.Content == "" || len(b.Content) > barcodeDataMax {
		return fmt.Sprintf("bar code of %d characters outside 1 to %d", len(b.Content), barcodeDataMax)
	}
	for _, c := range []byte(b.Content) {
		if c < ' ' || c > '~' {
			return fmt.Sprintf("bar code holds byte %#x outside printable ASCII", c)
		}
	}
	if b.Height < 0 || b.Height > barcodeHeightMax {
		return fmt.Sprintf("bar code height %d outside 0 to %d", b.Height, barcodeHeightMax)
	}
	height := b.Height
	if height == 0 {
		height = barcodeHeight
	}
	data, module := e.code128(b.Content)
	if module == 0 {
		e.degraded = append(e.degraded, i)
		return e.text(drivers.Text{Content: b.Content, Align: drivers.Centre})
	}
	e.style(drivers.Centre, false, 1)
	e.data = append(e.data, gs, 'h', byte(height), gs, 'w', byte(module), gs, 'H', 2, gs, 'f', 0)
	e.data = append(e.data, gs, 'k', 73, byte(len(data)))
	e.data = append(e.data, data...)
	return ""
}

// code128 chooses the code set and the module's width in dots; 0 means that the symbol does not fit.
func (e *encoder) code128(content string) (data []byte, module int) {
	if module := e.module(len(content)); module > 0 {
		return codeSetB(content), module
	}
	if data := codeSetC(content); data != nil {
		if module := e.module(len(content) / 2); module > 0 {
			return data, module
		}
	}
	return nil, 0
}

// module returns the widest module at which a symbol of n data characters and its quiet zones fit the paper.
func (e *encoder) module(n int) int {
	// Start, data and check characters are 11 modules each, the stop character 13.
	modules := 11*(n+2) + 13 + quietModules
	for module := barcodeModuleMax; module >= barcodeModuleMin; module-- {
		if modules*module <= e.profile.Dots {
			return module
		}
	}
	return 0
}

func codeSetB(content string) []byte {
	data := []byte("{B")
	for _, c := range []byte(content) {
		if c == '{' {
			data = append(data, '{') // the selector's escape
		}
		data = append(data, c)
	}
	return data
}

// codeSetC packs digit pairs into bytes, or returns nil when the content has none or when the bytes would spell a
// real-time command: "1604" would become 10 04.
func codeSetC(content string) []byte {
	if len(content)%2 != 0 {
		return nil
	}
	data := []byte("{C")
	for i := 0; i < len(content); i += 2 {
		tens, units := content[i]-'0', content[i+1]-'0'
		if tens > 9 || units > 9 {
			return nil
		}
		data = append(data, tens*10+units)
	}
	for i := range data[1:] {
		if realTime(data[i], data[i+1]) {
			return nil
		}
	}
	return data
}

// qr writes a QR code of level M, its module shrunk until symbol and quiet zone fit; content that cannot fit is
// printed as text.
func (e *encoder) qr(i int, b drivers.QR) string {
	if b.Module < 0 || b.Module > qrModuleMax {
		return fmt.Sprintf("QR module %d outside 0 to %d", b.Module, qrModuleMax)
	}
	content := stripControls(b.Content)
	if content == "" || len(content) > qrDataMax {
		return fmt.Sprintf("QR content of %d bytes outside 1 to %d", len(content), qrDataMax)
	}
	module := b.Module
	if module == 0 {
		module = qrModule
	}
	side := qrSide(len(content)) + qrQuiet
	for module > qrModuleMin && side*module > e.profile.Dots {
		module--
	}
	if side*module > e.profile.Dots {
		e.degraded = append(e.degraded, i)
		return e.text(drivers.Text{Content: content, Align: drivers.Centre})
	}
	e.style(drivers.Centre, false, 1)
	length := len(content) + 3
	margin := byte((qrQuiet/2*module + lineDots - 1) / lineDots)
	e.data = append(e.data, esc, 'd', margin)
	e.data = append(e.data,
		gs, '(', 'k', 4, 0, 49, 65, 50, 0, // model 2
		gs, '(', 'k', 3, 0, 49, 67, byte(module),
		gs, '(', 'k', 3, 0, 49, 69, 49, // level M
		gs, '(', 'k', byte(length), byte(length>>8), 49, 80, 48)
	e.data = append(e.data, content...)
	e.data = append(e.data, gs, '(', 'k', 3, 0, 49, 81, 48) // print
	e.data = append(e.data, esc, 'd', margin)
	return ""
}

// qrSide returns the modules a side of the smallest version that holds n bytes at level M. The capacities are those of
// ISO/IEC 18004 table 7, byte mode.
func qrSide(n int) int {
	capacities := [...]int{14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412, 450, 504, 560}
	for i, capacity := range capacities {
		if n <= capacity {
			return 21 + 4*i
		}
	}
	return 21 + 4*len(capacities)
}

// stripControls keeps what can stand in a symbol: everything but control characters and broken UTF-8.
func stripControls(content string) string {
	kept := make([]rune, 0, len(content))
	for _, r := range content {
		if r >= ' ' && (r < 0x7F || r > 0x9F) && r != '\uFFFD' {
			kept = append(kept, r)
		}
	}
	return string(kept)
}

// realTime reports whether two bytes open a command that a printer obeys wherever it meets it, even inside a picture.
func realTime(a, b byte) bool { return a == dle && (b == eot || b == enq || b == dc4) }
