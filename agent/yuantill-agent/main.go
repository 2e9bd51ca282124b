// Command yuantill-agent is the terminal's program: it drives scanner, hard-wallet reader and receipt printer, takes
// payments in digital yuan, keeps the journal and talks to the cloud.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/yuantill/yuantill/agent/yuantill-agent/program"
)

func main() {
	if os.Getenv("GOMAXPROCS") == "" {
		// A sale is one thing after another. A second processor for Go's scheduler only looks for work in between, beside
		// whatever else the terminal does: with one a sale is a tenth quicker at the median and a fifth at p99
		// (tools/loadtest). SQLite's and the kernel's work runs beside it in any case.
		runtime.GOMAXPROCS(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(program.Main(ctx, time.Now, os.Args[1:], os.Stdout, os.Stderr))
}
