package world

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestScriptIsItsText(t *testing.T) {
	for seed := range uint64(20) {
		script := Generate(seed)
		require.NotEmpty(t, script.Actions)
		again, err := Parse(strings.NewReader(script.String()))
		require.NoError(t, err)
		require.Equal(t, script.String(), again.String())
		require.Equal(t, script, Generate(seed), "a seed is one script")
	}
	require.NotEqual(t, Generate(1).String(), Generate(2).String())
}

func TestParse(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		s, err := Parse(strings.NewReader("# why\nseed 3\ntills 2\nlength 5m\n\n2m sessions\n1m sale till=1 amount=12 after=3s\n"))
		require.NoError(t, err)
		require.Equal(t, []string{"why"}, s.Notes)
		require.Equal(t, uint64(3), s.Seed)
		require.Equal(t, "sale", s.Actions[0].Kind, "by time")
		require.Equal(t, 12, s.Actions[0].number("amount"))
		require.Equal(t, 3*time.Second, s.Actions[0].duration("after"))
		require.False(t, s.Actions[0].is("double"))
	})
	for name, text := range map[string]string{
		"ErrOneWord": "seed", "ErrNoNumber": "seed x", "ErrTills": "tills 7", "ErrNoTills": "tills 0", "ErrLength": "length x",
		"ErrNoTime": "soon sale", "ErrNoSuchAction": "1m dance", "ErrAction": "1m",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(strings.NewReader(text))
			require.ErrorIs(t, err, ErrScript)
			require.ErrorContains(t, err, "line 1")
		})
	}
}

func TestGeneratorDrawsEveryKind(t *testing.T) {
	seen := map[string]bool{}
	for seed := range uint64(200) {
		for _, a := range Generate(seed).Actions {
			seen[a.Kind] = true
		}
	}
	for kind := range kinds {
		require.True(t, seen[kind], "%s never comes", kind)
	}
}

func TestShrink(t *testing.T) {
	needs := func(s Script) bool {
		sales, sessions := 0, 0
		for _, a := range s.Actions {
			if a.Kind == "sale" && a.text("method") == "code" {
				sales++
			}
			if a.Kind == "tear" {
				sessions++
			}
		}
		return sales >= 2 && sessions >= 1
	}
	seed := uint64(1)
	for ; !needs(Generate(seed)); seed++ {
		require.Less(t, seed, uint64(1000))
	}
	script := Generate(seed)
	script.Tills = 3
	shrunk := Shrink(script, needs)
	require.True(t, needs(shrunk))
	require.Len(t, shrunk.Actions, 3)
	require.Equal(t, 1, shrunk.Tills)
	require.Less(t, shrunk.Length, script.Length)
	for _, a := range shrunk.Actions {
		require.LessOrEqual(t, len(a.fields), 1, a.String())
	}
	require.Equal(t, script.String(), func() string { s := Generate(seed); s.Tills = 3; return s.String() }(), "the script itself is left alone")
}
