package drivertest_test

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/drivertest"
)

func example(t testing.TB) drivertest.Session {
	t.Helper()
	text, err := os.ReadFile("testdata/printer-status.txt")
	require.NoError(t, err)
	session, err := drivertest.ParseSession(text)
	require.NoError(t, err)
	return session
}

func TestParseSession(t *testing.T) {
	require.Equal(t, drivertest.Session{
		{Direction: drivertest.ToDevice, Bytes: []byte{0x1B, 0x40, 0x10, 0x04, 0x01}},
		{Direction: drivertest.FromDevice, Bytes: []byte{0x12}},
		{Direction: drivertest.ToDevice, Bytes: []byte{0x10, 0x04, 0x04}},
		{Direction: drivertest.FromDevice, Bytes: []byte{0x12}},
	}, example(t))
}

func TestParseSessionErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, line string }{
		"Direction":   {"# why\n= 00\n", "line 2"},
		"OddDigits":   {"> 0\n", "line 1"},
		"NoHex":       {"> 00\n\n< zz\n", "line 3"},
		"OverTheSize": {strings.Repeat("\n", 1<<20+1), "longer"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := drivertest.ParseSession([]byte(c.text))
			require.ErrorIs(t, err, drivertest.ErrSession)
			require.ErrorContains(t, err, c.line)
		})
	}
}

func TestSessionSurvivesItsTextForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var session drivertest.Session
		for range rapid.IntRange(0, 8).Draw(t, "steps") {
			direction := rapid.SampledFrom([]drivertest.Direction{'>', '<'}).Draw(t, "direction")
			session = session.Append(direction, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes"))
		}
		var text bytes.Buffer
		n, err := session.WriteTo(&text)
		require.NoError(t, err)
		require.EqualValues(t, text.Len(), n)
		again, err := drivertest.ParseSession(text.Bytes())
		require.NoError(t, err)
		require.Equal(t, session, again)
	})
}

func FuzzParseSession(f *testing.F) {
	f.Add([]byte("> 1B 40 # init\n< 12\n"))
	f.Add([]byte("#\n>\n<\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		session, err := drivertest.ParseSession(text)
		if err != nil {
			require.ErrorIs(t, err, drivertest.ErrSession)
			return
		}
		var out bytes.Buffer
		_, err = session.WriteTo(&out)
		require.NoError(t, err)
		again, err := drivertest.ParseSession(out.Bytes())
		if err == nil {
			require.Equal(t, session, again)
		} else {
			require.Greater(t, out.Len(), 1<<20, "only its size may keep a written session from being read: %v", err)
		}
	})
}

// drive plays the driver's part of a session.
func drive(t *testing.T, port drivers.Port, session drivertest.Session) {
	t.Helper()
	require.NoError(t, port.SetReadDeadline(time.Now().Add(5*time.Second)))
	for _, step := range session {
		if step.Direction == drivertest.ToDevice {
			_, err := port.Write(step.Bytes)
			require.NoError(t, err)
			continue
		}
		got := make([]byte, len(step.Bytes))
		_, err := io.ReadFull(port, got)
		require.NoError(t, err)
		require.Equal(t, step.Bytes, got)
	}
}

func TestPlay(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		port, finish, err := example(t).Play()
		require.NoError(t, err)
		drive(t, port, example(t))
		require.NoError(t, finish())
	})
	t.Run("ErrOtherBytes", func(t *testing.T) {
		port, finish, err := example(t).Play()
		require.NoError(t, err)
		_, err = port.Write([]byte{0x1B, 0x40, 0x10, 0x04, 0x02})
		require.NoError(t, err)
		_, err = port.Read(make([]byte, 1))
		require.Error(t, err, "there is no answer to a wrong question")
		require.ErrorContains(t, finish(), "step 1: driver wrote 1B 40 10 04 02, want 1B 40 10 04 01")
	})
	t.Run("ErrCutShort", func(t *testing.T) {
		port, finish, err := example(t).Play()
		require.NoError(t, err)
		drive(t, port, example(t)[:2])
		require.ErrorContains(t, finish(), "step 3")
	})
	t.Run("ErrTooMuch", func(t *testing.T) {
		port, finish, err := example(t).Play()
		require.NoError(t, err)
		drive(t, port, example(t))
		_, err = port.Write([]byte{0xAA})
		require.NoError(t, err)
		require.ErrorContains(t, finish(), "driver wrote AA more")
	})
}

func TestRecorderKeepsWhatPassed(t *testing.T) {
	port, finish, err := example(t).Play()
	require.NoError(t, err)
	recorder := drivertest.NewRecorder(port)
	drive(t, recorder, example(t))
	require.NoError(t, finish())
	require.Equal(t, example(t), recorder.Session())
}
