package api_test

import (
	"context"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/api"
	"github.com/yuantill/yuantill/cloud/ledger"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/cloud/store/sqlite"
	"github.com/yuantill/yuantill/protocol/record"
)

const merchantID = "301310053110001"

var (
	now      = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	terminal = record.Terminal([]byte("10000001"))
	order    = operator.OrderID{1, 2, 3, 4, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 13, 14, 15, 16}
	token    = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding).EncodeToString(order[:])
)

type site struct {
	t       *testing.T
	store   *sqlite.Store
	handler http.Handler
	server  *httptest.Server
	ready   error
}

func newSite(t *testing.T, secret string) *site {
	return newSiteWith(t, func(config *api.Config) { config.Token = secret })
}

// newSiteWith is a site whose configuration was changed.
func newSiteWith(t *testing.T, change func(*api.Config)) *site {
	s := &site{t: t}
	logger := slog.New(slog.DiscardHandler)
	var err error
	s.store, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "cloud.db"), sqlite.Options{Logger: logger})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.store.Close()) })
	require.NoError(t, s.store.Commit(t.Context(), store.Change{
		Merchants: []store.Merchant{{ID: merchantID, Name: "王记早点 <b>", Operators: []string{"ICBC"}, Jurisdiction: "CN"}},
		Terminals: []store.Terminal{{ID: terminal, Merchant: merchantID, SerialNumber: "SN1", State: store.TerminalActive, EnrolledAt: now}},
		Records:   []store.Record{{Terminal: terminal, Sequence: 1, Bytes: []byte("x")}, {Terminal: terminal, Sequence: 3, Bytes: []byte("y")}},
		Heads:     []store.Head{{Terminal: terminal, Revision: 1, HighWater: 1, Highest: 3, Records: 2}},
		Alarms:    []store.Alarm{{Key: "a", Kind: "clone", Terminal: terminal.String(), Detail: "record 9", At: now}},
	}))
	checker, err := ledger.NewChecker(ledger.Config{Books: s.store, Standings: payment.Standings(), Logger: logger,
		Clock: func() time.Time { return now }, Every: time.Hour})
	require.NoError(t, err)
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "yuantill_test_total", Help: "x"}))
	config := api.Config{Store: s.store, Books: checker, Metrics: metrics, Version: "test", Logger: logger, Profiling: true,
		Ready: func(context.Context) error { return s.ready }, Registry: func(code string) string { return "行 " + code }}
	change(&config)
	s.handler, err = api.New(config)
	require.NoError(t, err)
	s.server = httptest.NewServer(s.handler)
	t.Cleanup(s.server.Close)
	return s
}

// store a payment of ¥12.50 in a state.
func (s *site) pay(state payment.State) {
	p := payment.Payment{OrderID: order, Terminal: terminal.String(), Sequence: 1, Merchant: merchantID, Method: operator.MethodCode,
		Amount: 1250, Currency: "CNY", State: state, Reference: "000001000001", CreatedAt: now, DecidedAt: now, Operator: "ICBC"}
	if state == payment.Approved {
		p.AuthCode, p.WalletMasked, p.PayerOperator, p.Fee = "A1B2C3", "001234******5678", "CCB", 1
	}
	blob, err := p.MarshalBinary()
	require.NoError(s.t, err)
	change := store.Change{Payments: []store.Payment{{Order: store.OrderID(order), Terminal: terminal, Sequence: 1, Merchant: merchantID,
		Revision: 1, State: uint8(state), Final: true, Blob: blob}}}
	if state == payment.Approved {
		entry, err := ledger.Booking{Order: store.OrderID(order), Operator: "ICBC", Merchant: merchantID, Amount: 1250, Fee: 1,
			Currency: "CNY", At: now}.Entry(store.EntrySale)
		require.NoError(s.t, err)
		change.Entries = []store.Entry{entry}
	}
	require.NoError(s.t, s.store.Commit(s.t.Context(), change))
}

