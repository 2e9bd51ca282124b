package printer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/receipt"
	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
	"github.com/yuantill/yuantill/protocol/money"
	"github.com/yuantill/yuantill/tools/fakedevice/printer"
)

// The judges here share no code with the model: zbarimg reads its pictures, and receiptline (npm, 4.0.4) writes
// commands for it.

const judgeTimeout = 30 * time.Second

// requireTool skips the test where an outsider is not installed, and fails it in CI.
func requireTool(t *testing.T, missing error, install string) {
	t.Helper()
	if missing == nil {
		return
	}
	if os.Getenv("CI") != "" {
		require.NoError(t, missing, "CI needs %s", install)
	}
	t.Skipf("needs %s: %v", install, missing)
}

// scanPicture returns what zbarimg reads, one "TYPE:content" a line.
func scanPicture(t *testing.T, path string) []string {
	t.Helper()
	tool, err := exec.LookPath("zbarimg")
	requireTool(t, err, "apt package zbar-tools")
	ctx, cancel := context.WithTimeout(context.Background(), judgeTimeout)
	defer cancel()
	output, err := exec.CommandContext(ctx, tool, "--quiet", path).Output()
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(output)), "\n")
}

func slip(outcome receipt.Outcome) receipt.Slip {
	return receipt.Slip{
		Merchant: "西湖龙井茶叶店（湖滨路店）", MerchantID: "105330154110001", Terminal: "33010042", Cashier: "01 王芳",
		Acquirer: "中国建设银行", Operator: "中国工商银行", Wallet: "002123******1234",
		Transaction: receipt.Sale, Batch: "000017", Voucher: "000342", Reference: "061234567890", Authorisation: "A1B2C3",
		At:     time.Date(2026, time.November, 23, 2, 4, 28, 0, time.UTC),
		Amount: money.Money{Minor: 123456, Currency: money.CNY}, Note: "明前特级 250 克", Order: "20261123-0342",
		CheckAddress: "https://pay.example.cn/r/Zk3vQ8nT5mXw2LdR", Outcome: outcome,
	}
}

// printed feeds bytes to a printer that makes pictures and returns its only receipt.
func printed(t *testing.T, data []byte, width printer.Width) printer.Receipt {
	t.Helper()
	model, err := printer.New(tape{bytes.NewReader(data)}, printer.Options{Width: width, Dir: pictureDir(t)})
	requireFont(t, err)
	require.NoError(t, model.Run(context.Background()))
	receipts := model.Receipts()
	require.Len(t, receipts, 1)
	require.Empty(t, receipts[0].Unknown)
	return receipts[0]
}

// pictureDir keeps the pictures for a look at them when RECEIPT_PICTURES names a folder.
func pictureDir(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("RECEIPT_PICTURES"); dir != "" {
		return filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-"))
	}
	return t.TempDir()
}

func requireFont(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, printer.ErrNoFont) {
		requireTool(t, err, "apt package fonts-wqy-zenhei")
	}
	require.NoError(t, err)
}

func TestZbarReadsWholeReceipts(t *testing.T) {
	for width, profile := range map[printer.Width]escpos.Profile{
		printer.Width58: escpos.Paper58(), printer.Width80: escpos.Paper80(),
	} {
		for _, outcome := range []receipt.Outcome{receipt.Approved, receipt.Unknown} {
			for _, reader := range []receipt.Copy{receipt.MerchantCopy, receipt.CustomerCopy} {
				t.Run(fmt.Sprintf("Width%dOutcome%dCopy%d", width, outcome, reader), func(t *testing.T) {
					document, err := receipt.Compose(slip(outcome), reader)
					require.NoError(t, err)
					job, err := escpos.Encode(document, profile)
					require.NoError(t, err)
					want := []string{"QR-Code:" + slip(outcome).CheckAddress}
					if outcome == receipt.Approved {
						want = append(want, "CODE-128:"+slip(outcome).Reference)
					}
					require.ElementsMatch(t, want, scanPicture(t, printed(t, job.Data, width).Path))
				})
			}
		}
	}
}

// TestZbarReadsWhatTheDriverPrinted goes the product's whole way: slip, document, driver, terminal, printer, picture.
func TestZbarReadsWhatTheDriverPrinted(t *testing.T) {
	_, err := printer.New(tape{}, printer.Options{Dir: t.TempDir()})
	requireFont(t, err)
	b := onTerminal(t, benchOptions(), printer.Options{Dir: pictureDir(t)})
	logo := []drivers.Block{drivers.Picture{Image: shadedDisc(), Align: drivers.Centre}, drivers.Feed{Lines: 1}}
	approved := slip(receipt.Approved)
	for i, reader := range []receipt.Copy{receipt.MerchantCopy, receipt.CustomerCopy} {
		document, err := receipt.Compose(approved, reader)
		require.NoError(t, err)
		document.Blocks = append(logo[:len(logo):len(logo)], document.Blocks...)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		result, err := b.driver.Print(ctx, document)
		require.NoError(t, err)
		require.Equal(t, drivers.PrintDone, result)
		require.Eventually(t, func() bool {
			receipts := b.device.Receipts()
			return len(receipts) == i+1 && receipts[i].Path != ""
		}, patience, time.Millisecond)
		got := b.device.Receipts()[i]
		require.Equal(t, printer.BitmapLine, got.Lines[0].Kind)
		require.Empty(t, got.Unknown)
		require.ElementsMatch(t,
			[]string{"QR-Code:" + approved.CheckAddress, "CODE-128:" + approved.Reference}, scanPicture(t, got.Path))
	}
}

