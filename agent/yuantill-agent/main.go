// Command yuantill-agent is the terminal's program: it drives scanner, hard-wallet reader and receipt printer, takes
// payments in digital yuan, keeps the journal and talks to the cloud.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/yuantill/yuantill/agent/yuantill-agent/program"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(program.Main(ctx, time.Now, os.Args[1:], os.Stdout, os.Stderr))
}
