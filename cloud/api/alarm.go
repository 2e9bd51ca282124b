package api

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/store"
)

// Alarm is something that somebody must be told, with what the catalogue says of its kind.
type Alarm struct {
	Number    uint64     `json:"number" doc:"names it for ever"`
	Kind      string     `json:"kind"`
	Title     alarm.Text `json:"title" doc:"what has happened"`
	Meaning   alarm.Text `json:"meaning" doc:"what that says"`
	Next      alarm.Text `json:"next" doc:"the one thing to do"`
	Terminal  string     `json:"terminal,omitempty"`
	Detail    string     `json:"detail" doc:"the latest occurrence, in English"`
	First     time.Time  `json:"first_at"`
	Last      time.Time  `json:"last_at"`
	Count     uint64     `json:"count"`
	SettledAt *time.Time `json:"settled_at,omitempty" doc:"when a person was done with it; one that happens again is a new alarm"`
	SettledBy string     `json:"settled_by,omitempty"`
	Note      string     `json:"note,omitempty" doc:"what that person says"`
}

// NewAlarm writes an alarm for people.
func NewAlarm(row store.AlarmRow) Alarm {
	entry := alarm.Of(row.Kind)
	return Alarm{Number: row.Number, Kind: row.Kind, Title: entry.Title, Meaning: entry.Meaning, Next: entry.Next,
		Terminal: row.Terminal, Detail: row.Detail, First: row.FirstAt, Last: row.At, Count: row.Count,
		SettledAt: known(row.SettledAt), SettledBy: row.SettledBy, Note: row.Note}
}

type alarmsInput struct {
	All   bool `query:"all" doc:"settled ones too"`
	Limit int  `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

type settleInput struct {
	Number uint64 `path:"number" minimum:"1" maximum:"9223372036854775807"`
	Body   struct {
		By    string `json:"by" minLength:"1" maxLength:"40" doc:"who has looked after it"`
		Note  string `json:"note,omitempty" maxLength:"200" doc:"what was found or done"`
		Count uint64 `json:"count,omitempty" maximum:"9223372036854775807" doc:"the alarm's count when it was looked at: refused when it has happened again since"`
	}
}

// alarms lists alarms, the latest first.
func (a *api) alarms(ctx context.Context, in *alarmsInput) (*body[[]Alarm], error) {
	read := a.Store.OpenAlarms
	if in.All {
		read = a.Store.Alarms
	}
	rows, err := read(ctx, in.Limit)
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	out := &body[[]Alarm]{make([]Alarm, 0, len(rows))}
	for _, row := range rows {
		out.Body = append(out.Body, NewAlarm(row))
	}
	return out, nil
}

// settle is a person's word that an alarm was looked after. The first one counts, and is answered to every other.
func (a *api) settle(ctx context.Context, in *settleInput) (*body[Alarm], error) {
	row, err := alarm.Settle(ctx, a.Store, store.Settlement{Alarm: in.Number, By: in.Body.By, Note: in.Body.Note,
		Seen: in.Body.Count, At: time.Now().UTC().Truncate(time.Microsecond)})
	if err != nil {
		return nil, a.problem(ctx, err)
	}
	return &body[Alarm]{NewAlarm(row)}, nil
}
