// Command wrongclock is the agent on a machine whose clock is wrong: its first argument is how far, such as -17520h,
// the others are the agent's.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/yuantill/yuantill/agent/yuantill-agent/program"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "wrongclock: how far is the clock off?")
		os.Exit(program.ExitSettings)
	}
	offset, err := time.ParseDuration(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "wrongclock:", err)
		os.Exit(program.ExitSettings)
	}
	clock := func() time.Time { return time.Now().Add(offset) }
	os.Exit(program.Main(ctx, clock, os.Args[2:], os.Stdout, os.Stderr))
}
