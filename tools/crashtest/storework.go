package crashtest

import (
	"context"
	"errors"
	"math/rand/v2"

	"github.com/yuantill/yuantill/cloud/store"
)

const leaseName = "down"

// work makes one step of a day in the cloud.
func (s *storeSubject) work(ctx context.Context, r *rand.Rand) error {
	if len(s.model.terminals) == 0 {
		return s.commit(ctx, storeCommit{changes: []store.Change{s.enrolment(r)}})
	}
	switch n := r.IntN(20); {
	case n < 13:
		return s.commit(ctx, s.next(r))
	case n < 16:
		return s.lease(ctx)
	case n < 17:
		return s.refused(ctx)
	default:
		return s.together(ctx, r)
	}
}

// commit stores one change that must be stored.
func (s *storeSubject) commit(ctx context.Context, c storeCommit) error {
	s.flight = []storeCommit{c}
	if err := s.store.Commit(ctx, c.changes[0]); err != nil {
		return err
	}
	s.acknowledge(c)
	return nil
}

// lease takes a number, which nobody may ever have had.
func (s *storeSubject) lease(ctx context.Context) error {
	s.flight = []storeCommit{{lease: true}}
	number, err := s.store.Lease(ctx, leaseName, 0)
	switch {
	case err != nil:
		return err
	case number <= s.model.leased:
		return found(doubled, "lease %d, %d had been given before", number, s.model.leased)
	case number > s.model.leased+1+s.slack:
		return found(unexplained, "lease %d after %d", number, s.model.leased)
	}
	s.model.leased, s.slack = number-1, 0
	s.acknowledge(storeCommit{lease: true})
	return nil
}

// refused submits a change half of which is new and half of which breaks a promise: nothing of it is stored.
func (s *storeSubject) refused(ctx context.Context) error {
	change := s.broken()
	err := s.store.Commit(ctx, change)
	var conflict *store.ConflictError
	if errors.As(err, &conflict) {
		return nil
	}
	if err == nil {
		return found(doubled, "a terminal's head was stored twice")
	}
	return err
}

// broken is an alarm together with a head whose revision was taken.
func (s *storeSubject) broken() store.Change {
	return store.Change{
		Alarms: []store.Alarm{{Key: "broken", Kind: "broken", At: s.clock.Now()}},
		Heads:  []store.Head{{Terminal: s.model.terminals[0].ID, Revision: s.head(0).Revision}},
	}
}

// together submits changes while another is being committed, so that they share a commit; one of them may be refused.
// What a store in the background does meanwhile cannot be held with it.
func (s *storeSubject) together(ctx context.Context, r *rand.Rand) error {
	first := s.next(r)
	if !s.options.Inline {
		return s.commit(ctx, first)
	}
	model, second := s.model, storeCommit{}
	s.model = s.model.with(first)
	submitted := []store.Change{first.changes[0]}
	refused := -1
	for i := range 2 + r.IntN(3) {
		if refused < 0 && r.IntN(6) == 0 {
			refused = 1 + i
			submitted = append(submitted, s.broken())
			continue
		}
		c := s.next(r)
		s.model = s.model.with(c)
		second.changes, second.orders = append(second.changes, c.changes...), second.orders+c.orders
		submitted = append(submitted, c.changes...)
	}
	s.model, s.flight = model, []storeCommit{first, second}
	if len(second.changes) == 0 {
		s.flight = s.flight[:1]
	}
	return s.settleGroup(s.crowd(ctx, submitted), refused)
}

// settleGroup takes the answers to what is in flight.
func (s *storeSubject) settleGroup(answers []error, refused int) error {
	for i, err := range answers {
		var conflict *store.ConflictError
		if i == refused && errors.As(err, &conflict) {
			continue
		}
		if i == refused && err == nil {
			return found(doubled, "a terminal's head was stored twice")
		}
		if err == nil {
			continue
		}
		if i > 0 && answers[0] == nil {
			rest := s.flight[1:]
			s.acknowledge(s.flight[0])
			s.flight = rest
		}
		return err
	}
	s.acknowledge(s.flight...)
	return nil
}

// crowd holds the first change's commit at its first write until all others are in the queue.
func (s *storeSubject) crowd(ctx context.Context, changes []store.Change) []error {
	answers := make([]chan error, len(changes))
	submit := func(i int) {
		answers[i] = make(chan error, 1)
		if err := s.store.Submit(ctx, changes[i], func(err error) { answers[i] <- err }); err != nil {
			answers[i] <- err
		}
	}
	held, release := s.disk.Hold()
	submit(0)
	var early error
	select {
	case <-held:
	case early = <-answers[0]: // it failed before it wrote anything
		answers[0] <- early
	}
	for i := 1; i < len(changes) && early == nil; i++ {
		submit(i)
	}
	release()
	errs := make([]error, 0, len(changes))
	for _, answer := range answers {
		if answer != nil {
			errs = append(errs, <-answer)
		}
	}
	return errs
}
