package printer

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"time"
)

const (
	marginTop    = 48
	marginBottom = 24
	// dotsPerMetre is 203 dpi as PNG says it.
	dotsPerMetre = dotsPerMillimetre * 1000
)

// finished is a receipt on its way to its picture.
type finished struct {
	number int
	torn   bool
	sheet  *sheet
}

// writePictures writes receipts until the channel is closed. After a failure it drains the channel, so that the
// interpreter never waits for it, and ends Run by cancel.
func (p *Printer) writePictures(pictures <-chan finished, cancel context.CancelFunc) error {
	var failed error
	for f := range pictures {
		if failed != nil {
			continue
		}
		path := filepath.Join(p.options.Dir, fmt.Sprintf("receipt-%04d.png", f.number))
		if failed = writePicture(path, f, p.options.Width); failed != nil {
			cancel()
			continue
		}
		p.setPath(f.number, path)
		p.observe(Event{Kind: ReceiptFinished, At: time.Now(), Receipt: f.number, Path: path})
	}
	return failed
}

// writePicture puts the file in its place in one step, so that nobody reads half a picture.
func writePicture(path string, f finished, width Width) error {
	data, err := encodePicture(f, width)
	if err != nil {
		return fmt.Errorf("encode picture: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	if err := os.WriteFile(path+".part", data, 0o644); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}

func encodePicture(f finished, width Width) ([]byte, error) {
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&out, develop(f, width)); err != nil {
		return nil, err
	}
	return withResolution(out.Bytes()), nil
}

// Palette of a picture.
const (
	shadeTable = iota
	shadePaper
	shadeInk
)

// develop lays the dots on paper with its margins and its cut or torn edge.
func develop(f finished, width Width) image.Image {
	paper := width.paperDots()
	palette := color.Palette{
		color.NRGBA{R: 0xDD, G: 0xDD, B: 0xE0, A: 0xFF},
		color.NRGBA{R: 0xFE, G: 0xFD, B: 0xF9, A: 0xFF},
		color.NRGBA{R: 0x1E, G: 0x1D, B: 0x22, A: 0xFF},
	}
	rows := max(f.sheet.rows, len(f.sheet.dots)/f.sheet.width)
	picture := image.NewPaletted(image.Rect(0, 0, paper, marginTop+rows+marginBottom), palette)
	for y := range picture.Rect.Dy() {
		for x := range paper {
			if onPaper(x, picture.Rect.Dy()-1-y, f.torn) {
				picture.Pix[y*picture.Stride+x] = shadePaper
			}
		}
	}
	left := (paper - f.sheet.width) / 2
	for i, dot := range f.sheet.dots {
		if dot != 0 {
			picture.Pix[(marginTop+i/f.sheet.width)*picture.Stride+left+i%f.sheet.width] = shadeInk
		}
	}
	return picture
}

// onPaper cuts the lower edge: fine teeth from the cutter, coarse ones where it was torn.
func onPaper(x, fromBottom int, torn bool) bool {
	tooth := 6
	if torn {
		tooth = 18
	}
	phase := x % (2 * tooth)
	return fromBottom >= min(phase, 2*tooth-phase)
}

// withResolution adds the pHYs chunk, which image/png does not write, behind the header.
func withResolution(file []byte) []byte {
	const headerEnd = 8 + 4 + 4 + 13 + 4 // signature, and IHDR with length, type, data and checksum
	chunk := []byte("pHYs")
	chunk = binary.BigEndian.AppendUint32(chunk, dotsPerMetre)
	chunk = binary.BigEndian.AppendUint32(chunk, dotsPerMetre)
	chunk = append(chunk, 1)
	out := append([]byte(nil), file[:headerEnd]...)
	out = binary.BigEndian.AppendUint32(out, uint32(len(chunk)-len("pHYs")))
	out = append(out, chunk...)
	out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(chunk))
	return append(out, file[headerEnd:]...)
}
