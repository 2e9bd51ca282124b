package crashtest

import (
	"context"
	"slices"

	"github.com/yuantill/yuantill/tools/crashdisk"
)

// mistake is something that takes the durability away without anybody noticing, until the power goes.
type mistake struct {
	name string
	lies crashdisk.Lies
	// only names the one database that it is about; "" is both.
	only string
}

// mistakes are those that every run must notice.
var mistakes = []mistake{
	{name: "synchronous NORMAL", lies: crashdisk.Lies{Synchronous: crashdisk.Normal}},
	{name: "synchronous OFF", lies: crashdisk.Lies{Synchronous: crashdisk.Never}},
	{name: "no sync of the database", lies: crashdisk.Lies{Database: true}},
	{name: "no sync of the log", lies: crashdisk.Lies{Log: true}},
	{name: "no sync of the directory", lies: crashdisk.Lies{Directory: true}},
	{name: "no sync of the lock file", lies: crashdisk.Lies{Other: true}, only: "journal"},
}

// controlRecordings is how many workloads may pass until a mistake counts as not noticed.
const controlRecordings = 12

// control makes a mistake while a workload is recorded, and replays it on honest disks.
func (m machine) control(ctx context.Context, disks *disks, mistake mistake, seed uint64, images int) (Control, error) {
	c := Control{Database: m.name, Mistake: mistake.name}
	for n := range controlRecordings {
		disks.recorder.SetLies(mistake.lies)
		rec, err := m.record(ctx, disks.recorder, seed+uint64(n), false)
		disks.recorder.SetLies(crashdisk.Lies{})
		if err != nil {
			return c, err
		}
		var t tally
		if err := m.replay(ctx, rec, disks.players, seed+uint64(n), images/controlRecordings, true, &t); err != nil {
			return c, err
		}
		if first, any := t.first(); any {
			c.Images += first.number
			c.Caught, c.Finding = true, first.text
			return c, nil
		}
		c.Images += t.result.Images
	}
	return c, nil
}

// controls makes every mistake.
func controls(ctx context.Context, disks *disks, o Options) ([]Control, error) {
	var made []Control
	for _, m := range machines {
		for _, mistake := range mistakes {
			if !slices.Contains([]string{"", m.name}, mistake.only) {
				continue
			}
			c, err := m.control(ctx, disks, mistake, o.Seed, o.ControlImages)
			if err != nil {
				return made, err
			}
			made = append(made, c)
		}
	}
	return made, nil
}
