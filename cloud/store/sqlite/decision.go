package sqlite

import (
	"context"
	"fmt"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// decisions change a terminal's row where its state, ?1 the terminal's number and ?2 the time, lets them.
const (
	setAside = `UPDATE terminals SET aside_at = max(1, ?2), state = CASE state WHEN 1 THEN 3 ELSE state END
WHERE number = ?1 AND aside_at = 0`
	block     = "UPDATE terminals SET state = 2 WHERE number = ?1 AND state IN (1, 3)"
	liftBlock = "UPDATE terminals SET state = CASE aside_at WHEN 0 THEN 1 ELSE 3 END WHERE number = ?1 AND state = 2"
	retire    = "UPDATE terminals SET state = 4 WHERE number = ?1 AND state IN (2, 3)"
)

func (t *transaction) decision(d *store.Decision) error {
	number, err := t.number(d.Terminal)
	if err != nil {
		return err
	}
	args := values{number}
	var update string
	// again is the state in which the decision changes nothing because it was made before; 0 is any.
	var again store.TerminalState
	switch d.Kind {
	case store.SetAside:
		update, args = setAside, values{number, micros(d.At)}
	case store.Block:
		update, again = block, store.TerminalBlocked
	case store.LiftBlock:
		update, again = liftBlock, neverAgain
	case store.Retire:
		update, again = retire, store.TerminalRetired
	default:
		return fmt.Errorf("decision of kind %d", d.Kind)
	}
	changed, err := t.w.conn.run(update, args)
	if err != nil {
		return err
	}
	if changed == 1 {
		_, err := t.w.conn.run("INSERT INTO decisions (terminal, kind, said_by, why, at) VALUES (?, ?, ?, ?, ?)",
			values{number, int64(d.Kind), d.By, d.Why, micros(d.At)})
		return err
	}
	row, err := t.w.conn.queryRow("SELECT state FROM terminals WHERE number = ?", 1, number)
	if err != nil {
		return err
	}
	if state, _ := row[0].(int64); again == 0 || state == int64(again) {
		return nil
	}
	return &store.ConflictError{Kind: store.TerminalMoved, Terminal: d.Terminal}
}

// neverAgain is no state: the decision must change something.
const neverAgain = store.TerminalState(255)

// Decisions returns what was decided about a terminal (store.DecisionReader).
func (s *Store) Decisions(ctx context.Context, terminal record.Terminal, limit int) ([]store.Decision, error) {
	scan := func(row scanner) (store.Decision, error) {
		d := store.Decision{Terminal: terminal}
		var at int64
		err := row.Scan(&d.Kind, &d.By, &d.Why, &at)
		d.At = moment(at)
		return d, err
	}
	return list(ctx, s.readers, "decisions", scan, `SELECT kind, said_by, why, at FROM decisions
WHERE terminal = (SELECT number FROM terminals WHERE id = ?) ORDER BY number DESC LIMIT ?`, terminal.String(), limit)
}
