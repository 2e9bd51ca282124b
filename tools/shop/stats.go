package shop

import (
	"context"
	"fmt"
	"net/http"

	"github.com/yuantill/yuantill/cloud/api"
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

// Terminals returns how far the journals of all terminals are stored (GET /v1/terminals).
func (s *Shop) Terminals(ctx context.Context) ([]api.Terminal, error) {
	var terminals []api.Terminal
	err := call(ctx, http.MethodGet, "http://"+s.API+"/v1/terminals?limit=1000", nil, &terminals)
	return terminals, err
}

// Alarms returns what somebody must be told and nobody has settled (GET /v1/alarms).
func (s *Shop) Alarms(ctx context.Context) ([]api.Alarm, error) {
	var alarms []api.Alarm
	err := call(ctx, http.MethodGet, "http://"+s.API+"/v1/alarms?limit=1000", nil, &alarms)
	return alarms, err
}

// SettleAlarm is a person's word that an alarm was looked after (POST /v1/alarms/{number}/settle).
func (s *Shop) SettleAlarm(ctx context.Context, alarm api.Alarm, by, note string) error {
	wish := map[string]any{"by": by, "note": note, "count": alarm.Count}
	return call(ctx, http.MethodPost, fmt.Sprintf("http://%s/v1/alarms/%d/settle", s.API, alarm.Number), wish, new(api.Alarm))
}

// Shifts returns the latest shifts of all terminals (GET /v1/shifts).
func (s *Shop) Shifts(ctx context.Context) ([]api.Shift, error) {
	var shifts []api.Shift
	err := call(ctx, http.MethodGet, "http://"+s.API+"/v1/shifts?limit=1000", nil, &shifts)
	return shifts, err
}

// Payment returns what the cloud knows of a payment by its order id (GET /v1/payments/{order}).
func (s *Shop) Payment(ctx context.Context, order string) (api.Payment, error) {
	var payment api.Payment
	err := call(ctx, http.MethodGet, "http://"+s.API+"/v1/payments/"+order, nil, &payment)
	return payment, err
}
