package collector

import (
	"slices"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/seal"
)

// spansMax bounds the stretches of records beyond a gap that are kept in mind for one terminal. A record that would
// begin one more is left for later: the terminal sends it again.
const spansMax = 128

// chain is which of a terminal's records are stored and how they hang together. It is a pure value: place changes it,
// nothing else does.
type chain struct{ head store.Head }

// verdict is what place found.
type verdict uint8

const (
	placed    verdict = iota + 1
	duplicate         // something is stored under the sequence already
	broken            // the link before or after does not hold
	crowded           // too many gaps: not now
)

// place adds a record by its sequence, the link it names as its predecessor's, and its own link.
func (c *chain) place(sequence uint64, before, link seal.Hash) verdict {
	if sequence <= c.head.HighWater {
		return duplicate
	}
	// next is the first span that begins beyond the sequence.
	next, _ := slices.BinarySearchFunc(c.head.Spans, sequence, func(s store.Span, sequence uint64) int {
		if s.First > sequence {
			return 1
		}
		return -1
	})
	if next > 0 && sequence <= c.head.Spans[next-1].Last {
		return duplicate
	}
	joinsNext := next < len(c.head.Spans) && c.head.Spans[next].First == sequence+1
	if joinsNext && c.head.Spans[next].Before != link {
		return broken
	}
	var found verdict
	switch {
	case sequence == c.head.HighWater+1:
		found = c.extendHead(before, link, joinsNext)
	case next > 0 && c.head.Spans[next-1].Last+1 == sequence:
		found = c.extendSpan(next-1, before, link, joinsNext)
	case joinsNext:
		c.head.Spans[next].First, c.head.Spans[next].Before = sequence, before
		found = placed
	case len(c.head.Spans) >= spansMax:
		return crowded
	default:
		c.head.Spans = slices.Insert(c.head.Spans, next, store.Span{First: sequence, Last: sequence, Before: before, Link: link})
		found = placed
	}
	if found != placed {
		return found
	}
	c.head.Records++
	if sequence > c.head.Highest {
		c.head.Highest, c.head.HighestLink = sequence, link
	}
	return placed
}

func (c *chain) extendHead(before, link seal.Hash, joinsNext bool) verdict {
	if before != c.head.Link {
		return broken
	}
	c.head.HighWater++
	c.head.Link = link
	if joinsNext {
		c.head.HighWater, c.head.Link = c.head.Spans[0].Last, c.head.Spans[0].Link
		c.head.Spans = slices.Delete(c.head.Spans, 0, 1)
	}
	return placed
}

func (c *chain) extendSpan(i int, before, link seal.Hash, joinsNext bool) verdict {
	if before != c.head.Spans[i].Link {
		return broken
	}
	c.head.Spans[i].Last, c.head.Spans[i].Link = c.head.Spans[i].Last+1, link
	if joinsNext {
		c.head.Spans[i].Last, c.head.Spans[i].Link = c.head.Spans[i+1].Last, c.head.Spans[i+1].Link
		c.head.Spans = slices.Delete(c.head.Spans, i+1, i+2)
	}
	return placed
}

// acknowledgement says what is stored.
func (c *chain) acknowledgement() *message.Acknowledgement {
	link := c.head.Link // a copy: the chain goes on while the message is being encoded
	ack := &message.Acknowledgement{HighWater: c.head.HighWater, HighWaterLink: link[:], Highest: c.head.Highest}
	missing := c.head.HighWater + 1
	for _, s := range c.head.Spans {
		ack.Gaps = append(ack.Gaps, &message.Gap{First: missing, Last: s.First - 1})
		missing = s.Last + 1
	}
	return ack
}

// copy returns a chain that further calls of place do not change.
func (c *chain) copy() chain {
	copied := *c
	copied.head.Spans = slices.Clone(c.head.Spans)
	return copied
}