// keep stores a payment of ¥12.50, or a hold of it, that was followed up.
func (s *site) keep(state payment.State, followUps ...payment.FollowUp) {
	p := payment.Payment{OrderID: order, Terminal: terminal.String(), Sequence: 1, Merchant: merchantID, Method: operator.MethodCode,
		Amount: 1250, Currency: "CNY", State: state, Reference: "000001000001", CreatedAt: now, DecidedAt: now, Operator: "ICBC",
		Batch: 7, Voucher: 42}
	if state == payment.Held || state == payment.HoldEnded {
		p.Hold, p.HoldCap, p.HoldUntil = true, 100, now.Add(time.Hour)
	}
	for n, f := range followUps {
		f.ID, f.Terminal, f.Reference, f.CreatedAt = operator.FollowUpID{byte(n + 1)}, terminal.String(), "000001000002", now
		if f.Status == payment.Done {
			f.Freed, f.DecidedAt = f.Amount, now
		}
		p.FollowUps = append(p.FollowUps, f)
	}
	blob, err := p.MarshalBinary()
	require.NoError(s.t, err)
	require.NoError(s.t, s.store.Commit(s.t.Context(), store.Change{Payments: []store.Payment{{Order: store.OrderID(order), Terminal: terminal,
		Sequence: 1, Merchant: merchantID, Revision: 1, State: uint8(state), Final: true, Blob: blob}}}))
}

func follow(kind operator.FollowUpKind, status payment.FollowUpStatus, amount int64) payment.FollowUp {
	return payment.FollowUp{Kind: kind, Status: status, Amount: amount}
}

// get returns an answer's status, body and headers.
func (s *site) get(path string, change func(*http.Request)) (int, string, http.Header) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.server.URL+path, nil)
	require.NoError(s.t, err)
	if change != nil {
		change(request)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(s.t, err)
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	require.NoError(s.t, err)
	return response.StatusCode, string(text), response.Header
}

func (s *site) json(path string, into any) {
	s.t.Helper()
	status, text, _ := s.get(path, nil)
	require.Equal(s.t, http.StatusOK, status, text)
	require.NoError(s.t, json.Unmarshal([]byte(text), into))
}

func TestHealth(t *testing.T) {
	s := newSite(t, "secret")
	status, _, _ := s.get("/livez", nil)
	require.Equal(t, http.StatusOK, status, "health needs no token")
	status, _, _ = s.get("/readyz", nil)
	require.Equal(t, http.StatusOK, status)
	s.ready = errors.New("store failed: /var/lib/secret")
	status, text, _ := s.get("/readyz", nil)
	require.Equal(t, http.StatusServiceUnavailable, status)
	require.NotContains(t, text, "secret", "causes go to the log")
	for cause, says := range map[error]string{store.ErrFull: "磁盘没有空间", store.ErrFailed: "the store failed"} {
		s.ready = fmt.Errorf("carry log over: %w: /var/lib/secret", cause)
		status, text, _ = s.get("/readyz", nil)
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Contains(t, text, says)
		require.NotContains(t, text, "secret")
	}
}

func TestPayment(t *testing.T) {
	s := newSite(t, "")
	s.pay(payment.Approved)
	var got api.Payment
	s.json("/v1/payments/"+order.String(), &got)
	require.EqualValues(t, 1250, got.Amount)
	require.Equal(t, "approved", got.Outcome)
	require.Equal(t, "001234******5678", got.Wallet)
	require.NotNil(t, got.DecidedAt)
	require.Nil(t, got.NextAt)
	for path, want := range map[string]int{
		"/v1/payments/" + strings.Repeat("0", 32): http.StatusNotFound,
		"/v1/payments/" + strings.Repeat("z", 32): http.StatusUnprocessableEntity,
		"/v1/payments/short":                      http.StatusUnprocessableEntity,
	} {
		status, _, _ := s.get(path, nil)
		require.Equal(t, want, status, path)
	}
}

