package printer

import (
	"errors"
	"fmt"
	"image"
	"os"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// ErrNoFont says that no Chinese font was found to draw receipts with.
var ErrNoFont = errors.New("printer: no Chinese font found: install fonts-wqy-zenhei or name a font file")

const (
	// inkLevel is the coverage from which a dot burns.
	inkLevel = 0x68
	// probe is a character that only Chinese fonts have.
	probe = '签'
	// Where characters stand, in 64ths of a dot from the top of a row of 24: letters higher, for their descenders.
	baselineChinese = 20*64 + 32
	baselineLetter  = 19 * 64
)

// typeface draws characters into the fixed cells of a thermal printer. It is used by one goroutine.
type typeface struct {
	font  *opentype.Font
	faces map[int]font.Face
	masks map[maskKey][]bool
}

type maskKey struct {
	char       rune
	wide, high int
}

// debianFonts are the places of fonts-wqy-zenhei and fonts-wqy-microhei.
func debianFonts() []string {
	return []string{
		"/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
		"/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
	}
}

func loadTypeface(path string) (*typeface, error) {
	paths := debianFonts()
	if path != "" {
		paths = []string{path}
	}
	for _, candidate := range paths {
		data, err := os.ReadFile(candidate)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read font: %w", err)
		}
		fonts, err := realign(data)
		if err != nil {
			return nil, fmt.Errorf("read font %s: %w", candidate, err)
		}
		if found, err := pick(fonts); !errors.Is(err, ErrNoFont) {
			return found, err
		}
	}
	return nil, ErrNoFont
}

// pick chooses the monospaced font of a collection, or its first, that has Chinese; ErrNoFont if none has.
func pick(fonts [][]byte) (*typeface, error) {
	var chosen *opentype.Font
	var buffer sfnt.Buffer
	for _, data := range fonts {
		f, err := opentype.Parse(data)
		if err != nil {
			return nil, fmt.Errorf("parse font: %w", err)
		}
		if index, err := f.GlyphIndex(&buffer, probe); err != nil || index == 0 {
			continue
		}
		name, err := f.Name(&buffer, sfnt.NameIDFull)
		if chosen == nil || (err == nil && strings.Contains(name, "Mono")) {
			chosen = f
		}
	}
	if chosen == nil {
		return nil, ErrNoFont
	}
	return &typeface{font: chosen, faces: map[int]font.Face{}, masks: map[maskKey][]bool{}}, nil
}

// masksMax bounds the cache; a receipt uses a few hundred.
const masksMax = 8192

// mask is a character's dots in a cell of the given size, row by row.
func (t *typeface) mask(char rune, wide, high int) []bool {
	key := maskKey{char, wide, high}
	if mask, ok := t.masks[key]; ok {
		return mask
	}
	mask := ruleMask(char, wide, high)
	if mask == nil {
		mask = t.rasterise(char, wide, high)
	}
	if len(t.masks) < masksMax {
		t.masks[key] = mask
	}
	return mask
}

// rasterise draws at the cell's height. A character keeps its shape, centred, unless the cell's is quite another, as
// with double width or a letter from a font that is not monospaced.
func (t *typeface) rasterise(char rune, wide, high int) []bool {
	mask := make([]bool, wide*high)
	face, err := t.face(high)
	if err != nil {
		return mask // sizes are the printer's own: a font that parsed has them
	}
	advance, _ := face.GlyphAdvance(char)
	natural, indent := max(advance.Round(), 1), 0
	if natural*4 >= wide*3 && natural <= wide {
		natural, indent = wide, (wide-natural)/2
	}
	baseline := baselineChinese
	if char < 0x80 {
		baseline = baselineLetter
	}
	canvas := image.NewAlpha(image.Rect(0, 0, natural, high))
	drawer := font.Drawer{
		Dst: canvas, Src: image.Opaque, Face: face,
		Dot: fixed.Point26_6{X: fixed.I(indent), Y: fixed.Int26_6(high * baseline / rowDots)},
	}
	drawer.DrawString(string(char))
	for y := range high {
		for x := range wide {
			mask[y*wide+x] = canvas.AlphaAt(x*natural/wide, y).A >= inkLevel
		}
	}
	return mask
}

func (t *typeface) face(high int) (font.Face, error) {
	if face, ok := t.faces[high]; ok {
		return face, nil
	}
	face, err := opentype.NewFace(t.font, &opentype.FaceOptions{Size: float64(high), DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		return nil, fmt.Errorf("make face: %w", err)
	}
	t.faces[high] = face
	return face, nil
}

// ruleMask draws rules from edge to edge, so that neighbours join, or returns nil.
func ruleMask(char rune, wide, high int) []bool {
	const up, down, left, right = 1, 2, 4, 8
	arms := map[rune]int{
		'─': left | right, '│': up | down, '┌': down | right, '┐': down | left, '└': up | right, '┘': up | left,
		'╭': down | right, '╮': down | left, '╰': up | right, '╯': up | left,
		'├': up | down | right, '┤': up | down | left, '┬': left | right | down, '┴': left | right | up,
		'┼': up | down | left | right,
	}[char]
	if arms == 0 {
		return nil
	}
	mask := make([]bool, wide*high)
	middleX, middleY := wide/2, high/2
	for y := range high {
		for x := range wide {
			horizontal := (y == middleY || y == middleY-1) && ((arms&left != 0 && x <= middleX) || (arms&right != 0 && x >= middleX-1))
			vertical := (x == middleX || x == middleX-1) && ((arms&up != 0 && y <= middleY) || (arms&down != 0 && y >= middleY-1))
			mask[y*wide+x] = horizontal || vertical
		}
	}
	return mask
}
