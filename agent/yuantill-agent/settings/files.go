package settings

import (
	"errors"
	"io/fs"
	"os"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// CheckIssued says which of the files that were issued to this machine are not there, or folders. Its error is *Error.
func (s Settings) CheckIssued() error { return s.checkFiles(false) }

// CheckFiles is CheckIssued, and says too where a folder is in place of a file that the till makes. The till itself says that
// as it opens the file, with an exit code of its own. Its error is *Error.
func (s Settings) CheckFiles() error { return s.checkFiles(true) }

// checkFiles leaves out what the file system does not say: whoever checks may not be whoever runs the till.
func (s Settings) checkFiles(made bool) error {
	c := &check{settings: s}
	s.eachPath(func(key, _ string, path *string) {
		issued := key == keyEnrolment || key == keyIssuers
		ours := made && (key == keyEpochs || key == keyJournal)
		if !issued && !ours {
			return
		}
		info, err := os.Stat(*path)
		switch {
		case err == nil && info.IsDir():
			c.wrong(key, catalogue.FolderNoFile(*path))
		case issued && errors.Is(err, fs.ErrNotExist):
			c.wrong(key, catalogue.NoFile(*path))
		}
	})
	if len(c.found) == 0 {
		return nil
	}
	return &Error{Mistakes: c.found}
}