func TestOverview(t *testing.T) {
	s := newSite(t, "")
	s.pay(payment.Approved)
	var terminals []api.Terminal
	s.json("/v1/terminals", &terminals)
	require.Len(t, terminals, 1)
	require.EqualValues(t, 1, terminals[0].HighWater)
	require.EqualValues(t, 1, terminals[0].Missing)
	require.Equal(t, "active", terminals[0].State)
	s.json("/v1/terminals?after=10000001", &terminals)
	require.Empty(t, terminals)

	var alarms []api.Alarm
	s.json("/v1/alarms", &alarms)
	words := alarm.Of("clone")
	require.Equal(t, []api.Alarm{{Number: 1, Kind: "clone", Title: words.Title, Meaning: words.Meaning, Next: words.Next,
		Terminal: "10000001", Detail: "record 9", First: now, Last: now, Count: 1}}, alarms)

	var stats api.Stats
	s.json("/v1/stats", &stats)
	require.False(t, stats.LedgerBalanced, "not checked yet is not balanced")
	var check api.CheckResult
	s.json("/v1/ledger/check?full=true", &check)
	require.True(t, check.Balanced)
	require.EqualValues(t, 1, check.Entries)
	s.json("/v1/stats", &stats)
	require.True(t, stats.LedgerBalanced)
	require.EqualValues(t, 2, stats.Records)
	require.EqualValues(t, 1, stats.Gaps)
	require.Equal(t, map[string]uint64{"approved": 1, "declined": 0, "unknown": 0, "reversed": 0}, stats.Payments)

	status, _, _ := s.get("/v1/terminals?limit=100000", nil)
	require.Equal(t, http.StatusUnprocessableEntity, status, "lists are bounded")
}

func TestBrokenBooks(t *testing.T) {
	s := newSite(t, "")
	s.pay(payment.Approved)
	entry, err := ledger.Booking{Order: store.OrderID{9}, Operator: "ICBC", Merchant: merchantID, Amount: 5, Currency: "CNY"}.Entry(store.EntrySale)
	require.NoError(t, err)
	require.NoError(t, s.store.Commit(t.Context(), store.Change{Entries: []store.Entry{entry}}))
	var check api.CheckResult
	s.json("/v1/ledger/check", &check)
	require.False(t, check.Balanced)
	require.Equal(t, []string{store.OrderID{9}.String()}, check.Findings[0].Orders)
}

func TestGuard(t *testing.T) {
	guarded := []string{"/v1/stats", "/v1/terminals", "/metrics", "/openapi.json", "/v1/payments/" + order.String()}
	t.Run("Token", func(t *testing.T) {
		s := newSite(t, "secret")
		for _, path := range guarded {
			for _, header := range []string{"", "Bearer wrong", "secret", "Bearer "} {
				status, _, _ := s.get(path, func(r *http.Request) { r.Header.Set("Authorization", header) })
				require.Equal(t, http.StatusUnauthorized, status, path)
			}
		}
		status, text, _ := s.get("/metrics", func(r *http.Request) { r.Header.Set("Authorization", "Bearer secret") })
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, text, "yuantill_test_total")
	})
	t.Run("WithoutTokenOnlyLoopback", func(t *testing.T) {
		s := newSite(t, "")
		for _, path := range guarded {
			status, _, _ := s.get(path, func(r *http.Request) { r.Host = "attacker.example" })
			require.Equal(t, http.StatusForbidden, status, path)
		}
		for _, host := range []string{"localhost", "127.0.0.1:80", "[::1]:80"} {
			status, _, _ := s.get("/v1/stats", func(r *http.Request) { r.Host = host })
			require.Equal(t, http.StatusOK, status, host)
		}
	})
	t.Run("NoScriptsFromElsewhere", func(t *testing.T) {
		s := newSite(t, "")
		status, text, _ := s.get("/openapi.json", nil)
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, text, `"3.1.0"`)
		status, _, _ = s.get("/docs", nil)
		require.Equal(t, http.StatusNotFound, status)
	})
}

