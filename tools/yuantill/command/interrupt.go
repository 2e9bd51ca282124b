package command

import (
	"context"
	"os"
	"sync"
)

// listen ends the context it returns when the user pressed Ctrl-C as often as patience says, until release is called,
// which tells how often it was. Presses that come later are left for the next to listen.
func listen(ctx context.Context, interrupts <-chan os.Signal, patience int) (_ context.Context, release func() int) {
	ctx, cancel := context.WithCancel(ctx)
	released := make(chan struct{})
	pressed := make(chan int, 1)
	go func() {
		count := 0
		defer func() { pressed <- count }()
		for {
			select {
			case <-interrupts:
				if count++; count >= patience {
					cancel()
				}
			case <-released:
				return
			}
		}
	}()
	return ctx, sync.OnceValue(func() int {
		close(released)
		cancel()
		return <-pressed
	})
}
