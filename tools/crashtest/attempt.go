package crashtest

import (
	"context"
	"errors"
	"math/rand/v2"
)

// tryImage starts production code on the disk as it is, looks at everything, lets it work and stop; again means that
// it starts once more.
func tryImage(ctx context.Context, s subject, r *rand.Rand, again bool) error {
	if err := s.open(ctx); err != nil {
		return found(refused, "open: %w", err)
	}
	err := goOn(ctx, s, r)
	if shut := s.shut(); err == nil && shut != nil {
		err = found(unexplained, "close: %w", shut)
	}
	if err != nil || !again {
		return err
	}
	if err := s.open(ctx); err != nil {
		return found(refused, "open again: %w", err)
	}
	return errors.Join(s.look(ctx), s.shut())
}

// goOn looks, works and looks again.
func goOn(ctx context.Context, s subject, r *rand.Rand) error {
	if err := s.look(ctx); err != nil {
		return err
	}
	if err := s.work(ctx, r); err != nil {
		var f *finding
		if errors.As(err, &f) {
			return err
		}
		return found(unexplained, "go on: %w", err)
	}
	return s.look(ctx)
}
