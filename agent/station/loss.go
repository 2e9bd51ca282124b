package station

import (
	"strconv"
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

// toldFor is how long people are told of a loss of which the cloud has every record. What it lacks is told until somebody has
// put it right.
const toldFor = 7 * 24 * time.Hour

// Losses are what to tell now of losses, all in one, and what to do about them; nothing where there is nothing to tell. It is
// told of another machine where it is certain that one works with a copy of the terminal, and of what else may be where not.
func Losses(all []Loss, now time.Time, twin bool) (notice, next *Words) {
	var lost, missing []string
	anew := false // the journal began behind them
	after := catalogue.AfterOldCopyWhole
	for _, l := range all {
		if l.Told && len(l.Missing) == 0 {
			if l.FoundAt != nil && now.Sub(*l.FoundAt) >= toldFor {
				continue
			}
		} else {
			after = catalogue.AfterOldCopy
		}
		lost, anew = append(lost, runOf(l.First, l.Last)), anew || l.First == 1
		for _, m := range l.Missing {
			missing = append(missing, runOf(m.First, m.Last))
		}
	}
	cloud := catalogue.CloudNotHeard()
	switch {
	case len(missing) > 0:
		cloud = catalogue.CloudLacks(missing)
	case after == catalogue.AfterOldCopyWhole:
		cloud = catalogue.CloudLacksNone()
	}
	var said Words
	switch {
	case twin:
		said, after = catalogue.NoticeTwin.Text(), catalogue.AfterTwin
		if len(missing) > 0 {
			said = said.With(cloud)
		}
	case len(lost) == 0:
		return nil, nil
	case anew:
		said = catalogue.JournalMissing(lost, cloud)
	default:
		said = catalogue.NotMadeHere(lost, cloud)
	}
	todo := after.Text()
	return &said, &todo
}

func runOf(first, last uint64) string {
	run := strconv.FormatUint(first, 10)
	if first != last {
		run += "-" + strconv.FormatUint(last, 10)
	}
	return run
}
