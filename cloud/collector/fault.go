package collector

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// faultMax bounds what an alarm repeats of a terminal's words, in characters.
const faultMax = 200

// journalDamaged is the alarm of a terminal that says that its journal is not what it wrote. Other faults are a matter of
// the shop's own.
func journalDamaged(t *tracker, r record.Record, now time.Time) []store.Alarm {
	var body message.DeviceFault
	if err := proto.Unmarshal(r.Body(), &body); err != nil || body.GetDevice() != "journal" {
		return nil
	}
	said := []rune(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, body.GetFault()))
	return []store.Alarm{alarmOf(t, alarm.JournalDamaged,
		"the terminal says of its journal: "+string(said[:min(len(said), faultMax)]), now)}
}

// unknownType tells of a record that is kept and that this program does not know what to do with: its terminal is newer.
func unknownType(t *tracker, header record.Header, now time.Time) []store.Alarm {
	if header.Type.Known() {
		return nil
	}
	one := alarmOf(t, alarm.NewerTerminal, fmt.Sprintf("record %d is of %s, which this cloud does not know: it is kept, and nothing followed from it",
		header.Sequence, header.Type), now)
	one.Key += "/" + header.Type.String()
	return []store.Alarm{one}
}
