package settings

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/enrolment"
)

// CheckIssued says which of the files that were issued to this machine are not there, or are folders, and where a pipe or a
// device is in place of a file that is read. Its error is *Error.
func (s Settings) CheckIssued() error { return s.checkFiles(false) }

// CheckFiles is CheckIssued, and says too what is wrong with the files that the till makes and their folders, and which files
// are not their owner's alone. The till itself says that as it opens the file, with an exit code of its own. Its error is
// *Error.
func (s Settings) CheckFiles() error { return s.checkFiles(true) }

// checkFiles leaves out what the file system does not say: whoever checks may not be whoever runs the till.
func (s Settings) checkFiles(made bool) error {
	c := &check{settings: s}
	for _, f := range s.files() {
		info, err := os.Stat(f.path)
		switch {
		case err == nil && info.IsDir() && (f.issued || made):
			c.wrong(f.key, catalogue.FolderNoFile(f.path))
		case err == nil && !info.IsDir() && !info.Mode().IsRegular() && (f.key != keyJournal || made):
			c.wrong(f.key, catalogue.NotRegular(f.path))
		case made && err == nil && info.Mode().Perm()&f.forbidden != 0:
			c.wrong(f.key, catalogue.OthersMay(f.path))
		case f.beside && (!made || len(c.found) > 0): // what it goes with may be another file than was meant
		case f.issued && errors.Is(err, fs.ErrNotExist):
			c.wrong(f.key, catalogue.NoFile(f.path))
		case made && err != nil && !f.issued:
			if _, err := os.Stat(filepath.Dir(f.path)); errors.Is(err, fs.ErrNotExist) {
				c.wrong(f.key, catalogue.NoFolder(filepath.Dir(f.path)))
			}
		}
	}
	if len(c.found) == 0 {
		return nil
	}
	return &Error{Mistakes: c.found}
}

// file is a file that a setting names, or that goes with it.
type file struct {
	key, path string
	issued    bool // by somebody else, and not made by the till
	beside    bool // another, which the setting names
	forbidden fs.FileMode
}

// othersWrite are of a mode what lets others than the owner write.
const othersWrite = 0o022

// files are all of them, in the settings' order.
func (s Settings) files() (all []file) {
	s.eachPath(func(key, _ string, path *string) {
		switch key {
		case keyEnrolment:
			all = append(all, file{key, *path, true, false, othersBits},
				file{key, enrolment.DeviceKeyPath(*path), true, true, othersBits})
		case keyIssuers:
			all = append(all, file{key, *path, true, false, othersWrite})
		case keyEpochs, keyJournal:
			all = append(all, file{key, *path, false, false, othersWrite})
		}
	})
	return all
}
