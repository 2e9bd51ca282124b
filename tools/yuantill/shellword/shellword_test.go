package shellword_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/yuantill/shellword"
)

func TestQuote(t *testing.T) {
	t.Run("plain words stay as they are", func(t *testing.T) {
		for _, word := range []string{"12.50", "build/demo/10000001.toml", "http://127.0.0.1:7400", "少一份", "a_b-c"} {
			require.Equal(t, word, shellword.Quote(word))
		}
	})
	t.Run("a shell takes every word as it is", func(t *testing.T) {
		for _, word := range []string{"", " ", "my shop (copy)/a.toml", "it's", `a"b`, "$HOME", "`x`", "a\nb", "~", "#", "a;b", "*", `\`, "你 好"} {
			said, err := exec.Command("sh", "-c", "printf %s "+shellword.Quote(word)).Output()
			require.NoError(t, err)
			require.Equal(t, word, string(said))
		}
	})
}
