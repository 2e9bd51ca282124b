package uplink_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

func TestOfflineLimits(t *testing.T) {
	_, c, tl := world(t)
	heard := tl.uplink.Status().HeardAt
	require.False(t, heard.IsZero(), "a sign-in's answer is hearing the cloud")
	want := &message.OfflineLimits{LimitsId: []byte("sixteen bytes 01"), TerminalMax: 20_000_00, Currency: "CNY"}
	c.set(func() { c.send(c.epoch, record.OfflineLimits, want) })
	var answer record.Record
	select {
	case answer = <-tl.uplink.Limits():
	case <-time.After(patience):
		require.FailNow(t, "no limits")
	}
	var got message.OfflineLimits
	require.NoError(t, proto.Unmarshal(answer.Body(), &got))
	require.True(t, proto.Equal(want, &got))
	require.True(t, tl.uplink.Status().HeardAt.After(heard))
	require.NoError(t, tl.uplink.VerifyAnswer(answer), "it can be verified again from what was kept")
	for at := range answer {
		altered := append(record.Record{}, answer...)
		altered[at] ^= 1
		require.Error(t, tl.uplink.VerifyAnswer(altered), "byte %d", at)
	}
	require.Error(t, tl.uplink.VerifyAnswer(answer[:len(answer)-1]))
	require.Error(t, tl.uplink.VerifyAnswer(tl.add(payment(1))[0]), "a record of our own is no answer")
}

// TestOfflineLimitsTheLatestWaits: an answer sent again by somebody on the way takes no later one's place.
func TestOfflineLimitsTheLatestWaits(t *testing.T) {
	_, c, tl := world(t)
	limits := func(id string) *message.OfflineLimits {
		return &message.OfflineLimits{LimitsId: []byte(id), Currency: "CNY"}
	}
	var again []byte
	c.set(func() {
		c.deliver = func(data []byte) { again = data }
		c.send(c.epoch, record.OfflineLimits, limits("sixteen bytes 01"))
		c.deliver = nil
		c.publish(again)
		c.send(c.epoch, record.OfflineLimits, limits("sixteen bytes 02"))
		c.publish(again)
		c.send(c.epoch, record.Refusal, &message.Refusal{Sequence: 1}) // comes behind all of them
	})
	select {
	case <-tl.uplink.Refusals():
	case <-time.After(patience):
		require.FailNow(t, "no refusal")
	}
	var got message.OfflineLimits
	require.NoError(t, proto.Unmarshal((<-tl.uplink.Limits()).Body(), &got))
	require.Equal(t, "sixteen bytes 02", string(got.GetLimitsId()))
}
