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

// Loss is a run of records under this terminal's id that its journal has not made, or no longer has.
type Loss struct {
	First   uint64     `json:"first"`
	Last    uint64     `json:"last"`
	FoundAt *time.Time `json:"found_at,omitempty" doc:"when a sign-in found it"`
	Told    bool       `json:"told" doc:"the cloud has said since the start which of them it has"`
	Missing []Stretch  `json:"missing,omitempty" doc:"of them, those that the cloud has not got either"`
}

// toldFor is how long people are told of a loss of which the cloud has every record.
const toldFor = 7 * 24 * time.Hour

// Recent are the losses to tell people of. What the cloud lacks is told until somebody has put it right.
func Recent(all []Loss, now time.Time) []Loss {
	var recent []Loss
	for _, l := range all {
		if !l.whole() || l.FoundAt == nil || now.Sub(*l.FoundAt) < toldFor {
			recent = append(recent, l)
		}
	}
	return recent
}

func (l Loss) whole() bool { return l.Told && len(l.Missing) == 0 }

// Losses are what to tell of losses, all in one, and what to do about them; nothing where there are none.
func Losses(all []Loss) (notice, next *Words) {
	if len(all) == 0 {
		return nil, nil
	}
	after, cloud := catalogue.AfterOldCopy, catalogue.CloudNotHeard()
	var lost []string
	whole := true
	for _, l := range all {
		lost = append(lost, runOf(l.First, l.Last))
		whole = whole && l.whole()
	}
	if missing := Missing(all); len(missing) > 0 {
		cloud = catalogue.CloudLacks(missing)
	} else if whole {
		after, cloud = catalogue.AfterOldCopyWhole, catalogue.CloudLacksNone()
	}
	said, todo := catalogue.NotMadeHere(lost, cloud), after.Text()
	return &said, &todo
}

// Missing are the runs of records, such as "13-15", that the cloud has not got either.
func Missing(all []Loss) []string {
	var runs []string
	for _, l := range all {
		for _, m := range l.Missing {
			runs = append(runs, runOf(m.First, m.Last))
		}
	}
	return runs
}

func runOf(first, last uint64) string {
	if first == last {
		return fmt.Sprint(first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}
