package journal

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// head is the bookkeeping row: where the chain ends.
type head struct {
	sequence     uint64
	link         seal.Hash
	sales        uint64
	followUps    uint64
	open         openRows
	acknowledged uint64
	// lost are the ranges of the table lost, which the tag covers too.
	lost []Range
	// untagged: written by a program whose snapshots had no tags yet.
	untagged bool
}

// shelfCount is how many rows of a table the head row counts.
type shelfCount struct {
	shelf *shelf
	count *uint64
}

func (h *head) counts() [2]shelfCount {
	return [2]shelfCount{{&saleShelf, &h.sales}, {&followUpShelf, &h.followUps}}
}

// tag binds the row to its terminal; without the terminal key nobody can move the end of the chain.
func (h head) tag(mac *seal.MAC, terminal record.Terminal) seal.Tag {
	var numbers [40]byte
	for i, n := range []uint64{h.sequence, h.sales, h.acknowledged, h.followUps, h.open.count} {
		binary.BigEndian.PutUint64(numbers[8*i:], n)
	}
	if h.untagged {
		return mac.Tag([]byte("yuantill journal head"), terminal[:], numbers[:24], h.link[:])
	}
	lost := make([]byte, 0, 16*len(h.lost))
	for _, gap := range h.lost {
		lost = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(lost, gap.First), gap.Last)
	}
	return mac.Tag([]byte("yuantill journal head"), terminal[:], numbers[:], h.open.sum[:], h.link[:], lost)
}

// readHead returns errHeadTag when the row, or the lost ranges it vouches for, are not what was written, sql.ErrNoRows when
// there is none.
func readHead(ctx context.Context, db querier, mac *seal.MAC, terminal record.Terminal) (head, error) {
	var h head
	var link, tag, sum []byte
	var followUps, open sql.NullInt64
	err := db.QueryRowContext(ctx, "SELECT sequence, link, sales, acknowledged, tag, follow_ups, open_rows, open_sum FROM head").
		Scan(&h.sequence, &link, &h.sales, &h.acknowledged, &tag, &followUps, &open, &sum)
	if err != nil {
		return head{}, err
	}
	h.untagged = sum == nil
	if len(link) != seal.HashSize || !h.untagged && len(sum) != seal.TagSize {
		return head{}, errHeadTag
	}
	h.link, h.followUps, h.open.count = seal.Hash(link), uint64(followUps.Int64), uint64(open.Int64)
	copy(h.open.sum[:], sum)
	if h.lost, err = readLost(ctx, db); err != nil {
		return head{}, err
	}
	if mac == nil { // opened for looking, without keys
		return h, nil
	}
	if want := h.tag(mac, terminal); string(want[:]) != string(tag) {
		return head{}, errHeadTag
	}
	return h, nil
}

const writeHead = `INSERT INTO head (id, sequence, link, sales, acknowledged, tag, follow_ups, open_rows, open_sum)
VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET sequence = excluded.sequence, link = excluded.link, sales = excluded.sales,
acknowledged = excluded.acknowledged, tag = excluded.tag, follow_ups = excluded.follow_ups,
open_rows = excluded.open_rows, open_sum = excluded.open_sum`

// lastHead is what the lock file is told of a row.
func (j *Journal) lastHead(h head) lastHead {
	return lastHead{sequence: h.sequence, tag: h.tag(j.config.Keyring.JournalMAC(), j.config.Terminal)}
}

// writeHead writes the row, and says so in the lock file first: what is committed is never ahead of what the lock file says.
func (j *Journal) writeHead(ctx context.Context, h head) error {
	last := j.lastHead(h)
	if err := j.lock.noteHead(last); err != nil {
		return err
	}
	_, err := j.prepared.head.ExecContext(ctx, int64(h.sequence), h.link[:], int64(h.sales), int64(h.acknowledged), last.tag[:],
		int64(h.followUps), int64(h.open.count), h.open.sum[:])
	if err != nil {
		return fmt.Errorf("write head: %w", err)
	}
	return nil
}

var errHeadTag = errors.New("bookkeeping row altered, or written under another terminal key")

// querier is what reads need of a connection or pool.
type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}
