package command

import (
	"fmt"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
)

// qrQuiet is the light margin in modules; four is the standard's, two is enough beside a dark screen.
const qrQuiet = 2

// drawQR returns a QR code as lines of half blocks: a character is one module wide and two high, light modules are
// drawn, so that it reads on the usual dark terminal.
func drawQR(text string) ([]string, error) {
	code, err := qr.Encode(text, qr.L, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("encode QR code: %w", err)
	}
	size := code.Bounds().Dx()
	var lines []string
	for y := -qrQuiet; y < size+qrQuiet; y += 2 {
		var line strings.Builder
		for x := -qrQuiet; x < size+qrQuiet; x++ {
			line.WriteString(halfBlock(light(code, x, y), light(code, x, y+1)))
		}
		lines = append(lines, line.String())
	}
	return lines, nil
}

// light reports whether a module is light; everything outside is.
func light(code barcode.Barcode, x, y int) bool {
	size := code.Bounds().Dx()
	if x < 0 || y < 0 || x >= size || y >= size {
		return true
	}
	red, _, _, _ := code.At(x, y).RGBA()
	return red != 0
}

func halfBlock(top, bottom bool) string {
	switch {
	case top && bottom:
		return "█"
	case top:
		return "▀"
	case bottom:
		return "▄"
	default:
		return " "
	}
}
