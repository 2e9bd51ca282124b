package scanner_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/fakedevice/scanner"
)

// line is a stream that keeps every write apart and has nothing to read.
type line struct {
	io.Reader
	writes [][]byte
}

func (l *line) Write(b []byte) (int, error) {
	l.writes = append(l.writes, bytes.Clone(b))
	return len(b), nil
}

func newLine() *line { return &line{Reader: strings.NewReader("")} }

func sent(t *testing.T, options scanner.Options, step scanner.Step) []string {
	t.Helper()
	wire := newLine()
	_, err := scanner.New(wire, options).Do(context.Background(), step)
	require.NoError(t, err)
	var writes []string
	for _, write := range wire.writes {
		writes = append(writes, string(write))
	}
	return writes
}

func TestDo(t *testing.T) {
	for _, c := range []struct {
		name    string
		options scanner.Options
		step    scanner.Step
		want    []string
	}{
		{"Scan", scanner.Options{}, scanner.Step{Action: scanner.Scan, Text: "1234"}, []string{"1234\r"}},
		{"Dressed", scanner.Options{Prefix: "\x02]Q1", Suffix: ";", Terminator: "\r\n"},
			scanner.Step{Action: scanner.Scan, Text: "1234"}, []string{"\x02]Q11234;\r\n"}},
		{"NoTerminator", scanner.Options{NoTerminator: true}, scanner.Step{Action: scanner.Scan, Text: "12"}, []string{"12"}},
		{"GB18030", scanner.Options{GB18030: true}, scanner.Step{Action: scanner.Scan, Text: "中"}, []string{"\xd6\xd0\r"}},
		{"UTF8", scanner.Options{}, scanner.Step{Action: scanner.Scan, Text: "中"}, []string{"中\r"}},
		{"Split", scanner.Options{}, scanner.Step{Action: scanner.Split, Text: "12", Gap: 1}, []string{"1", "2", "\r"}},
		{"Double", scanner.Options{}, scanner.Step{Action: scanner.Double, Text: "12"}, []string{"12\r12\r"}},
		{"Half", scanner.Options{}, scanner.Step{Action: scanner.Half, Text: "12345"}, []string{"123"}},
		{"OverLong", scanner.Options{}, scanner.Step{Action: scanner.OverLong, Count: 5}, []string{"99999\r"}},
		{"Garbage", scanner.Options{}, scanner.Step{Action: scanner.Garbage, Count: 3}, []string{"\x80\xa5\xca"}},
		{"Wait", scanner.Options{}, scanner.Step{Action: scanner.Wait, Gap: 1}, nil},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, sent(t, c.options, c.step)) })
	}
}

func TestDoTellsWhenTheLastByteLeft(t *testing.T) {
	device := scanner.New(newLine(), scanner.Options{})
	began := time.Now()
	const gap = time.Millisecond
	at, err := device.Do(context.Background(), scanner.Step{Action: scanner.Split, Text: "1234", Gap: gap})
	require.NoError(t, err)
	require.WithinRange(t, at, began.Add(4*gap), time.Now())
}

func TestDoErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		step scanner.Step
		want error
	}{
		{"EndedContext", ctx, scanner.Step{Action: scanner.Wait, Gap: time.Hour}, context.Canceled},
		{"EndedContextBetweenBytes", ctx, scanner.Step{Action: scanner.Split, Text: "12", Gap: time.Hour}, context.Canceled},
		{"NoCable", context.Background(), scanner.Step{Action: scanner.HangUp}, scanner.ErrNoCable},
		{"NoAction", context.Background(), scanner.Step{}, scanner.ErrScript},
		{"NoText", context.Background(), scanner.Step{Action: scanner.Scan}, scanner.ErrScript},
		{"NoGap", context.Background(), scanner.Step{Action: scanner.Split, Text: "1"}, scanner.ErrScript},
		{"GapWithoutUse", context.Background(), scanner.Step{Action: scanner.Scan, Text: "1", Gap: 1}, scanner.ErrScript},
		{"TooMuch", context.Background(), scanner.Step{Action: scanner.Garbage, Count: 1 << 20}, scanner.ErrTooMuch},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := scanner.New(newLine(), scanner.Options{}).Do(c.ctx, c.step)
			require.ErrorIs(t, err, c.want)
		})
	}
}

func TestParseScript(t *testing.T) {
	const script = `
# a morning at the counter
scan 0112345678901234567
split 5ms two words
double 12
  half 1234
garbage 32
over-long 5000
wait 10ms
hang-up-within 1234
plug-in
hang-up
`
	steps, err := scanner.ParseScript(script)
	require.NoError(t, err)
	require.Equal(t, []scanner.Step{
		{Action: scanner.Scan, Text: "0112345678901234567"},
		{Action: scanner.Split, Text: "two words", Gap: 5 * time.Millisecond},
		{Action: scanner.Double, Text: "12"},
		{Action: scanner.Half, Text: "1234"},
		{Action: scanner.Garbage, Count: 32},
		{Action: scanner.OverLong, Count: 5000},
		{Action: scanner.Wait, Gap: 10 * time.Millisecond},
		{Action: scanner.HangUpWithin, Text: "1234"},
		{Action: scanner.PlugIn},
		{Action: scanner.HangUp},
	}, steps)
}

func TestParseScriptErrors(t *testing.T) {
	for name, script := range map[string]string{
		"Word": "\nbeep\n", "NoText": "\nscan\n", "BadGap": "\nsplit soon 12\n", "NoGap": "\nwait\n",
		"BadCount": "\ngarbage many\n", "NegativeCount": "\nover-long -1\n", "ExtraWord": "\nhang-up now\n",
		"NegativeGap": "\nwait -1s\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := scanner.ParseScript(script)
			require.ErrorIs(t, err, scanner.ErrScript)
			require.ErrorContains(t, err, "line 2")
		})
	}
}

func FuzzParseScript(f *testing.F) {
	f.Add("scan 1\nsplit 1ms 2\n")
	f.Add("# only a comment")
	f.Fuzz(func(t *testing.T, script string) {
		steps, err := scanner.ParseScript(script)
		if err != nil {
			require.ErrorContains(t, err, "line ")
			return
		}
		for _, step := range steps {
			again, err := scanner.ParseAction(step.Action.String())
			require.NoError(t, err)
			require.Equal(t, step.Action, again)
		}
	})
}
