package sqlite

import (
	"context"

	"github.com/yuantill/yuantill/cloud/store"
)

const followUpColumns = `follow_ups.id, order_id, terminals.id, sequence, follow_ups.state, reason, at
FROM follow_ups JOIN terminals ON terminals.number = terminal`

func scanFollowUp(row scanner) (store.FollowUp, error) {
	var f store.FollowUp
	var id, order []byte
	var terminal string
	var at int64
	err := row.Scan(&id, &order, &terminal, &f.Sequence, &f.State, &f.Reason, &at)
	copy(f.ID[:], id)
	copy(f.Order[:], order)
	copy(f.Terminal[:], terminal)
	f.At = moment(at)
	return f, err
}

// FollowUp returns one follow-up (store.FollowUpReader).
func (s *Store) FollowUp(ctx context.Context, id store.FollowUpID) (store.FollowUp, error) {
	f, err := scanFollowUp(s.readers.QueryRowContext(brief(ctx), "SELECT "+followUpColumns+" WHERE follow_ups.id = ?", id[:]))
	return f, one(err, "follow-up")
}

// WaitingFollowUps returns follow-ups that are waiting (store.FollowUpReader).
func (s *Store) WaitingFollowUps(ctx context.Context, after store.FollowUpID, limit int) ([]store.FollowUp, error) {
	return list(ctx, s.readers, "waiting follow-ups", scanFollowUp, "SELECT "+followUpColumns+
		" WHERE follow_ups.state = 1 AND follow_ups.id > ? ORDER BY follow_ups.id LIMIT ?", after[:], limit)
}