func TestCrossSite(t *testing.T) {
	elsewhere := map[string]func(*http.Request){
		"CrossSite":   func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"SameSite":    func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"OtherOrigin": func(r *http.Request) { r.Header.Set("Origin", "https://attacker.example") },
		"NullOrigin":  func(r *http.Request) { r.Header.Set("Origin", "null") },
	}
	for name, change := range elsewhere {
		t.Run(name+"IsRefused", func(t *testing.T) {
			s := newSite(t, "")
			for _, path := range []string{"/v1/stats", "/v1/ledger/check?full=true", "/metrics", "/openapi.json", "/debug/pprof/", "/none"} {
				status, _, _ := s.get(path, change)
				require.Equal(t, http.StatusForbidden, status, path)
			}
		})
		t.Run(name+"MaySeeHealthAndReceipts", func(t *testing.T) {
			s := newSite(t, "")
			s.pay(payment.Approved)
			for _, path := range []string{"/livez", "/readyz", "/r/" + token} {
				status, _, _ := s.get(path, change)
				require.Equal(t, http.StatusOK, status, path)
			}
		})
	}
	t.Run("OwnPagesAndProgramsMay", func(t *testing.T) {
		s := newSite(t, "")
		for _, change := range []func(*http.Request){
			func(*http.Request) {},
			func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-origin") },
			func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "none") },
			func(r *http.Request) { r.Header.Set("Origin", s.server.URL) },
		} {
			status, _, _ := s.get("/v1/stats", change)
			require.Equal(t, http.StatusOK, status)
		}
	})
}

func TestProfiles(t *testing.T) {
	t.Run("BehindTheGuard", func(t *testing.T) {
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/profile?seconds=1", "/debug/pprof/cmdline"} {
			status, _, _ := newSite(t, "secret").get(path, nil)
			require.Equal(t, http.StatusUnauthorized, status, path)
			status, _, _ = newSite(t, "").get(path, func(r *http.Request) { r.Host = "attacker.example" })
			require.Equal(t, http.StatusForbidden, status, path)
		}
	})
	t.Run("OK", func(t *testing.T) {
		s := newSite(t, "secret")
		status, text, _ := s.get("/debug/pprof/", func(r *http.Request) { r.Header.Set("Authorization", "Bearer secret") })
		require.Equal(t, http.StatusOK, status)
		require.Contains(t, text, "goroutine")
	})
	t.Run("OffUnlessAskedFor", func(t *testing.T) {
		s := newSiteWith(t, func(config *api.Config) { config.Profiling = false })
		status, _, _ := s.get("/debug/pprof/", nil)
		require.Equal(t, http.StatusNotFound, status)
	})
}

func TestFollowedPayment(t *testing.T) {
	s := newSite(t, "")
	s.keep(payment.Held, follow(operator.KindComplete, payment.Done, 250), follow(operator.KindTopUp, payment.UnderWay, 70))
	var p api.Payment
	s.json("/v1/payments/"+order.String(), &p)
	require.Equal(t, "approved", p.Outcome)
	require.EqualValues(t, 7, p.Batch)
	require.EqualValues(t, 42, p.Voucher)
	expires := now.Add(time.Hour)
	require.Equal(t, &api.Standing{Hold: true, Paid: 250, Held: 1250, HoldExpires: &expires}, p.Standing)
	require.Len(t, p.FollowUps, 2)
	require.Equal(t, "complete", p.FollowUps[0].Kind)
	require.Equal(t, "approved", p.FollowUps[0].Outcome)
	require.NotNil(t, p.FollowUps[0].DecidedAt)
	require.Equal(t, "unknown", p.FollowUps[1].Outcome)
}

