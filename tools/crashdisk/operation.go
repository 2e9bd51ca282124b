package crashdisk

import (
	"fmt"
	"strings"
)

// Kind says what an operation does.
type Kind uint8

// The kinds of operation.
const (
	Write         Kind = iota + 1 // Data at Offset
	Truncate                      // to the size Offset
	Sync                          // of one file
	Create                        // of a file, empty
	Delete                        // of a file's name
	SyncDirectory                 // of the one directory there is
	Mark                          // nothing on the disk: the program says Offset
)

// String returns the kind's name.
func (k Kind) String() string {
	names := [...]string{"", "write", "truncate", "sync", "create", "delete", "sync directory", "mark"}
	if int(k) < len(names) {
		return names[k]
	}
	return fmt.Sprintf("kind-%d", uint8(k))
}

// noFile is the File of operations that are about none.
const noFile = -1

// Operation is one thing done to a disk.
type Operation struct {
	Kind Kind
	// File numbers the file: a name that is deleted and created again is another file. -1 for none.
	File int
	// Name is the file's, without the folder.
	Name string
	// Offset is where a write begins, the size after a truncation, or a mark's number.
	Offset int64
	Data   []byte
}

// String is a line for a person who looks for what went wrong.
func (o Operation) String() string {
	switch o.Kind {
	case Write:
		return fmt.Sprintf("write %s %d+%d", o.Name, o.Offset, len(o.Data))
	case Truncate:
		return fmt.Sprintf("truncate %s %d", o.Name, o.Offset)
	case Mark:
		return fmt.Sprintf("mark %d", o.Offset)
	default:
		return strings.TrimSuffix(o.Kind.String()+" "+o.Name, " ")
	}
}

// class is what a file is to SQLite.
type class uint8

const (
	plain class = iota
	database
	log
	rollback
)

// classOf goes by the name; which file is a database only its opening tells.
func classOf(name string) class {
	switch {
	case strings.HasSuffix(name, "-wal"):
		return log
	case strings.HasSuffix(name, "-journal"):
		return rollback
	default:
		return plain
	}
}

// Trace is what was done to a disk, beginning with what was on it.
type Trace struct {
	Base       Image
	Operations []Operation
}

// Image is the content of a folder's files by name.
type Image map[string][]byte
