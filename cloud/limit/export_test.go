package limit

import (
	"time"

	"github.com/yuantill/yuantill/protocol/record"
)

// The bounds of giving for their test.
const (
	AgainFirst = againFirst
	AgainLast  = againLast
	RepeatsMax = repeatsMax
	LookEvery  = lookEvery
)

// Book is the giver's memory for its test.
type Book struct{ book *book }

// NewBook returns a memory of so many terminals.
func NewBook(most int) Book { return Book{newBook(most)} }

func (b Book) Want(t record.Terminal)                 { b.book.want(t) }
func (b Book) Changed()                               { b.book.changed() }
func (b Book) Heard(t record.Terminal, now time.Time) { b.book.heard(t, now) }
func (b Book) Taken(t record.Terminal, id [16]byte)   { b.book.taken(t, id) }
func (b Book) Sent(t record.Terminal, id [16]byte)    { b.book.sent(t, id) }
func (b Book) PutBack(ts ...record.Terminal)          { b.book.putBack(ts) }
func (b Book) Forgotten() int                         { return b.book.forgotten }
func (b Book) Due(now time.Time) (send, givenUp []record.Terminal) {
	return b.book.due(now)
}
