package store

import (
	"context"
	"time"
)

// Alarm is something that somebody must be told. Alarms with the same Key are one row with a count, until a person has
// settled it; one that comes after that begins another row.
type Alarm struct {
	Key      string // such as "other-bytes/10000001"
	Kind     string // such as "other-bytes"
	Terminal string // may be empty
	Detail   string // the latest occurrence, for a human
	At       time.Time
	// Once says that this is the same occurrence however often it is found: it is stored when its key never was, and not
	// counted.
	Once bool
}

// AlarmRow is an alarm as it is kept.
type AlarmRow struct {
	Alarm
	// Number names it for ever: 1, 2, 3 ….
	Number  uint64
	FirstAt time.Time
	Count   uint64
	// SettledAt is when a person was done with it, zero while it is open; SettledBy and Note are theirs.
	SettledAt       time.Time
	SettledBy, Note string
}

// Settlement says that a person has looked after an alarm. Of several of one alarm the first counts. A change that settles
// an alarm that there is not is refused with AlarmUnknown; one that has seen it fewer times than it happened, with
// AlarmMoved.
type Settlement struct {
	Alarm    uint64 // its number
	By, Note string
	// Seen is how often the alarm had happened when the person looked; 0 settles it whatever came since.
	Seen uint64
	At   time.Time
}

// AlarmReader reads alarms.
type AlarmReader interface {
	// Alarms returns the alarms, settled ones too, the latest first.
	Alarms(ctx context.Context, limit int) ([]AlarmRow, error)
	// OpenAlarms returns those that nobody has settled, the latest first.
	OpenAlarms(ctx context.Context, limit int) ([]AlarmRow, error)
	// Alarm returns one by its number.
	Alarm(ctx context.Context, number uint64) (AlarmRow, error)
}
