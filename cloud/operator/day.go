package operator

import (
	"errors"
	"fmt"
	"time"
)

// ErrInvalidDay marks text that is no day such as 2026-11-23.
var ErrInvalidDay = errors.New("operator: invalid day")

// Day is a business day in China, counted from 1970-01-01. China has one time zone, UTC+8, and no summer time.
type Day int32

// In seconds: a time.Duration does not reach far enough.
const (
	dayLength  = 24 * 60 * 60
	chinaAhead = 8 * 60 * 60
)

// DayOf returns the day that a moment is in.
func DayOf(at time.Time) Day {
	seconds := at.Unix() + chinaAhead
	day := seconds / dayLength
	if seconds%dayLength < 0 {
		day--
	}
	return Day(day)
}

// ParseDay reads what String writes, or gives ErrInvalidDay.
func ParseDay(text string) (Day, error) {
	at, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, fmt.Errorf("%w: %q", ErrInvalidDay, text)
	}
	return DayOf(at), nil
}

// Start is the day's first moment.
func (d Day) Start() time.Time {
	return time.Unix(int64(d)*dayLength-chinaAhead, 0).UTC()
}

// End is the next day's first moment.
func (d Day) End() time.Time { return (d + 1).Start() }

// String returns the day as 2026-11-23.
func (d Day) String() string { return time.Unix(int64(d)*dayLength, 0).UTC().Format(time.DateOnly) }
