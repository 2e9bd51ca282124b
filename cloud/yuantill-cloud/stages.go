package main

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"
)

// role runs until its context ends, and returns nil then.
type role func(ctx context.Context) error

// runStages runs all roles at once until the context ends or one of them fails. They are asked to stop stage by stage: those
// of a stage once all of the stages before have ended. It returns the first error.
func runStages(ctx context.Context, stages ...[]role) error {
	asked, stop := context.WithCancel(ctx)
	defer stop()
	var all errgroup.Group
	for _, stage := range stages {
		signal := asked
		var running sync.WaitGroup
		next, ended := context.WithCancel(context.WithoutCancel(ctx))
		for _, run := range stage {
			running.Add(1)
			all.Go(func() error {
				defer running.Done()
				err := run(signal)
				if err != nil {
					stop()
				}
				return err
			})
		}
		all.Go(func() error {
			defer ended()
			running.Wait()
			return nil
		})
		asked = next
	}
	return all.Wait()
}
