package printer

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// errFontFile marks a file that is no TrueType or OpenType font.
var errFontFile = errors.New("no font file")

const (
	fontHeader   = 12
	fontEntry    = 16
	fontsMax     = 16
	fontTableMax = 64
)

// realign returns every font of a file or collection as a file of its own with its tables on four-byte boundaries, as
// the format demands and golang.org/x/image insists, but Debian's WenQuanYi collections do not keep.
func realign(data []byte) ([][]byte, error) {
	offsets := []uint32{0}
	if len(data) >= fontHeader && string(data[:4]) == "ttcf" {
		count := int(binary.BigEndian.Uint32(data[8:]))
		if count < 0 || count > fontsMax || len(data) < fontHeader+4*count {
			return nil, errFontFile
		}
		offsets = offsets[:0]
		for i := range count {
			offsets = append(offsets, binary.BigEndian.Uint32(data[fontHeader+4*i:]))
		}
	}
	var fonts [][]byte
	for i, offset := range offsets {
		font, err := extract(data, int(offset))
		if err != nil {
			return nil, fmt.Errorf("read font %d of file: %w", i, err)
		}
		fonts = append(fonts, font)
	}
	return fonts, nil
}

// extract copies the font whose table directory stands at an offset, leaving out tables that drawing has no use for.
func extract(data []byte, offset int) ([]byte, error) {
	if offset < 0 || offset > len(data)-fontHeader {
		return nil, errFontFile
	}
	count := int(binary.BigEndian.Uint16(data[offset+4:]))
	if count > fontTableMax || offset+fontHeader+fontEntry*count > len(data) {
		return nil, errFontFile
	}
	var entries [][]byte
	for i := range count {
		entry := data[offset+fontHeader+fontEntry*i:][:fontEntry]
		if drawingTable(string(entry[:4])) {
			entries = append(entries, entry)
		}
	}
	out := make([]byte, fontHeader+fontEntry*len(entries))
	copy(out, data[offset:offset+fontHeader])
	binary.BigEndian.PutUint16(out[4:], uint16(len(entries)))
	for i, entry := range entries {
		from, length := uint64(binary.BigEndian.Uint32(entry[8:])), uint64(binary.BigEndian.Uint32(entry[12:]))
		if from+length > uint64(len(data)) {
			return nil, errFontFile
		}
		for len(out)%4 != 0 {
			out = append(out, 0)
		}
		header := out[fontHeader+fontEntry*i:][:fontEntry]
		copy(header, entry[:8])
		binary.BigEndian.PutUint32(header[8:], uint32(len(out)))
		binary.BigEndian.PutUint32(header[12:], uint32(length))
		out = append(out, data[from:from+length]...)
	}
	return out, nil
}

func drawingTable(tag string) bool {
	switch tag {
	case "cmap", "glyf", "loca", "head", "hhea", "hmtx", "maxp", "name", "OS/2", "post", "CFF ":
		return true
	default:
		return false
	}
}
