package journal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
)

// intentKind says what an intent left in the journal, as the table intent has it: a sale, a follow-up, or a record of a
// landmark type.
type intentKind int64

const (
	saleIntent intentKind = iota
	followUpIntent
	openIntent
	cashIntent
	closeIntent
	intentKinds
)

// intentOf is the kind of a landmark type.
func intentOf(landmark record.Type) intentKind {
	switch landmark {
	case record.ShiftOpened:
		return openIntent
	case record.CashMoved:
		return cashIntent
	default:
		return closeIntent
	}
}

// intentKey is what a key is found by: 128 bits of SHA-256.
type intentKey [16]byte

// key is a key's place among those of the kind. Sales and follow-ups share theirs: one's key is refused to the other.
// Those of a shift have been apart from the beginning, and in journals there are keys of both: whoever asks looks at both places.
func (k intentKind) key(text string) intentKey {
	hash := sha256.Sum256(append([]byte{byte(max(k, followUpIntent))}, text...))
	return intentKey(hash[:len(intentKey{})])
}

// intent is a key and what it began: the number of the sale or follow-up, or the record's sequence.
type intent struct {
	key    intentKey
	kind   intentKind
	number uint64
}

// unentered are the intents that the table does not have yet. None leaves it but for the table.
type unentered struct {
	began map[intentKey]intent
	order []intent // oldest first
}

// add takes intents. The first of a key counts: the sale that takes another's place has the same key, and is found from it.
func (u *unentered) add(all ...intent) {
	if u.began == nil {
		u.began = map[intentKey]intent{}
	}
	for _, one := range all {
		if _, known := u.began[one.key]; !known {
			u.began[one.key] = one
			u.order = append(u.order, one)
		}
	}
}

// drop takes away the oldest n.
func (u *unentered) drop(n int) {
	for _, one := range u.order[:n] {
		delete(u.began, one.key)
	}
	u.order = append(u.order[:0], u.order[n:]...)
}

// Begun is what a key began: a sale or a follow-up; the other id is zero.
type Begun struct {
	Order    OrderID
	FollowUp FollowUpID
}

var (
	errKeysUnread = errors.New("journal: opened without Config.SaleKey and FollowUpKey: it knows no idempotency keys")
	errIntent     = errors.New("an idempotency key leads to it that is not its own")
	errIntentGone = errors.New("its idempotency key is not where keys are found")
	errIntentEnds = errors.New("it is not said, or said wrong, which idempotency keys are where keys are found")
)

// FindBegun returns what the idempotency key of a sale or follow-up began, however long ago. It returns ErrNotFound only when
// it began nothing and may begin something; *DamagedError; ErrNoRoom and ErrFailed where another key could not be kept.
func (j *Journal) FindBegun(ctx context.Context, key string) (Begun, error) {
	found, err := j.findIntent(ctx, saleIntent, key)
	if err != nil {
		return Begun{}, err
	}
	var begun Begun
	from, keyOf := j.shelfOf(found.kind)
	damaged, err := j.trusted(context.WithoutCancel(ctx), from, func(row *snapshot) {
		if own, err := keyOf(row.state); err != nil || own != key {
			return
		}
		if from == &saleShelf {
			begun.Order = row.id
		} else {
			begun.FollowUp = row.id
		}
	}, "WHERE number = ?", int64(found.number))
	if err == nil && damaged == nil && begun == (Begun{}) {
		damaged = j.damagedIntent(found, errIntent)
		j.tellDamage(damaged)
	}
	if damaged != nil {
		err = damaged
	}
	return begun, err
}

// FindAct returns the first record of a landmark type that carries the idempotency key. Errors are FindBegun's.
func (j *Journal) FindAct(ctx context.Context, landmark record.Type, key string) (record.Record, error) {
	found, err := j.findIntent(ctx, intentOf(landmark), key)
	if err != nil {
		return nil, err
	}
	r, err := j.Get(ctx, found.number)
	if errors.Is(err, ErrNotFound) || err == nil && actKey(landmark, r) != key {
		damaged := j.damagedIntent(found, errIntent)
		j.tellDamage(damaged)
		return nil, damaged
	}
	return r, err
}

func (j *Journal) damagedIntent(one intent, cause error) *DamagedError {
	if one.kind >= openIntent {
		return &DamagedError{Path: j.config.Path, Sequence: one.number, Cause: cause}
	}
	from, _ := j.shelfOf(one.kind)
	return j.damagedSnapshot(from, one.number, cause)
}

// findIntent looks in memory and in the table, which has the earlier one: the sale that takes another's place may be in memory
// when that is in the table. Where it finds nothing there is room in memory for another.
func (j *Journal) findIntent(ctx context.Context, kind intentKind, key string) (intent, error) {
	switch {
	case j.readOnly:
		return intent{}, ErrReadOnly
	case j.config.SaleKey == nil || j.config.FollowUpKey == nil:
		return intent{}, errKeysUnread
	case key == "":
		return intent{}, ErrNotFound
	}
	wanted := kind.key(key)
	j.mu.Lock()
	latest, here := j.intents.began[wanted]
	full := len(j.intents.order) >= unenteredMax
	j.mu.Unlock()
	found, err := j.entered(ctx, wanted)
	switch {
	case !errors.Is(err, ErrNotFound):
		return found, err
	case here:
		return latest, nil
	case full:
		if failed := j.makeRoom(ctx); failed != nil {
			return intent{}, failed
		}
	}
	return intent{}, err
}

// entered looks for a key in the table. It returns ErrNotFound.
func (j *Journal) entered(ctx context.Context, key intentKey) (intent, error) {
	found := intent{key: key}
	err := j.reader.QueryRowContext(context.WithoutCancel(ctx), "SELECT kind, number FROM intent WHERE key = ?", key[:]).
		Scan(&found.kind, &found.number)
	if errors.Is(err, sql.ErrNoRows) {
		return intent{}, ErrNotFound
	}
	if err != nil {
		return intent{}, j.explain(fmt.Errorf("find intent: %w", err))
	}
	return found, nil
}

// shelfOf is where an intent's snapshot is and what reads its key.
func (j *Journal) shelfOf(kind intentKind) (*shelf, func([]byte) (string, error)) {
	if kind == followUpIntent {
		return &followUpShelf, j.config.FollowUpKey
	}
	return &saleShelf, j.config.SaleKey
}

// actKey is the idempotency key in a record of a landmark type, empty where it has none or is another's.
func actKey(landmark record.Type, r record.Record) string {
	var body interface {
		proto.Message
		GetKey() string
	}
	switch landmark {
	case record.ShiftOpened:
		body = &message.ShiftOpened{}
	case record.CashMoved:
		body = &message.CashMoved{}
	default:
		body = &message.ShiftClosed{}
	}
	header, err := record.ParseHeader(r)
	if err != nil || header.Type != landmark || proto.Unmarshal(r.Body(), body) != nil {
		return ""
	}
	return body.GetKey()
}
