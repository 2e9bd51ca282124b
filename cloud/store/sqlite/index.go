package sqlite

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/yuantill/yuantill/cloud/store"
)

// The log's index is the file -shm: blocks of 32 KiB, one for each 4096 pages of the log, of which the first has room for
// 34 fewer (sqlite.org/walformat.html, 2.2). SQLite cuts the file to nothing when the first program opens the database, and
// lets it grow with the log.
const (
	indexBlock     = 32 << 10 // bytes
	indexPages     = 4096     // of the log, in one block
	indexPagesLess = 34       // in the first block
)

// indexSize is how many bytes the index of so many bytes of log has.
func indexSize(log int64) int64 {
	return ((log/pageSize+indexPagesLess)/indexPages + 1) * indexBlock
}

// reserveIndex takes the blocks that the index of a whole log will need, before anybody else does: a log whose index cannot
// grow cannot be written either, however much of it is left. It goes by the system's files: no fault is planned for this one,
// whose content is worth nothing after a crash. It returns store.ErrFull.
func reserveIndex(path string, log int64) error {
	file, err := os.OpenFile(path+"-shm", os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("reserve index of log: %w", err)
	}
	info, err := file.Stat()
	if err == nil && info.Size() < indexSize(log) {
		_, err = file.WriteAt(make([]byte, indexSize(log)-info.Size()), info.Size())
	}
	err = errors.Join(err, file.Close())
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		err = fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	if err != nil {
		return fmt.Errorf("reserve index of log: %w", err)
	}
	return nil
}
