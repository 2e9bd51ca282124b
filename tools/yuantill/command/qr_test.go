package command_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"image"
	"image/color"
	"image/png"
	"os"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/yuantill/command"
)

// picture turns drawn lines back into pixels, as a camera sees a dark terminal.
func picture(lines []string) *image.Gray {
	const module = 6
	width := len([]rune(lines[0]))
	p := image.NewGray(image.Rect(0, 0, width*module, 2*len(lines)*module))
	for row, line := range lines {
		for column, r := range []rune(line) {
			for dy := range 2 * module {
				isTop := dy < module
				lit := r == '█' || (r == '▀' && isTop) || (r == '▄' && !isTop)
				for dx := range module {
					if lit {
						p.SetGray(column*module+dx, row*2*module+dy, color.Gray{Y: 255})
					}
				}
			}
		}
	}
	return p
}

func TestDrawQR(t *testing.T) {
	const text = "https://pay.example/order/01968a00000000000000000000000000?amount=1250"
	lines, err := command.DrawQR(text)
	require.NoError(t, err)
	for _, line := range lines {
		require.Len(t, []rune(line), len([]rune(lines[0])))
	}
	t.Run("text that does not fit is refused", func(t *testing.T) {
		_, err := command.DrawQR(strings.Repeat("x", 4000))
		require.Error(t, err)
	})
	t.Run("an independent reader reads it", func(t *testing.T) {
		reader, err := exec.LookPath("zbarimg")
		if err != nil {
			t.Skip("zbarimg is not installed: make setup")
		}
		path := filepath.Join(t.TempDir(), "code.png")
		f, err := os.Create(path)
		require.NoError(t, err)
		require.NoError(t, png.Encode(f, picture(lines)))
		require.NoError(t, f.Close())
		out, err := exec.Command(reader, "-q", "--raw", path).Output()
		require.NoError(t, err)
		require.Equal(t, text, strings.TrimSpace(string(out)))
	})
}
