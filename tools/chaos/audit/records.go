package audit

import (
	"slices"
	"strings"
)

// records holds that the journals are whole, and that the cloud has what they have.
func (a *auditor) records() {
	for _, journal := range a.evidence.Journals {
		if journal.Damage != "" {
			a.find(Unexplained, "", "journal of %s: %s", journal.Terminal, journal.Damage)
		}
		unsent := 0
		last := uint64(0)
		for _, record := range journal.Records {
			if record.Sequence != last+1 {
				a.find(Lost, record.Order, "journal of %s: record %d follows %d", journal.Terminal, record.Sequence, last)
			}
			last = record.Sequence
			switch stored, found := journal.Stored[record.Sequence]; {
			case !found && record.Sequence <= journal.Acknowledged:
				a.find(Lost, record.Order, "record %d of %s was acknowledged, and the cloud does not have it", record.Sequence, journal.Terminal)
			case !found:
				unsent++
			case stored != record.Digest:
				a.find(Unexplained, record.Order, "record %d of %s is another one in the cloud", record.Sequence, journal.Terminal)
			}
		}
		if unsent > 0 {
			a.find(Unexplained, "", "%d records of %s never reached the cloud", unsent, journal.Terminal)
		}
		for _, sequence := range beyond(journal.Stored, last) {
			a.find(Lost, "", "the cloud has record %d of %s, which the journal has lost", sequence, journal.Terminal)
		}
	}
}

// beyond returns the sequences above the journal's last, sorted.
func beyond(stored map[uint64]string, last uint64) []uint64 {
	var sequences []uint64
	for sequence := range stored {
		if sequence > last {
			sequences = append(sequences, sequence)
		}
	}
	slices.Sort(sequences)
	return sequences
}

// expected are the alarms that faults of the kind played here may raise: each tells somebody something true. Whatever
// else is alarmed is something that must not happen.
func expected(kind string) bool {
	switch kind {
	case "card-in-doubt", "payment-still-open", "payment-late-approval", "payment-card-debited", "payment-follow-up-open":
		return true
	default:
		return false
	}
}

func (a *auditor) alarms() {
	for _, alarm := range a.evidence.Alarms {
		if !expected(alarm.Kind) {
			detail := strings.TrimSpace(alarm.Terminal + " " + alarm.Detail)
			a.find(Unexplained, alarm.Order, "alarm %s: %s", alarm.Kind, detail)
		}
	}
}
