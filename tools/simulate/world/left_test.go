package world

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/message"
)

func TestWhatSlipsSayIsLeft(t *testing.T) {
	// Of 100.00, 30.00 were given back; or of a hold of 100.00, 60.00 were paid and 30.00 of that given back.
	for name, c := range map[string]struct {
		hold   bool
		said   left
		change func(*till, *purchase, *bankOrder, *followed)
		broken []string
	}{
		"TheRest":            {false, left{refundable: "¥70.00"}, nil, nil},
		"Nothing":            {false, left{}, nil, nil},
		"WhatWasPaid":        {false, left{refundable: "¥100.00"}, nil, []string{"receipt-left"}},
		"OfAHold":            {true, left{refundable: "¥30.00", completed: "¥60.00"}, nil, nil},
		"OfAllThatWasHeld":   {true, left{refundable: "¥70.00", completed: "¥60.00"}, nil, []string{"receipt-left"}},
		"CompletedLess":      {true, left{refundable: "¥30.00", completed: "¥30.00"}, nil, []string{"receipt-left"}},
		"StillHeld":          {true, left{held: "¥40.00", completed: "¥60.00"}, nil, nil},
		"NothingHeldAnyMore": {true, left{held: "¥0.00", completed: "¥60.00"}, nil, nil},
		"AllStillHeld":       {true, left{held: "¥100.00"}, nil, []string{"receipt-left"}},
		"Crossed":            {false, left{refundable: "¥1.00"}, func(_ *till, p *purchase, _ *bankOrder, _ *followed) { p.claims[0].crossed = true }, nil},
		"Disputed":           {false, left{refundable: "¥1.00"}, func(_ *till, _ *purchase, o *bankOrder, _ *followed) { o.disputed = 1 }, nil},
		"ByItself":           {false, left{refundable: "¥70.00"}, byItself, nil},
		"ByItselfAndMore":    {false, left{refundable: "¥100.00"}, byItself, []string{"receipt-left"}},
	} {
		t.Run(name, func(t *testing.T) {
			var l *lien
			if c.hold {
				l = &lien{all: 100_00, percent: 100}
			}
			here, p, o := paidAt(l)
			f := here.evidence.follow([]byte(refundItem))
			p.claims = []*claim{{till: here, id: refundItem}}
			if c.hold {
				*here.evidence.follow([]byte("completion")) = followed{id: "completion", order: p.order, kind: complete, final: true, done: true, came: 60_00}
				p.claims = []*claim{{till: here, id: "completion"}, {till: here, id: refundItem}}
			}
			if c.change != nil {
				c.change(here, p, o, f)
			}
			here.checkLeft(p, f, c.said)
			require.Equal(t, c.broken, broken(here))
		})
	}
}

func byItself(_ *till, _ *purchase, _ *bankOrder, f *followed) { f.offline, f.final = true, false }

func TestShiftsEndWithNobodyInFront(t *testing.T) {
	for name, c := range map[string]struct {
		shown  string
		gone   bool // the process has ended since
		broken []string
	}{
		"Paid":            {"approved", false, nil},
		"WaitsForHim":     {"waiting", false, []string{"closed-too-early"}},
		"WaitsForHisScan": {"awaiting-scan", false, []string{"closed-too-early"}},
		"NotKnown":        {"querying", false, nil},
		"BeforeARestart":  {"waiting", true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			here := counter()
			here.life = &life{}
			p := here.world.list[0]
			if p.shown, p.shownBy = c.shown, here.life; c.gone {
				p.shownBy = &life{}
			}
			here.evidence.openings["01"] = opening{sequence: 1}
			here.evidence.shiftClosed(here, 9, &message.ShiftClosed{ShiftId: []byte{1}, FirstSequence: 1, LastSequence: 8})
			require.Equal(t, c.broken, broken(here))
		})
	}
}
