package shop

import (
	"context"
	"net/http"
)

// Stats is what the cloud counts (GET /v1/stats).
type Stats struct {
	Records      uint64            `json:"records"`
	Acknowledged uint64            `json:"acknowledged"`
	Gaps         uint64            `json:"gaps"`
	Quarantined  uint64            `json:"quarantined"`
	Alarms       uint64            `json:"alarms"`
	Entries      uint64            `json:"ledger_entries"`
	Payments     map[string]uint64 `json:"payments"`
}

// Stats asks the cloud what it has.
func (s *Shop) Stats(ctx context.Context) (Stats, error) {
	var stats Stats
	err := call(ctx, http.MethodGet, "http://"+s.API+"/v1/stats", nil, &stats)
	return stats, err
}

// Ledger is a full check of the books (GET /v1/ledger/check).
type Ledger struct {
	Balanced bool             `json:"balanced"`
	Entries  uint64           `json:"entries"`
	Sums     map[string]int64 `json:"sums"`
}

// CheckLedger has the cloud sum all its books again.
func (s *Shop) CheckLedger(ctx context.Context) (Ledger, error) {
	var ledger Ledger
	err := call(ctx, http.MethodGet, "http://"+s.API+"/v1/ledger/check?full=true", nil, &ledger)
	return ledger, err
}
