package world

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStayed(t *testing.T) {
	for name, c := range map[string]struct{ before, now, both map[string]int }{
		"Nothing":            {map[string]int{}, map[string]int{"sales": 1}, map[string]int{}},
		"GoneByNow":          {map[string]int{"sales": 1}, map[string]int{}, map[string]int{}},
		"ThereAtBothLooks":   {map[string]int{"sales": 1}, map[string]int{"sales": 1}, map[string]int{"sales": 1}},
		"TheLeastOfTheLooks": {map[string]int{"sales": 3, "timers": 1}, map[string]int{"sales": 2, "timers": 4}, map[string]int{"sales": 2, "timers": 1}},
		"AnotherIsNotTheOne": {map[string]int{"sales": 1}, map[string]int{"timers": 1}, map[string]int{}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, c.both, stayed(c.before, c.now)) })
	}
}
