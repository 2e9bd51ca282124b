package world

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// drain runs everything.
func drain(l *loop) {
	for l.step(time.Hour) {
	}
}

func TestEventsComeInTheOrderOfTimeThenOfMaking(t *testing.T) {
	l, got := &loop{}, ""
	l.after(2*time.Second, nil, func() { got += "c" })
	l.after(time.Second, nil, func() { got += "a" })
	l.after(time.Second, nil, func() { got += "b"; l.after(0, nil, func() { got += "!" }) })
	require.True(t, l.step(time.Second))
	require.Equal(t, time.Second, l.now)
	drain(l)
	require.Equal(t, "ab!c", got)
	require.False(t, l.step(time.Hour))
}

func TestDeathEndsWhatBelongsToALife(t *testing.T) {
	l, got := &loop{}, ""
	of := &life{fatal: 2, buried: func() { got += "buried " }}
	l.after(time.Second, of, func() {
		of.point("first")
		got += "alive "
		of.point("second")
		got += "never "
	})
	l.after(2*time.Second, of, func() { got += "never " })
	l.after(2*time.Second, nil, func() { got += "others" })
	drain(l)
	require.Equal(t, "alive buried others", got)
	require.Equal(t, "second", of.last)
	require.True(t, of.dead)
	of.kill() // once is enough
	require.Equal(t, "alive buried others", got)
}

func TestTasksWaitForTheWorld(t *testing.T) {
	t.Run("Sleep", func(t *testing.T) {
		l, of, got := &loop{}, &life{}, ""
		for _, name := range []string{"a", "b"} {
			l.spawn(of, func() {
				got += name
				l.sleep(time.Second)
				got += name + "'"
			})
		}
		drain(l)
		require.Equal(t, "aba'b'", got)
		require.Empty(t, of.tasks)
	})
	t.Run("WokenOnce", func(t *testing.T) {
		l, of, woken := &loop{}, &life{}, 0
		l.spawn(of, func() {
			l.wait(func(wake func()) {
				l.after(time.Second, of, wake)
				l.after(2*time.Second, of, wake)
			})
			woken++
			l.sleep(time.Minute)
		})
		drain(l)
		require.Equal(t, 1, woken)
		require.Equal(t, time.Minute+time.Second, l.now)
	})
	t.Run("UnwoundAtDeath", func(t *testing.T) {
		l, of, got := &loop{}, &life{}, ""
		l.spawn(of, func() {
			defer func() { got += "unwound" }()
			l.sleep(time.Minute)
			got += "never"
		})
		l.after(time.Second, nil, of.kill)
		drain(l)
		require.Equal(t, "unwound", got)
	})
	t.Run("DeathInATask", func(t *testing.T) {
		l, got := &loop{}, ""
		of := &life{fatal: 1, buried: func() { got += "buried" }}
		l.spawn(of, func() {
			l.sleep(time.Second)
			of.point("here")
			got += "never"
		})
		drain(l)
		require.Equal(t, "buried", got)
	})
	t.Run("OtherPanicsAreMistakes", func(t *testing.T) {
		l := &loop{}
		l.spawn(&life{}, func() { panic("mistake") })
		require.PanicsWithValue(t, "mistake", func() { drain(l) })
	})
}

func TestAlarmMoves(t *testing.T) {
	l, rang := &loop{}, []time.Duration{}
	a := &alarm{loop: l}
	a.run = func() { rang = append(rang, l.now) }
	a.in(3 * time.Second)
	a.in(time.Second)     // earlier: it moves
	a.in(2 * time.Second) // later: it stays
	drain(l)
	a.in(time.Second)
	a.exactly(5 * time.Second)
	drain(l)
	require.Equal(t, []time.Duration{time.Second, 8 * time.Second}, rang, "the world was at 3 s when it was set again")
}
