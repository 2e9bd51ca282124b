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

// span is a stretch of stored records beyond a gap.
type span struct {
	first, last uint64
	before      seal.Hash // the link that the first record names as its predecessor's
	link        seal.Hash // of the last record
}

// chain is which of a terminal's records are stored and how they hang together. It is a pure value: place changes it,
// nothing else does.
type chain struct {
	head  store.Head
	spans []span // ascending, never adjacent
}

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
	next, _ := slices.BinarySearchFunc(c.spans, sequence, func(s span, sequence uint64) int {
		if s.first > sequence {
			return 1
		}
		return -1
	})
	if next > 0 && sequence <= c.spans[next-1].last {
		return duplicate
	}
	joinsNext := next < len(c.spans) && c.spans[next].first == sequence+1
	if joinsNext && c.spans[next].before != link {
		return broken
	}
	var verdict verdict
	switch {
	case sequence == c.head.HighWater+1:
		verdict = c.extendHead(before, link, joinsNext)
	case next > 0 && c.spans[next-1].last+1 == sequence:
		verdict = c.extendSpan(next-1, before, link, joinsNext)
	case joinsNext:
		c.spans[next].first, c.spans[next].before = sequence, before
		verdict = placed
	case len(c.spans) >= spansMax:
		return crowded
	default:
		c.spans = slices.Insert(c.spans, next, span{first: sequence, last: sequence, before: before, link: link})
		verdict = placed
	}
	if verdict != placed {
		return verdict
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
		c.head.HighWater, c.head.Link = c.spans[0].last, c.spans[0].link
		c.spans = slices.Delete(c.spans, 0, 1)
	}
	return placed
}

func (c *chain) extendSpan(i int, before, link seal.Hash, joinsNext bool) verdict {
	if before != c.spans[i].link {
		return broken
	}
	c.spans[i].last, c.spans[i].link = c.spans[i].last+1, link
	if joinsNext {
		c.spans[i].last, c.spans[i].link = c.spans[i+1].last, c.spans[i+1].link
		c.spans = slices.Delete(c.spans, i+1, i+2)
	}
	return placed
}

// acknowledgement says what is stored.
func (c *chain) acknowledgement() *message.Acknowledgement {
	link := c.head.Link // a copy: the chain goes on while the message is being encoded
	ack := &message.Acknowledgement{HighWater: c.head.HighWater, HighWaterLink: link[:], Highest: c.head.Highest}
	missing := c.head.HighWater + 1
	for _, s := range c.spans {
		ack.Gaps = append(ack.Gaps, &message.Gap{First: missing, Last: s.first - 1})
		missing = s.last + 1
	}
	return ack
}

// copy returns a chain that further calls of place do not change.
func (c *chain) copy() chain { return chain{head: c.head, spans: slices.Clone(c.spans)} }
