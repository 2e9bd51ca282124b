package crashdisk

import (
	"maps"
	"slices"
)

// Platter is what is durable on a disk and what is on its way: operations go in, the images that a power cut may leave
// come out.
type Platter struct {
	files   []*file
	current map[string]int // by name, the file that the name stands for now
}

// file is one file, under its name or already without.
type file struct {
	name    string
	durable []byte
	pending []Operation // writes and truncations since the last sync
	// linked says that the name stands for the file; durablyLinked, that it would after a power cut that leaves nothing
	// unsynced.
	linked, durablyLinked bool
}

// NewPlatter begins with files all of which are durable. They are numbered in the order of their names.
func NewPlatter(base Image) *Platter {
	p := &Platter{current: make(map[string]int, len(base))}
	for _, name := range slices.Sorted(maps.Keys(base)) {
		p.current[name] = len(p.files)
		p.files = append(p.files, &file{name: name, durable: slices.Clone(base[name]), linked: true, durablyLinked: true})
	}
	return p
}

// find returns the number of the file that a name stands for.
func (p *Platter) find(name string) (number int, there bool) {
	number, there = p.current[name]
	return number, there
}

// Step takes the next operation. It keeps Data.
func (p *Platter) Step(op Operation) {
	switch op.Kind {
	case Write, Truncate:
		f := p.files[op.File]
		f.pending = append(f.pending, op)
	case Sync:
		p.files[op.File].sync()
	case Create:
		p.current[op.Name] = len(p.files)
		p.files = append(p.files, &file{name: op.Name, linked: true})
	case Delete:
		p.files[op.File].linked = false
		delete(p.current, op.Name)
	case SyncDirectory:
		p.syncDirectory()
	case Mark:
	}
}

func (p *Platter) syncDirectory() {
	for _, f := range p.files {
		f.durablyLinked = f.linked
		if !f.linked { // nothing brings it back: only its number stays taken
			f.durable, f.pending = nil, nil
		}
	}
}

func (f *file) sync() {
	for _, op := range f.pending {
		f.durable = apply(f.durable, op)
	}
	f.pending = nil
}

// apply does a write or truncation to a file's content.
func apply(content []byte, op Operation) []byte {
	if op.Kind == Truncate {
		return resize(content, op.Offset)
	}
	if end := op.Offset + int64(len(op.Data)); end > int64(len(content)) {
		content = resize(content, end)
	}
	copy(content[op.Offset:], op.Data)
	return content
}

func resize(content []byte, size int64) []byte {
	if int64(len(content)) >= size {
		return content[:size]
	}
	if int64(cap(content)) < size { // twice as much, or a log that grows write by write is copied over and over
		content = slices.Grow(content, max(int(size)-len(content), len(content)))
	}
	grown := content[:size]
	clear(grown[len(content):])
	return grown
}
