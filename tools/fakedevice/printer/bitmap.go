package printer

import "fmt"

// bitmap is a stored picture, one byte a dot.
type bitmap struct {
	wide, high int
	dots       []byte
}

// unpack spreads rows of bits, most significant first, over dots.
func unpack(data []byte, wide, high, scaleX, scaleY int) bitmap {
	stride := (wide + 7) / 8
	b := bitmap{wide: wide * scaleX, high: high * scaleY}
	b.dots = make([]byte, b.wide*b.high)
	for y := range b.high {
		for x := range b.wide {
			column := x / scaleX
			b.dots[y*b.wide+x] = data[y/scaleY*stride+column/8] >> (7 - column%8) & 1
		}
	}
	return b
}

// raster is GS v 0.
func (in *interpreter) raster() {
	if kind := in.next(); kind != '0' {
		in.unknown(fmt.Sprintf("command 1d 76 %02x", kind))
		return
	}
	mode := in.next() & 3
	stride, high := in.word(), in.word()
	if int64(stride)*int64(high) > blockMax {
		in.unknown(fmt.Sprintf("raster of %d by %d bytes", stride, high))
		return
	}
	data := in.bytes(stride * high)
	if in.err != nil || len(data) == 0 || len(data) != stride*high {
		return
	}
	scaleX, scaleY := 1+int(mode&1), 1+int(mode>>1)
	in.print(stride*8*scaleX, high*scaleY, Line{Kind: BitmapLine}, func() (bitmap, error) {
		return unpack(data, stride*8, high, scaleX, scaleY), nil
	})
}

// print puts a bitmap of a known size on the paper in its place; it is made only if somebody will see it.
func (in *interpreter) print(wide, high int, line Line, draw func() (bitmap, error)) {
	in.begin()
	if len(in.sheet.line) > 0 {
		in.sheet.flush(in.modes, in.modes.spacing, &in.receipt)
	}
	offset := in.modes.left + alignment(in.modes, wide)
	line.X, line.Y = offset, in.sheet.rows
	in.receipt.Lines = append(in.receipt.Lines, line)
	if in.sheet.drawn() {
		b, err := draw()
		if err != nil {
			in.unknown(err.Error())
		}
		in.sheet.stamp(b, offset)
	}
	in.sheet.feed(high)
	in.printed()
}

// stamp blackens a bitmap's dots below the finished rows.
func (s *sheet) stamp(b bitmap, offset int) {
	for i, dot := range b.dots {
		if dot != 0 {
			s.dot(offset+i%b.wide, s.rows+i/b.wide)
		}
	}
}

// graphicsStore is the print buffer of GS ( L and GS 8 L.
type graphicsStore struct {
	data           []byte
	wide, high     int // bits
	scaleX, scaleY int
}

// function is GS ( L, GS 8 L or GS ( k with its length read.
func (in *interpreter) function(family byte, length int) {
	data := in.bytes(length)
	if in.err != nil {
		return
	}
	switch {
	case family == 'k' && len(data) >= 2 && data[0] == 49:
		in.qrFunction(data[1], data[2:])
	case family == 'L' && len(data) >= 2 && data[0] == 48:
		in.graphicsFunction(data[1], data[2:])
	default:
		in.unknown(fmt.Sprintf("function %02x of %d bytes", family, length))
	}
}

// graphicsFunction stores a raster (112: a bx by c xL xH yL yH d…) or prints what is stored (50 or 2).
func (in *interpreter) graphicsFunction(function byte, data []byte) {
	switch function {
	case 112:
		const header = 8
		if len(data) < header || data[0] != 48 || data[1] < 1 || data[1] > 2 || data[2] < 1 || data[2] > 2 {
			in.unknown("graphics header")
			return
		}
		wide, high := int(data[4])|int(data[5])<<8, int(data[6])|int(data[7])<<8
		if len(data)-header != (wide+7)/8*high {
			in.unknown("graphics size")
			return
		}
		in.graphics = graphicsStore{data: data[header:], wide: wide, high: high, scaleX: int(data[1]), scaleY: int(data[2])}
	case 2, 50:
		if g := in.graphics; g.data != nil {
			in.print(g.wide*g.scaleX, g.high*g.scaleY, Line{Kind: BitmapLine}, func() (bitmap, error) {
				return unpack(g.data, g.wide, g.high, g.scaleX, g.scaleY), nil
			})
			in.graphics = graphicsStore{}
		}
	default:
		in.unknown(fmt.Sprintf("graphics function %d", function))
	}
}
