package topic_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

func TestNames(t *testing.T) {
	terminal, err := record.ParseTerminal("10000001")
	require.NoError(t, err)
	require.Equal(t, "yt/v1/10000001/up", topic.Name(terminal, topic.Up))
	require.Equal(t, "yt.v1.10000001.down", topic.Subject(terminal, topic.Down))
	require.Equal(t, "yt.v1.*.now", topic.Wildcard(topic.Now))
}

func TestParseSubject(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		terminal, lane, err := topic.ParseSubject("yt.v1.1000000A.sign")
		require.NoError(t, err)
		require.Equal(t, "1000000A", terminal.String())
		require.Equal(t, topic.SignIn, lane)
	})
	for _, subject := range []string{"", "yt.v1.10000001", "yt.v2.10000001.up", "xx.v1.10000001.up",
		"yt.v1.1000000.up", "yt.v1.*.up", "yt.v1.10000001.up.more", "yt.v1.1000 001.up"} {
		t.Run("ErrTerminal "+subject, func(t *testing.T) {
			_, _, err := topic.ParseSubject(subject)
			require.ErrorIs(t, err, record.ErrTerminal)
		})
	}
}
