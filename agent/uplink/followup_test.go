package uplink_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

// receive takes the next answer from a channel.
func receive[M any](t *testing.T, from <-chan M) M {
	t.Helper()
	select {
	case answer := <-from:
		return answer
	case <-time.After(patience):
		var none M
		require.FailNow(t, "no answer")
		return none
	}
}

func TestFollowUpAndLookup(t *testing.T) {
	_, c, tl := world(t)
	asked := tl.add(journal.Entry{Type: record.FollowUpRequested, Body: &message.FollowUpRequested{FollowUpId: []byte{7, 15: 0}}})[0]
	require.NoError(t, tl.uplink.SendNow(asked, nil))
	lookup := tl.add(journal.Entry{Type: record.OrderLookup, Body: &message.OrderLookup{LookupId: []byte{8, 15: 0}}})[0]
	require.NoError(t, tl.uplink.SendNow(lookup, nil))
	c.until("both at once", func() bool {
		return c.records[sequence(t, asked)] != nil && c.records[sequence(t, lookup)] != nil
	})
	c.set(func() {
		require.Equal(t, topic.Now, c.lanes[sequence(t, asked)][0])
		require.Equal(t, topic.Now, c.lanes[sequence(t, lookup)][0])
		c.send(c.epoch, record.FollowUpResult, &message.FollowUpResult{FollowUpId: []byte{7, 15: 0}, Revision: 3})
		c.send(c.epoch, record.OrderFound, &message.OrderFound{LookupId: []byte{8, 15: 0}, Found: true})
	})
	require.EqualValues(t, 3, receive(t, tl.uplink.FollowUpResults()).GetRevision())
	require.True(t, receive(t, tl.uplink.OrdersFound()).GetFound())
	t.Run("the oldest goes when nobody takes them", func(t *testing.T) {
		const more = 200
		c.set(func() {
			for n := range uint32(more) {
				c.send(c.epoch, record.FollowUpResult, &message.FollowUpResult{Revision: n + 1})
			}
			c.send(c.epoch, record.OrderFound, &message.OrderFound{})
		})
		receive(t, tl.uplink.OrdersFound()) // it came after all the others
		last := uint32(0)
		for len(tl.uplink.FollowUpResults()) > 0 {
			last = receive(t, tl.uplink.FollowUpResults()).GetRevision()
		}
		require.EqualValues(t, more, last, "the newest is there")
	})
}
