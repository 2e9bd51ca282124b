// Package plan makes the plan of a trial: a seed comes in, and what is killed, cut or filled when leaves. One seed is
// one plan; what the programs are doing when a step comes is theirs, so two runs of a plan are not the same.
package plan

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Fault is what a step does.
type Fault uint8

// The faults.
const (
	Kill     Fault = iota + 1 // kill -9, and a start after a while
	Pause                     // the process stands still for a while
	Cut                       // no connection for a while
	Deaf                      // one way of the line loses everything for a while
	Delay                     // everything on the line comes later for a while
	Stall                     // the line holds everything back for a while
	Sever                     // the line ends in the middle of a message
	Narrow                    // the line is slow for a while
	FullDisk                  // the disk of a till's journal is full for a while
	Upgrade                   // a till is cut off, collects records, is killed and comes back as another version
)

// String names the fault in Chinese and English.
func (f Fault) String() string {
	switch f {
	case Kill:
		return "断电 · kill"
	case Pause:
		return "停顿 · pause"
	case Cut:
		return "断网 · cut"
	case Deaf:
		return "单向断网 · one-way cut"
	case Delay:
		return "延迟 · delay"
	case Stall:
		return "阻塞 · stall"
	case Sever:
		return "半途断开 · sever mid-message"
	case Narrow:
		return "窄带 · narrow line"
	case FullDisk:
		return "磁盘满 · full disk"
	case Upgrade:
		return "积压时换版本 · other version with a full queue"
	default:
		return "无 · none"
	}
}

// Aim is the moment that a step waits for.
type Aim uint8

// The moments.
const (
	Anytime  Aim = iota
	Scanned      // a customer's code, card or wish has just reached a till
	Working      // the operator is working on a payment
	Answered     // the till has just shown an outcome
	Printing     // a receipt is coming out
)

// String names the moment.
func (a Aim) String() string {
	switch a {
	case Scanned:
		return "刚扫码 · just scanned"
	case Working:
		return "机构处理中 · operator at work"
	case Answered:
		return "刚出结果 · just answered"
	case Printing:
		return "正在打印 · printing"
	default:
		return "随时 · any time"
	}
}

// Target is whom a step is for: a till by its number from 0, or one of the two below.
type Target int

// The targets that are no tills.
const (
	Cloud    Target = -1
	Operator Target = -2
)

// Step is one fault.
type Step struct {
	// After is the time from the step before.
	After  time.Duration
	Fault  Fault
	Target Target // for faults of a line: whose line; the operator's is the one between cloud and operator
	Aim    Aim
	// Lag is the time from the moment that is aimed at to the fault.
	Lag time.Duration
	// For is how long it lasts; after a kill, until the start.
	For time.Duration
	// Up is the direction of faults that have one: true towards cloud or operator.
	Up bool
	// Size is a number of bytes: to the end of the connection for Sever, a second for Narrow.
	Size int
}

// String writes the step on one line.
func (s Step) String() string {
	return fmt.Sprintf("%s, %s, %s, +%s, %s", s.Fault, s.Target, s.Aim, s.Lag.Round(time.Microsecond), s.For.Round(time.Millisecond))
}

// String names the target.
func (t Target) String() string {
	switch t {
	case Cloud:
		return "云端 · cloud"
	case Operator:
		return "运营机构 · operator"
	default:
		return fmt.Sprintf("终端 · till %d", int(t)+1)
	}
}

// Options say how big a plan is.
type Options struct {
	Seed  uint64
	Kills int // at least so many steps kill
	Tills int
	// Every is the mean time between two steps.
	Every time.Duration
}

// New makes a plan.
func New(options Options) []Step {
	m := maker{Options: options, random: rand.New(rand.NewPCG(options.Seed, 0x63_68_61_6f_73))}
	var steps []Step
	for kills := 0; kills < options.Kills; {
		step := m.step()
		if step.Fault == Kill || step.Fault == Upgrade {
			kills++
		}
		steps = append(steps, step)
	}
	return steps
}

type maker struct {
	Options
	random *rand.Rand
}

// within draws a time between two.
func (m maker) within(least, most time.Duration) time.Duration {
	return least + time.Duration(m.random.Int64N(int64(most-least)+1))
}

func (m maker) till() Target { return Target(m.random.IntN(m.Tills)) }

func (m maker) step() Step {
	step := Step{After: m.within(0, 2*m.Every), Up: m.random.IntN(2) == 0}
	switch draw := m.random.IntN(100); {
	case draw < 70:
		m.kill(&step)
	case draw < 76:
		step.Fault, step.Target = Pause, m.anybody()
		step.For = m.within(50*time.Millisecond, 4*time.Second)
	case draw < 94:
		m.line(&step)
	case draw < 97:
		step.Fault, step.Target, step.For = FullDisk, 0, m.within(300*time.Millisecond, 4*time.Second)
	default:
		step.Fault, step.Target, step.For = Upgrade, m.till(), m.within(time.Second, 3*time.Second)
	}
	return step
}

// anybody draws a process: a till's agent more often, as there are more of them.
func (m maker) anybody() Target {
	switch draw := m.random.IntN(10); {
	case draw < 2:
		return Cloud
	case draw < 4:
		return Operator
	default:
		return m.till()
	}
}

func (m maker) kill(step *Step) {
	step.Fault, step.Target = Kill, m.anybody()
	switch draw := m.random.IntN(10); {
	case draw < 3:
		// From the scan to the receipt a payment takes some milliseconds: between any two of its commits.
		step.Aim, step.Lag = Scanned, m.within(0, 20*time.Millisecond)
	case draw < 5:
		step.Aim, step.Lag = Working, m.within(0, 200*time.Millisecond)
	case draw < 6:
		step.Aim, step.Lag = Answered, m.within(0, 5*time.Millisecond)
	case draw < 7:
		step.Aim, step.Lag = Printing, m.within(0, 150*time.Millisecond)
	}
	if m.random.IntN(3) == 0 {
		step.For = m.within(100*time.Millisecond, 3*time.Second)
	}
}

func (m maker) line(step *Step) {
	step.Target = m.till()
	if m.random.IntN(3) == 0 {
		step.Target = Operator
	}
	if m.random.IntN(2) == 0 {
		step.Aim, step.Lag = Scanned, m.within(0, 10*time.Millisecond)
	}
	step.For = m.within(200*time.Millisecond, 6*time.Second)
	step.Fault = []Fault{Cut, Deaf, Delay, Stall, Sever, Narrow}[m.random.IntN(6)]
	switch step.Fault {
	case Sever:
		step.Size = 1 + m.random.IntN(4_000)
	case Narrow:
		step.Size = 500 + m.random.IntN(8_000)
	}
}
