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
	acknowledged uint64
}

// tag binds the row to its terminal; without the terminal key nobody can move the end of the chain.
func (h head) tag(mac *seal.MAC, terminal record.Terminal) seal.Tag {
	var numbers [24]byte
	binary.BigEndian.PutUint64(numbers[0:], h.sequence)
	binary.BigEndian.PutUint64(numbers[8:], h.sales)
	binary.BigEndian.PutUint64(numbers[16:], h.acknowledged)
	return mac.Tag([]byte("yuantill journal head"), terminal[:], numbers[:], h.link[:])
}

// readHead returns errHeadTag when the row is not what was written, sql.ErrNoRows when there is none.
func readHead(ctx context.Context, db querier, mac *seal.MAC, terminal record.Terminal) (head, error) {
	var h head
	var link, tag []byte
	err := db.QueryRowContext(ctx, "SELECT sequence, link, sales, acknowledged, tag FROM head").
		Scan(&h.sequence, &link, &h.sales, &h.acknowledged, &tag)
	if err != nil {
		return head{}, err
	}
	if len(link) != seal.HashSize {
		return head{}, errHeadTag
	}
	h.link = seal.Hash(link)
	if mac == nil { // opened for looking, without keys
		return h, nil
	}
	if want := h.tag(mac, terminal); string(want[:]) != string(tag) {
		return head{}, errHeadTag
	}
	return h, nil
}

const writeHead = `INSERT INTO head (id, sequence, link, sales, acknowledged, tag) VALUES (1, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET sequence = excluded.sequence, link = excluded.link, sales = excluded.sales,
acknowledged = excluded.acknowledged, tag = excluded.tag`

func (h head) write(ctx context.Context, statement *sql.Stmt, mac *seal.MAC, terminal record.Terminal) error {
	tag := h.tag(mac, terminal)
	_, err := statement.ExecContext(ctx, int64(h.sequence), h.link[:], int64(h.sales), int64(h.acknowledged), tag[:])
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
