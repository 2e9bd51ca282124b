package payment

import (
	"context"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
)

// CallsMax is how many calls to one operator run at a time.
const CallsMax = callsMax

// Lane is the way to one operator.
type Lane struct{ *lane }

// NewLane returns a lane.
func NewLane(connector operator.Connector) Lane { return Lane{newLane(connector)} }

// Take waits for a turn.
func (l Lane) Take(ctx context.Context) error { return l.take(ctx) }

// Leave gives the turn back.
func (l Lane) Leave() { l.leave() }

// Timers wakes payments up.
type Timers = timers

// NewTimers returns timers that call due.
func NewTimers(clock Clock, due func(store.OrderID)) *Timers { return newTimers(clock, due) }

// Wake-ups of the timers.
var (
	SetTime   = (*timers).set
	ClearTime = (*timers).clear
	RunTimers = (*timers).run
)

// Recent remembers reasons.
type Recent = recent[operator.Reason]

// NewRecent returns a memory of a size.
func NewRecent(most int) *Recent { return newRecent[operator.Reason](most) }

// Words of the memory.
var (
	NoteRecent = (*Recent).note
	GetRecent  = (*Recent).get
	DropRecent = (*Recent).drop
)

// IdleMax is how many goroutines a crew keeps.
const IdleMax = idleMax

// NewCrew returns what runs functions.
func NewCrew(end <-chan struct{}) (do func(func())) { return newCrew(end, nil).do }

// OpenMax is how many payments of one operator are in memory.
const OpenMax = openMax
