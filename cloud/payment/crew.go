package payment

// crew runs functions on goroutines that are kept for the next one: a call to an operator needs a deep stack, and growing
// it anew for each costs more than the rest of starting a goroutine.
type crew struct {
	work chan func()
	idle chan struct{} // holds one for each goroutine beyond its first function, at most idleMax
	end  <-chan struct{}
	// instead runs functions in place of the crew's goroutines; nil for those.
	instead func(run func())
}

// idleMax bounds the goroutines that are kept.
const idleMax = 512

// newCrew returns a crew whose idle goroutines leave when end is closed.
func newCrew(end <-chan struct{}, instead func(run func())) *crew {
	return &crew{work: make(chan func()), idle: make(chan struct{}, idleMax), end: end, instead: instead}
}

// do runs the function soon. It never blocks and never refuses: where nobody is idle, somebody new begins.
func (c *crew) do(run func()) {
	if c.instead != nil {
		c.instead(run)
		return
	}
	select {
	case c.work <- run:
	default:
		go c.stay(run)
	}
}

// stay runs a function and then waits for others, unless enough wait already.
func (c *crew) stay(run func()) {
	run()
	select {
	case c.idle <- struct{}{}:
	default:
		return
	}
	for {
		select {
		case run = <-c.work:
			run()
		case <-c.end:
			return
		}
	}
}
