// Command fakedevice puts a scanner, a card reader with a hard wallet and a receipt printer on pseudo-terminals, as if
// they were plugged in, and lets other programs work them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/yuantill/yuantill/tools/fakedevice/control"
	"github.com/yuantill/yuantill/tools/fakedevice/printer"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := newCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "fakedevice:", err)
		os.Exit(exitCode(err))
	}
}

// exitUsage is the exit code of a call that asks for nothing.
const exitUsage = 2

func exitCode(err error) int {
	if errors.Is(err, errNoDevices) {
		return exitUsage
	}
	return 1
}

// errNoDevices says that there would be nothing to simulate.
var errNoDevices = errors.New("没有指定设备，请至少给出一个：--scanner、--pn532、--printer · " +
	"no device is named; give at least one of --scanner, --pn532, --printer")

// errWidth says that there is no such paper.
var errWidth = errors.New("paper is 58 or 80 mm wide")

func newCommand() *cobra.Command {
	var config control.Config
	var address string
	var millimetres int
	command := &cobra.Command{
		Use:   "fakedevice",
		Short: "在伪终端上模拟扫码枪、读卡器和小票打印机 | Simulated scanner, card reader and printer on pseudo-terminals",
		Long: "在伪终端上模拟扫码枪、读卡器和小票打印机；用 HTTP 操作：\n" +
			"Simulated scanner, card reader and printer on pseudo-terminals, worked over HTTP:\n\n" + control.Help("http://ADDRESS"),
		Example: "  fakedevice --scanner run/scanner --printer run/printer --receipts run/receipts --control unix:run/devices.sock\n" +
			"  curl --unix-socket run/devices.sock -d '{\"text\":\"0112345678901234567\"}' http://devices/scan",
		Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(command *cobra.Command, _ []string) error {
			switch millimetres {
			case 58:
				config.Width = printer.Width58
			case 80:
				config.Width = printer.Width80
			default:
				return fmt.Errorf("read flag --paper: %d: %w", millimetres, errWidth)
			}
			if config.ScannerPath == "" && config.CardReaderPath == "" && config.PrinterPath == "" {
				return errNoDevices
			}
			return run(command.Context(), config, address, command.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.StringVar(&config.ScannerPath, "scanner", "", "扫码枪的设备链接 | link to the scanner's terminal")
	flags.StringVar(&config.CardReaderPath, "pn532", "", "读卡器的设备链接 | link to the card reader's terminal")
	flags.StringVar(&config.PrinterPath, "printer", "", "打印机的设备链接 | link to the printer's terminal")
	flags.StringVar(&config.Receipts, "receipts", "", "小票图片目录 | folder for the receipts' pictures")
	flags.StringVar(&config.Wallet, "wallet", "", "硬钱包文件 | file of the hard wallet, see mint")
	flags.StringVar(&address, "control", "127.0.0.1:0", "控制接口地址 | control address: unix:PATH or a loopback HOST:PORT")
	flags.IntVar(&millimetres, "paper", 58, "纸宽（毫米） | paper width in mm, 58 or 80")
	flags.StringVar(&config.Scanner.Prefix, "scanner-prefix", "", "扫码前缀 | what the scanner sends before a code")
	flags.StringVar(&config.Scanner.Suffix, "scanner-suffix", "", "扫码后缀 | what the scanner sends after a code")
	flags.StringVar(&config.Scanner.Terminator, "scanner-terminator", "\r", "扫码结束符 | what ends a code")
	flags.BoolVar(&config.Scanner.GB18030, "scanner-gb18030", false, "以 GB18030 发送 | send Chinese text as GB18030")
	command.AddCommand(newMintCommand())
	return command
}

// ready is the line that tells a starting program where everything is.
type ready struct {
	Control   string `json:"control"`
	Scanner   string `json:"scanner,omitempty"`
	PN532     string `json:"pn532,omitempty"`
	Printer   string `json:"printer,omitempty"`
	ProcessID int    `json:"pid"`
}

func run(ctx context.Context, config control.Config, address string, out io.Writer) (err error) {
	if config.Receipts != "" {
		if err := os.MkdirAll(config.Receipts, 0o755); err != nil {
			return fmt.Errorf("make receipts folder: %w", err)
		}
	}
	counter, err := control.New(config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, counter.Close()) }()
	listener, err := control.Listen(ctx, address)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return counter.Run(ctx) })
	group.Go(func() error { return counter.Serve(ctx, listener) })
	line := ready{
		Control: listener.Addr().String(), ProcessID: os.Getpid(),
		Scanner: config.ScannerPath, PN532: config.CardReaderPath, Printer: config.PrinterPath,
	}
	group.Go(func() error {
		if err := json.NewEncoder(out).Encode(line); err != nil {
			return fmt.Errorf("write ready line: %w", err)
		}
		return nil
	})
	return group.Wait()
}
