package printer_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakedevice/printer"
)

// collection is the header of a font collection with one font at an offset.
func collection(offset uint32, directory ...byte) []byte {
	data := []byte("ttcf\x00\x01\x00\x00\x00\x00\x00\x01")
	data = binary.BigEndian.AppendUint32(data, offset)
	return append(data, directory...)
}

func TestBrokenFontFilesAreRefused(t *testing.T) {
	const directoryAt = 16
	entry := append([]byte("glyf\x00\x00\x00\x00"), 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF)
	header := append([]byte("\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00"), entry...)
	for name, data := range map[string][]byte{
		"Empty":               nil,
		"ManyFonts":           []byte("ttcf\x00\x01\x00\x00\xff\xff\xff\xff"),
		"DirectoryBeyondFile": collection(1 << 31),
		"DirectoryAtFileEnd":  collection(directoryAt),
		"ManyTables":          collection(directoryAt, []byte("\x00\x01\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00")...),
		"TableLongerThanFile": collection(directoryAt, header...),
		"NoTablesAtAll":       collection(directoryAt, make([]byte, 12)...),
		"SingleFontCutShort":  []byte("\x00\x01\x00\x00"),
		"TextInsteadOfAFont":  []byte("this is no font, whatever its name says"),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "font.ttc")
			require.NoError(t, os.WriteFile(path, data, 0o644))
			_, err := printer.New(tape{}, printer.Options{Dir: t.TempDir(), Font: path})
			require.Error(t, err)
			require.NotErrorIs(t, err, printer.ErrOptions)
		})
	}
}