func TestReceipt(t *testing.T) {
	for state, want := range map[payment.State]string{
		payment.Approved: "支付成功", payment.Declined: "未支付", payment.Querying: "结果未知", payment.Reversing: "结果未知",
		payment.Reversed: "已撤销", payment.LateRefunded: "已退回顾客",
	} {
		t.Run(state.String(), func(t *testing.T) {
			s := newSite(t, "secret")
			s.pay(state)
			status, text, header := s.get("/r/"+token, nil)
			require.Equal(t, http.StatusOK, status, "the receipt is the key")
			require.Contains(t, text, want)
			require.Contains(t, text, "¥12.50")
			require.Contains(t, text, "2026-11-23 17:00:00", "Chinese time")
			require.Contains(t, text, "王记早点 &lt;b&gt;")
			require.NotContains(t, text, "<script")
			require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
			require.Equal(t, "no-store", header.Get("Cache-Control"))
			if state == payment.Approved {
				require.Contains(t, text, "001234******5678")
				require.Contains(t, text, "行 CCB")
			} else {
				require.NotContains(t, text, "支付成功", "never mistaken for a paid one")
			}
		})
	}
	for name, c := range map[string]struct {
		state     payment.State
		followUps []payment.FollowUp
		want      []string
		not       []string
	}{
		"RefundedInPart": {payment.Approved, []payment.FollowUp{follow(operator.KindRefund, payment.Done, 250)},
			[]string{"支付成功，部分退款", "已退款", "¥2.50", `class="state approved"`}, []string{"处理中"}},
		"RefundUnderWay": {payment.Approved, []payment.FollowUp{follow(operator.KindRefund, payment.UnderWay, 250)},
			[]string{"支付成功", "处理中"}, []string{"部分退款", "¥2.50"}},
		"RefundRefused": {payment.Approved, []payment.FollowUp{follow(operator.KindRefund, payment.Refused, 250)},
			[]string{"支付成功"}, []string{"退款", "处理中"}},
		"RefundedInFull": {payment.Approved, []payment.FollowUp{follow(operator.KindRefund, payment.Done, 250), follow(operator.KindRefund, payment.Done, 1000)},
			[]string{"已全额退款", `class="state reversed"`}, []string{"支付成功"}},
		"Voided": {payment.Approved, []payment.FollowUp{follow(operator.KindVoid, payment.Done, 1250)},
			[]string{"已撤销", `class="state reversed"`}, []string{"支付成功"}},
		"RestReturned": {payment.RestReturned, []payment.FollowUp{follow(operator.KindRefund, payment.Done, 1250)},
			[]string{"已退回顾客", `class="state reversed"`}, []string{"支付成功"}},
		"RestReturning": {payment.RestReturning, []payment.FollowUp{follow(operator.KindRefund, payment.Done, 250), follow(operator.KindRefund, payment.UnderWay, 1000)},
			[]string{"正在退款", "not returned yet", "处理中", "已退款", "¥2.50", `class="state unknown"`}, []string{"支付成功", "已退回顾客", "returned to the customer"}},
		"RestRefused": {payment.RestReturning, []payment.FollowUp{follow(operator.KindRefund, payment.Done, 250), follow(operator.KindRefund, payment.Refused, 1000)},
			[]string{"正在退款", "处理中"}, []string{"已退回顾客", "returned to the customer"}},
		"LateRefunding": {payment.LateRefunding, nil,
			[]string{"正在退款", "not returned yet", "处理中", `class="state unknown"`}, []string{"支付成功", "已退", "returned to the customer"}},
		"Held": {payment.Held, nil, []string{"预授权，未扣款", "冻结中", `class="state held"`}, []string{"支付成功", "已支付"}},
		"CompletedInPart": {payment.Held, []payment.FollowUp{follow(operator.KindComplete, payment.Done, 250)},
			[]string{"预授权部分完成", "已支付", "¥2.50", "冻结中", "¥10.00"}, []string{"支付成功"}},
		"Completed": {payment.HoldEnded, []payment.FollowUp{follow(operator.KindComplete, payment.Done, 250), follow(operator.KindCancel, payment.Done, 1000)},
			[]string{"预授权已完成", "¥2.50"}, []string{"冻结中"}},
		"Released": {payment.HoldEnded, []payment.FollowUp{follow(operator.KindCancel, payment.Done, 1250)},
			[]string{"预授权已解除，未扣款", `class="state reversed"`}, []string{"支付成功", "已支付", "冻结中"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, "secret")
			s.keep(c.state, c.followUps...)
			status, text, _ := s.get("/r/"+token, nil)
			require.Equal(t, http.StatusOK, status)
			for _, want := range c.want {
				require.Contains(t, text, want)
			}
			for _, not := range c.not {
				require.NotContains(t, text, not)
			}
		})
	}
	t.Run("Unknown", func(t *testing.T) {
		s := newSite(t, "")
		for _, bad := range []string{strings.Repeat("0", 26), "short", strings.ToLower(token), token + "0", strings.Repeat("Z", 26), strings.Repeat("U", 26)} {
			status, text, _ := s.get("/r/"+bad, nil)
			require.Equal(t, http.StatusNotFound, status, bad)
			require.Contains(t, text, "查无此单")
		}
	})
}

func TestNew(t *testing.T) {
	_, err := api.New(api.Config{})
	require.Error(t, err)
}
