package escpos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers/printer/escpos"
)

func start() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

func decode(data []byte, gap time.Duration) (events []escpos.Event) {
	var decoder escpos.Decoder
	at := start()
	for _, b := range data {
		if event, ok := decoder.Decode(b, at); ok {
			events = append(events, event)
		}
		at = at.Add(gap)
	}
	return events
}

func TestDecodeTellsAnswersApart(t *testing.T) {
	auto := func(data ...byte) escpos.Event { return escpos.Event{Kind: escpos.EventAuto, Data: [4]byte(data)} }
	one := func(kind escpos.EventKind, b byte) escpos.Event { return escpos.Event{Kind: kind, Data: [4]byte{b}} }
	for name, test := range map[string]struct {
		data []byte
		want []escpos.Event
	}{
		"RealTimeHealthy":       {[]byte{0x12}, []escpos.Event{one(escpos.EventRealTime, 0x12)}},
		"RealTimeEveryStateBit": {[]byte{0x7E}, []escpos.Event{one(escpos.EventRealTime, 0x7E)}},
		"Auto":                  {[]byte{0x14, 0x00, 0x0C, 0x00}, []escpos.Event{auto(0x14, 0x00, 0x0C, 0x00)}},
		"InOrder":               {[]byte{0x0C}, []escpos.Event{one(escpos.EventInOrder, 0x0C)}},
		"InOrderAfterAuto": {
			[]byte{0x10, 0x00, 0x00, 0x00, 0x03},
			[]escpos.Event{auto(0x10, 0, 0, 0), one(escpos.EventInOrder, 0x03)},
		},
		"FlowControlInsideAuto": {
			[]byte{0x10, 0x13, 0x00, 0x11, 0x00, 0x00},
			[]escpos.Event{one(escpos.EventPause, 0x13), one(escpos.EventResume, 0x11), auto(0x10, 0, 0, 0)},
		},
		"RealTimeInsideAuto": {
			[]byte{0x10, 0x00, 0x16, 0x00, 0x00},
			[]escpos.Event{one(escpos.EventRealTime, 0x16), auto(0x10, 0, 0, 0)},
		},
		"AutoBegunAnewDropsTheFirst": {[]byte{0x18, 0x00, 0x10, 0x01, 0x02, 0x03}, []escpos.Event{auto(0x10, 1, 2, 3)}},
		"GarbageEndsAuto": {
			[]byte{0x10, 0x00, 0xFF, 0x00},
			[]escpos.Event{one(escpos.EventGarbage, 0xFF), one(escpos.EventInOrder, 0x00)},
		},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, decode(test.data, time.Millisecond)) })
	}
}

func TestDecodeGivesUpABegunStatusAfterAGap(t *testing.T) {
	// The rest of an automatic status that never came must not swallow the answer to GS r.
	var decoder escpos.Decoder
	_, ok := decoder.Decode(0x10, start())
	require.False(t, ok)
	event, ok := decoder.Decode(0x00, start().Add(time.Second))
	require.True(t, ok)
	require.Equal(t, escpos.EventInOrder, event.Kind)
}