// shadedDisc stands for a shop's logo: a disc that is dark in its middle and light at its rim.
func shadedDisc() image.Image {
	const side = 96
	disc := image.NewGray(image.Rect(0, 0, side, side))
	for y := range side {
		for x := range side {
			dx, dy := x-side/2, y-side/2
			disc.SetGray(x, y, color.Gray{Y: uint8(min((dx*dx+dy*dy)*255/(side*side/4), 255))})
		}
	}
	return disc
}

// requirePeerReceipt checks the picture that receiptline's commands made, by zbar, by text, and by ink where text is.
func requirePeerReceipt(t *testing.T, data []byte) {
	t.Helper()
	got := printed(t, data, printer.Width58)
	lines := map[string]printer.Line{}
	var order []string
	for _, line := range got.Lines {
		text := strings.TrimSpace(line.Text)
		lines[text] = line
		order = append(order, text)
	}
	for _, text := range []string{"西湖茶叶店", "湖滨路 12 号 Hubin Road", "数字人民币 e-CNY", "YT061234567890", "谢谢惠顾"} {
		require.Contains(t, lines, text)
	}
	all := strings.Join(order, "\n")
	for _, text := range []string{"明前龙井", "￥128.00", "桂花乌龙", "￥66.50", "合计 Total", "￥194.50", "╭──", "│ 明前龙井"} {
		require.Contains(t, all, text)
	}
	// Centred: as much paper to the left of the line as to its right.
	const titleDots = 5 * 24 * 2
	require.InDelta(t, (int(printer.Width58)-titleDots)/2, lines["西湖茶叶店"].X, 12)
	require.Less(t, lines["西湖茶叶店"].Y, lines["谢谢惠顾"].Y)
	picture := readPicture(t, got.Path)
	require.Greater(t, inkAt(picture, lines["西湖茶叶店"], titleDots, 48), titleDots*48/10, "the title is drawn where it is")
	require.ElementsMatch(t,
		[]string{"QR-Code:https://pay.example.cn/r/peer", "CODE-128:YT061234567890"}, scanPicture(t, got.Path))
}

func readPicture(t *testing.T, path string) image.Image {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	picture, err := png.Decode(file)
	require.NoError(t, err)
	return picture
}

// inkAt counts the dark dots of a line's box; margins are those of 58 mm paper.
func inkAt(picture image.Image, line printer.Line, wide, high int) int {
	const marginLeft, marginTop = (464 - 384) / 2, 48
	ink := 0
	for y := range high {
		for x := range wide {
			if r, _, _, _ := picture.At(marginLeft+line.X+x, marginTop+line.Y+y).RGBA(); r < 0x4000 {
				ink++
			}
		}
	}
	return ink
}

func TestReceiptlineFixturesPrint(t *testing.T) {
	for _, set := range []string{"escpos", "generic"} {
		t.Run(set, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", "receiptline", set+".bin"))
			require.NoError(t, err)
			requirePeerReceipt(t, data)
		})
	}
}

// TestReceiptlineLive encodes the same text now; RECEIPTLINE names the folder that holds node_modules.
func TestReceiptlineLive(t *testing.T) {
	node, err := exec.LookPath("node")
	if err == nil && os.Getenv("RECEIPTLINE") == "" {
		err = errors.New("RECEIPTLINE names no folder")
	}
	if err != nil {
		t.Skipf("needs node and npm package receiptline 4.0.4: %v; the fixtures stand in", err)
	}
	for _, set := range []string{"escpos", "generic"} {
		t.Run(set, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), judgeTimeout)
			defer cancel()
			run := exec.CommandContext(ctx, node, filepath.Join("testdata", "receiptline", "encode.cjs"), set)
			run.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(os.Getenv("RECEIPTLINE"), "node_modules"))
			data, err := run.Output()
			require.NoError(t, err)
			requirePeerReceipt(t, data)
			fixture, err := os.ReadFile(filepath.Join("testdata", "receiptline", set+".bin"))
			require.NoError(t, err)
			require.Equal(t, fixture, data, "the committed fixture is what receiptline writes")
		})
	}
}
