package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/tools/fakedevice/control"
	"github.com/yuantill/yuantill/tools/fakedevice/printer"
)

var nine = time.Date(2026, 5, 1, 9, 0, 0, 0, time.UTC)

// sale is a sale whose moments lie so many microseconds after each other.
func sale(gaps ...int) timed {
	var t timed
	at := nine
	t[0] = at
	for i, gap := range gaps {
		at = at.Add(time.Duration(gap) * time.Microsecond)
		t[i+1] = at
	}
	return t
}

func TestSplit(t *testing.T) {
	t.Run("AddsUpToTheWhole", func(t *testing.T) {
		s := splitOf([]timed{sale(100, 200, 300, 400, 500, 600, 700)})
		require.Equal(t, 2800*time.Microsecond, s.total)
		var sum time.Duration
		for _, part := range s.parts {
			sum += part
		}
		require.Equal(t, s.total, sum)
		require.Equal(t, 1, s.sales)
		require.Equal(t, map[string]float64{"scan": 0.1, "till_to_cloud": 0.2, "cloud_to_operator": 0.3, "operator": 0.4,
			"operator_to_cloud": 0.5, "cloud_to_till": 0.6, "till_to_paper": 0.7}, s.byPart())
	})
	t.Run("LeavesTheOutermostOut", func(t *testing.T) {
		s := splitOf([]timed{sale(1, 1, 1, 1, 1, 1, 1), sale(10, 10, 10, 10, 10, 10, 10), sale(20, 20, 20, 20, 20, 20, 20),
			sale(90_000, 1, 1, 1, 1, 1, 1)})
		require.Equal(t, 2, s.sales)
		require.Equal(t, 15*time.Microsecond, s.parts[0])
	})
	t.Run("SaysWhatItDoesNotKnow", func(t *testing.T) {
		missing := sale(1, 1, 1, 1, 1, 1, 1)
		missing[decided] = time.Time{}
		backwards := sale(1, 1, 1, -50, 1, 1, 1)
		s := splitOf([]timed{missing, backwards, sale(1, 1, 1, 1, 1, 1, 1)})
		require.Equal(t, 2, s.left)
		require.Contains(t, s.String(), "2 笔缺少时刻")
		require.Equal(t, "时间分布未知 · where the time goes is not known", splitOf(nil).String())
		require.Nil(t, splitOf(nil).byPart())
	})
	t.Run("EqualWithinAMicrosecondIsInOrder", func(t *testing.T) {
		s := sale(1, 1, 1, 1, 1, 1, 1)
		s[codeWritten] = s[paymentMade].Add(500 * time.Nanosecond) // the record's time has no nanoseconds
		require.True(t, s.whole())
	})
	t.Run("OneLine", func(t *testing.T) {
		line := splitOf([]timed{sale(100, 200, 300, 400, 500, 600, 700)}).String()
		require.NotContains(t, line, "\n")
		require.Contains(t, line, "扫码→终端 scan 0.10 | 终端落盘→云端 till commits, to cloud 0.20 | ")
		require.Contains(t, line, " = 2.80 ms")
		require.Equal(t, momentsOfSale-2, strings.Count(line, " | "))
	})
}

func TestScannedAndPrinted(t *testing.T) {
	at := func(ms int) time.Time { return nine.Add(time.Duration(ms) * time.Millisecond) }
	code, job := control.KindCodeWritten, printer.JobBegan.String()
	pairs := scannedAndPrinted([]control.Event{
		{Kind: job, At: at(0)}, {Kind: code, At: at(1)}, {Kind: "card placed", At: at(2)}, {Kind: job, At: at(3)}, {Kind: job, At: at(4)},
		{Kind: code, At: at(5)}, {Kind: job, At: at(6)},
	})
	require.Equal(t, [][2]time.Time{{at(1), at(3)}, {at(5), at(6)}}, pairs, "each code with the first receipt after it")
}

func TestNoteRecord(t *testing.T) {
	order := make([]byte, 16)
	place := map[string]*timed{strings.Repeat("00", 16): {}}
	note := func(kind record.Type, body proto.Message, after time.Duration) {
		encoded, err := proto.Marshal(body)
		require.NoError(t, err)
		noteRecord(place, record.Header{Type: kind, Time: nine.Add(after)}, encoded)
	}
	note(record.PaymentRequested, &message.PaymentRequested{OrderId: order}, 1)
	note(record.OutcomeShown, &message.OutcomeShown{OrderId: order}, 2)
	note(record.OutcomeShown, &message.OutcomeShown{OrderId: order}, 3)
	note(record.OutcomeShown, &message.OutcomeShown{OrderId: []byte{1}}, 4)
	note(record.DeviceFault, &message.DeviceFault{}, 5)
	got := place[strings.Repeat("00", 16)]
	require.Equal(t, nine.Add(1), got[paymentMade])
	require.Equal(t, nine.Add(2), got[outcomeCame], "the first")
}
