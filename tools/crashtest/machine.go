package crashtest

import (
	"github.com/yuantill/yuantill/tools/crashdisk"
)

// machine is one of the databases.
type machine struct {
	name    string
	subject func(disk *crashdisk.Disk, seed uint64) subject
}

// machines are what is tested.
var machines = []machine{
	{name: "journal", subject: func(disk *crashdisk.Disk, _ uint64) subject { return newJournalSubject(disk) }},
	{name: "store", subject: newStoreSubject},
}
