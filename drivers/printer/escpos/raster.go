package escpos

import (
	"fmt"
	"image"
	"image/color"

	"github.com/yuantill/yuantill/drivers"
)

// picture writes a bitmap as GS v 0 stripes of at most 24 rows, so that a small printer buffer is never overrun and
// a command is never long. It is cut to the paper's width and to 300 mm.
func (e *encoder) picture(b drivers.Picture) string {
	if b.Image == nil {
		return "picture without an image"
	}
	if b.Align > drivers.Right {
		return fmt.Sprintf("alignment %d unknown", b.Align)
	}
	bounds := b.Image.Bounds()
	columns, rows := min(bounds.Dx(), e.profile.Dots), min(bounds.Dy(), pictureRows)
	if columns <= 0 || rows <= 0 {
		return "picture is empty"
	}
	// The indent is part of the bitmap: not every printer aligns a raster.
	indent := 0
	switch b.Align {
	case drivers.Centre:
		indent = (e.profile.Dots - columns) / 2
	case drivers.Right:
		indent = e.profile.Dots - columns
	}
	e.style(drivers.Left, false, 1)
	stride := (indent + columns + 7) / 8
	bitmap := dither(b.Image, columns, rows, indent, stride)
	for top := 0; top < rows; top += stripeRows {
		height := min(stripeRows, rows-top)
		stripe := bitmap[top*stride : (top+height)*stride]
		defuse(stripe)
		e.data = append(e.data, gs, 'v', '0', 0, byte(stride), 0, byte(height), 0)
		e.data = append(e.data, stripe...)
	}
	return ""
}

// dither reduces the picture's top left part to dots by Floyd–Steinberg error diffusion, one bit a dot, 1 for black.
func dither(picture image.Image, columns, rows, indent, stride int) []byte {
	bitmap := make([]byte, stride*rows)
	origin := picture.Bounds().Min
	// Errors of this row and the next, in sixteenths, with a column of margin on either side.
	current, next := make([]int, columns+2), make([]int, columns+2)
	for y := range rows {
		for x := range columns {
			level := luminance(picture.At(origin.X+x, origin.Y+y)) + current[x+1]/16
			ink := level < 128
			if ink {
				bit := indent + x
				bitmap[y*stride+bit/8] |= 0x80 >> (bit % 8)
			} else {
				level -= 255
			}
			current[x+2] += level * 7
			next[x] += level * 3
			next[x+1] += level * 5
			next[x+2] += level
		}
		current, next = next, current
		clear(next)
	}
	return bitmap
}

// luminance is a colour's brightness on white paper, 0 to 255.
func luminance(c color.Color) int {
	if gray, ok := c.(color.Gray); ok {
		return int(gray.Y)
	}
	r, g, b, a := c.RGBA()
	return int(((299*r+587*g+114*b)/1000 + 0xFFFF - a) >> 8)
}

// defuse breaks byte pairs that a printer would obey as real-time commands by blackening one more dot.
func defuse(stripe []byte) {
	for i := range stripe[:len(stripe)-1] {
		if realTime(stripe[i], stripe[i+1]) {
			stripe[i] |= 0x08
		}
	}
}
