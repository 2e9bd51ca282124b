package station

import (
	"fmt"
	"time"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// Stretch is a run of records, both ends included.
type Stretch struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// Loss is a run of records that an older copy, put in the journal's place, no longer has.
type Loss struct {
	First   uint64     `json:"first"`
	Last    uint64     `json:"last"`
	FoundAt *time.Time `json:"found_at,omitempty" doc:"when a sign-in found it"`
	Told    bool       `json:"told" doc:"the cloud has said since the start which of them it has"`
	Missing []Stretch  `json:"missing,omitempty" doc:"of them, those that the cloud has not got either"`
}

// text says what is gone, and who has it.
func (l Loss) text() Words {
	said := catalogue.OldCopy(l.First, l.Last)
	switch {
	case !l.Told:
		return said.With(catalogue.CloudNotHeard())
	case len(l.Missing) == 0:
		return said.With(catalogue.CloudLacksNone())
	}
	var runs []string
	for _, m := range l.Missing {
		run := fmt.Sprint(m.First)
		if m.Last != m.First {
			run += "-" + fmt.Sprint(m.Last)
		}
		runs = append(runs, run)
	}
	return said.With(catalogue.CloudLacks(runs))
}

// Losses are what to tell of a journal's losses and what to do about them; nothing where there are none.
func Losses(all []Loss) (notice, next *Words) {
	if len(all) == 0 {
		return nil, nil
	}
	after := catalogue.AfterOldCopyWhole
	var texts []Words
	for _, l := range all {
		texts = append(texts, l.text())
		if !l.Told || len(l.Missing) > 0 {
			after = catalogue.AfterOldCopy
		}
	}
	said, todo := catalogue.Listed(texts...), after.Text()
	return &said, &todo
}
