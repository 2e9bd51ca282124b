// Command yuantill is the technician's and cashier's command line: sales, status, journal and doctor of one terminal.
package main

import (
	"context"
	"os"
	"os/signal"
	"time"

	"github.com/yuantill/yuantill/tools/yuantill/command"
)

func main() {
	interrupts := make(chan os.Signal, 2) // the first asks to cancel, the second to leave
	signal.Notify(interrupts, os.Interrupt)
	os.Exit(command.Run(context.Background(), command.Environment{
		Out: os.Stdout, Err: os.Stderr, Clock: time.Now, Location: time.Local, Interrupts: interrupts,
	}, os.Args[1:]))
}
