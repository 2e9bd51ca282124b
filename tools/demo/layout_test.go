package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/tools/fakedevice/pty"
)

func TestLay(t *testing.T) {
	lead := "    +12.3 ms  终端   till      "
	for name, c := range map[string]struct {
		lead, text string
		width      int
		want       []string
	}{
		"Fits":          {lead, "收款成功 · Approved", 80, []string{lead + "收款成功 · Approved"}},
		"FitsToTheCell": {"", "收款成功 · Approved", 19, []string{"收款成功 · Approved"}},
		"BetweenTheHalves": {lead, "正在向运营机构查询结果，请勿重复收款 · Asking the operator", 80, []string{
			lead + "正在向运营机构查询结果，请勿重复收款",
			"                               · Asking the operator",
		}},
		"AtSpacesWhereAHalfIsLong": {lead, "结果未知 · The outcome is not known yet; do not charge the customer again", 80, []string{
			lead + "结果未知",
			"                               · The outcome is not known yet; do not charge the",
			"                               customer again",
		}},
		"InsideChineseButNotBeforeAComma": {"", "平台断开，流水照常记在本机，恢复后自动上送，再继续", 42, []string{
			"平台断开，流水照常记在本机，恢复后自动上", "送，再继续",
		}},
		"UnderAnArrow": {"  ", "  → 请顾客输入密码 · Ask the customer for the password", 40, []string{
			"    → 请顾客输入密码", "    · Ask the customer for the password",
		}},
		"NothingInsideAPath": {"", "小票图片 · receipt pictures: 12 in /home/somebody/yuantill/build/demo/*/receipts", 40, []string{
			"小票图片", "· receipt pictures: 12 in", "/home/somebody/yuantill/build/demo/*/receipts",
		}},
		"NarrowTerminal": {lead, "结果未知 · The outcome is not known", 36, []string{
			strings.TrimRight(lead, " "), "    结果未知", "    · The outcome is not known",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.want, strings.Split(lay(c.lead, c.text, c.width), "\n"))
		})
	}
}

// TestLayKeepsEveryWord: whatever the words and the width, nothing but the space between words changes, and no row is wider
// than the terminal unless one word is.
func TestLayKeepsEveryWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"·", "收款成功", "金额，请勿重复", "approved", "12.50", "（原因", "reason）", "→"}), 1, 40).Draw(t, "words")
		width := rapid.IntRange(14, 120).Draw(t, "width")
		text := strings.Join(words, " ")
		laid := lay("  ", text, width)
		bare := strings.NewReplacer(" ", "", "\n", "")
		require.Equal(t, bare.Replace(text), bare.Replace(laid))
		for row := range strings.SplitSeq(laid, "\n") {
			require.LessOrEqual(t, uniseg.StringWidth(row), width, "%q", row)
		}
	})
}

// terminal is a terminal of some columns, and what was written to it so far.
func terminal(t *testing.T, columns uint16) (*os.File, func() string) {
	t.Helper()
	cable, err := pty.Open("")
	require.NoError(t, err)
	t.Cleanup(func() { _ = cable.Close() })
	screen, err := os.OpenFile(cable.Path(), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = screen.Close() })
	require.NoError(t, unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: 24}))
	return screen, func() string {
		var seen bytes.Buffer
		for buffer := make([]byte, 4096); !strings.HasSuffix(seen.String(), "end\n"); {
			n, err := cable.Read(buffer)
			require.NoError(t, err)
			seen.Write(buffer[:n])
		}
		return seen.String()
	}
}

// tell writes a bit of everything that a transcript has.
func tell(words *transcript) {
	words.scene(1, 12, "付款码收款，网络在授权途中断开，结果由查询得知 · a customer's code, the network is cut on the way")
	words.say(till, "%s", "结果未知，正在查询 · The outcome is not known yet, asking（网络断开 · the network is down）")
	words.command("curl -d '{\"on\":true}' http://127.0.0.1:4242/printer/paper-out", "打印机缺纸 · the printer has no paper")
	words.command("kill -9 4711", "云端 · the cloud")
	words.note("\nend")
}

func TestTranscriptOnATerminal(t *testing.T) {
	screen, seen := terminal(t, 80)
	tell(&transcript{out: screen})
	rows := strings.Split(seen(), "\n")
	for _, row := range rows {
		require.LessOrEqual(t, uniseg.StringWidth(row), 80, "%q", row)
	}
	require.Contains(t, rows, "[1/12] 付款码收款，网络在授权途中断开，结果由查询得知")
	require.Contains(t, rows, "       · a customer's code, the network is cut on the way")
	require.Contains(t, rows, "  # 打印机缺纸 · the printer has no paper", "a command stays on one row of its own, for whoever copies it")
	require.Contains(t, rows, "  curl -d '{\"on\":true}' http://127.0.0.1:4242/printer/paper-out")
	require.Contains(t, rows, "  kill -9 4711   # 云端 · the cloud")
}

// TestTranscriptElsewhere: a file or a pipe gets each line whole.
func TestTranscriptElsewhere(t *testing.T) {
	var paper bytes.Buffer
	tell(&transcript{out: &paper})
	require.Regexp(t, `^
\[1/12\] 付款码收款，网络在授权途中断开，结果由查询得知 · a customer's code, the network is cut on the way
  .*s  终端   till      结果未知，正在查询 · The outcome is not known yet, asking（网络断开 · the network is down）
  curl -d '{"on":true}' http://127.0.0.1:4242/printer/paper-out   # 打印机缺纸 · the printer has no paper
  kill -9 4711   # 云端 · the cloud

end
$`, paper.String())
}
