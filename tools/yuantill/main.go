// Command yuantill is the technician's and cashier's command line: sales, status, journal and doctor of one terminal.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/yuantill/yuantill/tools/yuantill/command"
)

func main() {
	interrupts := make(chan os.Signal, 2) // the first asks to cancel, the second to leave
	// A window that is closed or a script that ends leaves no sale behind for the next customer to pay.
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	os.Exit(command.Run(context.Background(), command.Environment{
		Out: os.Stdout, Err: os.Stderr, Clock: time.Now, Interrupts: interrupts,
	}, os.Args[1:]))
}
