package crashdisk

import (
	"fmt"
	"math/rand/v2"
)

// Loss says what a power cut does to what was not synced.
type Loss uint8

// The losses.
const (
	LoseUnsynced Loss = iota + 1 // all of it is gone
	LoseNothing                  // all of it had reached the disk, as after the death of a process
	LoseSectors                  // each sector, truncation and name by chance; or each write as a whole
	TearSector                   // the same, and one write ends in the middle of a sector
)

// String returns the loss's name.
func (l Loss) String() string {
	names := [...]string{"", "lose unsynced", "lose nothing", "lose sectors", "tear sector"}
	if int(l) < len(names) {
		return names[l]
	}
	return fmt.Sprintf("loss-%d", uint8(l))
}

// sectorSize is the least that a disk writes at once.
const sectorSize = 512

// Image returns the files as a power cut at this moment may leave them. Chance comes from r only; the platter stays as
// it is.
func (p *Platter) Image(loss Loss, r *rand.Rand) Image {
	c := cut{loss: loss, r: r, keep: r.Float64(), whole: r.IntN(2) == 0}
	if loss == TearSector {
		c.tear(p)
	}
	image := make(Image)
	for number, f := range p.files {
		linked := f.durablyLinked
		if f.linked != f.durablyLinked && c.survives() {
			linked = f.linked
		}
		if linked {
			image[f.name] = c.content(number, f)
		}
	}
	return image
}

// cut is one power cut.
type cut struct {
	loss Loss
	r    *rand.Rand
	keep float64 // the chance of something on its way to have reached the disk
	// whole lets writes survive as a whole or not at all, as a disk does that takes long runs of sectors out of order.
	whole bool

	tornFile, tornWrite int
	tornAt              int64 // the first byte that did not reach the disk
}

// tear chooses the byte at which one of the writes on their way ends.
func (c *cut) tear(p *Platter) {
	seen := 0
	c.tornFile = noFile
	for number, f := range p.files {
		for i, op := range f.pending {
			if op.Kind != Write || len(op.Data) == 0 {
				continue
			}
			if seen++; c.r.IntN(seen) == 0 {
				c.tornFile, c.tornWrite = number, i
				c.tornAt = op.Offset + c.r.Int64N(int64(len(op.Data)))
			}
		}
	}
}

// survives says whether something on its way had reached the disk.
func (c *cut) survives() bool {
	switch c.loss {
	case LoseUnsynced:
		return false
	case LoseNothing:
		return true
	default:
		return c.r.Float64() < c.keep
	}
}

func (c *cut) content(number int, f *file) []byte {
	size := len(f.durable)
	for _, op := range f.pending {
		size = max(size, int(op.Offset)+len(op.Data))
	}
	content := append(make([]byte, 0, size), f.durable...)
	if c.loss == LoseUnsynced {
		return content
	}
	for i, op := range f.pending {
		switch {
		case c.loss == LoseNothing:
			content = apply(content, op)
		case op.Kind == Truncate:
			if c.survives() {
				content = apply(content, op)
			}
		default:
			if c.whole && !c.survives() {
				continue
			}
			torn := c.loss == TearSector && number == c.tornFile && i == c.tornWrite
			content = c.sectors(content, op, torn)
		}
	}
	return content
}

// sectors does a write sector by sector. A write that made the file longer may have done that and nothing else.
func (c *cut) sectors(content []byte, op Operation, torn bool) []byte {
	end := op.Offset + int64(len(op.Data))
	if end > int64(len(content)) && c.survives() {
		content = resize(content, end)
	}
	for from := op.Offset; from < end; {
		to := min((from/sectorSize+1)*sectorSize, end)
		kept := c.whole || c.survives()
		if torn && from <= c.tornAt && c.tornAt < to {
			kept, to = true, c.tornAt
		}
		if kept && to > from {
			content = apply(content, Operation{Kind: Write, Offset: from, Data: op.Data[from-op.Offset : to-op.Offset]})
		}
		if from = (from/sectorSize + 1) * sectorSize; from > end {
			from = end
		}
	}
	return content
}
