package broker

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLimiter(t *testing.T) {
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0) }
	t.Run("SomeOfEachKindAndACountOfTheRest", func(t *testing.T) {
		l, written := newLimiter(), 0
		for range 1000 {
			if l.allow("tls", at(0)) {
				written++
			}
		}
		require.Equal(t, linesMax, written)
		require.True(t, l.allow("another", at(30)), "one kind does not hide another")
		require.Empty(t, l.ended(at(59)))
		require.Equal(t, []leftOut{{kind: "tls", lines: 1000 - linesMax}}, l.ended(at(60)))
		require.Empty(t, l.ended(at(61)), "told once")
		require.True(t, l.allow("tls", at(61)))
		require.Empty(t, l.ended(at(1000)), "nothing was left out")
		require.Empty(t, l.kinds)
	})
	t.Run("ManyKindsAreOne", func(t *testing.T) {
		l, written := newLimiter(), 0
		for i := range 10_000 {
			if l.allow(fmt.Sprint("kind ", i), at(0)) {
				written++
			}
		}
		require.Equal(t, kindsMax+linesMax, written)
		require.Len(t, l.kinds, kindsMax+1)
		require.Equal(t, []leftOut{{kind: otherKind, lines: 10_000 - kindsMax - linesMax}}, l.ended(at(60)))
	})
}

func TestKindOf(t *testing.T) {
	tls := kindOf("127.0.0.1:55398 - mid:27 - TLS handshake error: %v")
	require.Equal(t, "TLS handshake error: %v", tls)
	require.Equal(t, tls, kindOf("[fe80::1]:1 - mid:4711 - TLS handshake error: %v"))
	require.Equal(t, kindOf(`127.0.0.1:1 - mid:2 - "10000001" - unable to connect: x`), kindOf(`10.0.0.9:9 - mid:3 - "evil - mid:9" - unable to connect: x`))
	require.Equal(t, "Consumer create failed for '%s > %s > %s': %v", kindOf("Consumer create failed for '%s > %s > %s': %v"))
	require.LessOrEqual(t, len(kindOf(string(make([]byte, 1000))+"汉")), kindMax)
}
