package collector_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/topic"
)

func TestADamagedJournalIsTold(t *testing.T) {
	say := func(t *testing.T, device, fault string) *world {
		w := newWorld(t, nil)
		till := newTill(w)
		till.open()
		till.send(topic.Up, till.record(record.DeviceFault, &message.DeviceFault{Device: device, Fault: fault}))
		till.acknowledged(2)
		return w
	}
	t.Run("OfTheJournal", func(t *testing.T) {
		w := say(t, "journal", "sale 3: altered\x1b[2J\n"+strings.Repeat("长", 300))
		told := w.open()
		require.Len(t, told, 1)
		require.Equal(t, "journal-damaged", told[0].Kind)
		require.Equal(t, terminalID.String(), told[0].Terminal)
		require.Contains(t, told[0].Detail, "says of its journal: sale 3: altered [2J 长")
		require.Less(t, len([]rune(told[0].Detail)), 260, "a terminal's words are bounded")
	})
	t.Run("OnceARecord", func(t *testing.T) {
		w := newWorld(t, nil)
		till := newTill(w)
		till.open()
		fault := till.record(record.DeviceFault, &message.DeviceFault{Device: "journal", Fault: "sale 3: altered"})
		till.send(topic.Up, fault)
		till.acknowledged(2)
		till.send(topic.Up, fault)
		till.acknowledged(2)
		require.EqualValues(t, 1, w.alarms()["journal-damaged"], "sent again it is the same one")
	})
	t.Run("NotOfADevice", func(t *testing.T) {
		for _, device := range []string{"printer", "clock", ""} {
			require.Empty(t, say(t, device, "journal").alarms(), device)
		}
	})
}

func TestARecordOfALaterVersionIsKeptAndTold(t *testing.T) {
	w := newWorld(t, nil)
	till := newTill(w)
	till.open()
	till.send(topic.Up, till.record(record.Type(0x7001), &message.DeviceFault{}))
	till.acknowledged(2)
	till.send(topic.Up, till.record(record.Type(0x7001), &message.DeviceFault{}), till.record(record.Type(0x7002), &message.DeviceFault{}))
	till.acknowledged(4)
	told := w.open()
	require.Len(t, told, 2, "one a type")
	require.EqualValues(t, 3, told[0].Count+told[1].Count)
	require.Equal(t, terminalID.String(), told[0].Terminal)
	require.Contains(t, told[0].Detail+told[1].Detail, "record 3 is of type-7001", "the latest of it")
	require.Contains(t, told[0].Detail+told[1].Detail, "record 4 is of type-7002")
}
