package faults_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// world is a shop and what its customers paid.
type world struct {
	*shop.Shop
	// taken is the sum of approved sales, in fen; the customers' statement must say the same.
	taken atomic.Int64
	codes atomic.Int64
}

func newWorld(t *testing.T, options shop.Options) *world {
	t.Helper()
	return &world{Shop: open(t, options)}
}

// rule adds a personality of the operator.
func (w *world) rule(t *testing.T, rule bank.Rule) {
	t.Helper()
	require.NoError(t, w.Operator.AddRule(t.Context(), rule))
}

// code is a payment code that nobody has shown before.
func (w *world) code() string {
	n := w.codes.Add(1)
	return codeOf(n, n)
}

// codeOf is a customer's code: the first number names the wallet, the second the code.
func codeOf(customer, n int64) string { return fmt.Sprintf("01%08d%09d", customer, n) }

// sameCustomer is a fresh code of whoever showed the latest one.
func (w *world) sameCustomer() string {
	customer := w.codes.Load()
	return codeOf(customer, 1_000_000+w.codes.Add(1))
}

// start begins a sale of so many fen.
func (w *world) start(t *testing.T, till *shop.Till, amount int64) stationclient.Sale {
	t.Helper()
	sale, err := till.Station.Start(t.Context(), uuid.NewString(), stationclient.Start{Amount: amount, Currency: "CNY"})
	require.NoError(t, err)
	require.Equal(t, "waiting", sale.State)
	return sale
}

// begin begins a sale and has the customer's code scanned.
func (w *world) begin(t *testing.T, till *shop.Till, amount int64) stationclient.Sale {
	t.Helper()
	sale := w.start(t, till, amount)
	_, err := till.Devices.Scan(t.Context(), w.code())
	require.NoError(t, err)
	return sale
}

// reach waits until a sale is in one of the states.
func (w *world) reach(t *testing.T, till *shop.Till, id string, states ...string) stationclient.Sale {
	t.Helper()
	sale := w.see(t, till, id, fmt.Sprint(states), func(sale stationclient.Sale) bool {
		return sale.Final || slices.Contains(states, sale.State)
	})
	require.Contains(t, states, sale.State)
	return sale
}

// see waits until a sale looks as it should.
func (w *world) see(t *testing.T, till *shop.Till, id, what string, holds func(stationclient.Sale) bool) stationclient.Sale {
	t.Helper()
	var sale stationclient.Sale
	await(t, longPatience, "sale: "+what, func(ctx context.Context) (bool, string) {
		seen, err := till.Station.Sale(ctx, id)
		if err != nil {
			return false, err.Error()
		}
		sale = seen
		return holds(sale), fmt.Sprintf("%s %v", sale.State, sale.Notice)
	})
	return sale
}

// end waits until a sale is over, all its copies are accounted for, and counts what was paid.
func (w *world) end(t *testing.T, till *shop.Till, id, outcome string) stationclient.Sale {
	t.Helper()
	sale := w.see(t, till, id, "a definite outcome", func(s stationclient.Sale) bool { return s.Final && len(s.Unprinted) == 0 })
	require.Equal(t, outcome, sale.Outcome, "%+v", sale)
	if outcome == "approved" {
		w.taken.Add(sale.Amount)
	}
	return sale
}

// sell is an ordinary sale: business goes on.
func (w *world) sell(t *testing.T, till *shop.Till, amount int64) stationclient.Sale {
	t.Helper()
	return w.end(t, till, w.begin(t, till, amount).ID, "approved")
}

// papers counts what came out of a till's printer, by order and by copy; a reprint counts apart.
func (w *world) papers(t *testing.T, till *shop.Till) map[string]map[string]int {
	t.Helper()
	receipts, err := till.Devices.Receipts(t.Context())
	require.NoError(t, err)
	order := regexp.MustCompile(`ORDER\s+([0-9a-f]{32})`)
	followUp := regexp.MustCompile(`(?s)凭证号 VOUCHER\s+([0-9]{6}).*原凭证号`)
	papers := map[string]map[string]int{}
	for _, receipt := range receipts {
		text := strings.Join(receipt.Lines, "\n")
		found := order.FindStringSubmatch(text)
		if found == nil {
			continue // torn above the order's line
		}
		name := "商户存根"
		if strings.Contains(text, "顾客联") {
			name = "顾客联"
		}
		for _, mark := range []string{"已冲正", "请勿重复付款", "重印"} { // each says something else of the same order
			if strings.Contains(text, mark) {
				name += " " + mark
			}
		}
		if made := followUp.FindStringSubmatch(text); made != nil {
			name += " 凭证号 " + made[1] // something done with the order has slips of its own
		}
		if papers[found[1]] == nil {
			papers[found[1]] = map[string]int{}
		}
		papers[found[1]][name]++
	}
	return papers
}

// printedOnce holds that no copy was ever printed a second time without saying so.
func (w *world) printedOnce(t *testing.T, till *shop.Till) {
	t.Helper()
	for order, papers := range w.papers(t, till) {
		for name, count := range papers {
			if !strings.Contains(name, "重印") {
				require.Equal(t, 1, count, "%s of %s", name, order)
			}
		}
	}
}

// ready waits until a till can sell.
func (w *world) ready(t *testing.T, till *shop.Till) {
	t.Helper()
	await(t, patience, "a till that can sell", func(ctx context.Context) (bool, string) {
		err := till.Selling(ctx)
		return err == nil, fmt.Sprint(err)
	})
}

// device waits until one of a till's devices is in a state.
func (w *world) device(t *testing.T, till *shop.Till, name, state string) {
	t.Helper()
	await(t, patience, name+" "+state, func(ctx context.Context) (bool, string) {
		status, err := till.Station.Status(ctx)
		if err != nil {
			return false, err.Error()
		}
		for _, device := range status.Devices {
			if device.Name == name {
				return device.State == state, device.State + " " + device.Fault
			}
		}
		return false, "no such device"
	})
}

// deviceSays waits until a device that is ready has the words to say; none when they are empty.
func (w *world) deviceSays(t *testing.T, till *shop.Till, name, words string) {
	t.Helper()
	await(t, patience, name+" says "+words, func(ctx context.Context) (bool, string) {
		status, err := till.Station.Status(ctx)
		if err != nil {
			return false, err.Error()
		}
		for _, device := range status.Devices {
			if device.Name != name {
				continue
			}
			if device.Notice == nil {
				return device.State == "ready" && words == "", device.State
			}
			said := device.Notice.English
			return device.State == "ready" && words != "" && strings.Contains(said, words), device.State + " " + said
		}
		return false, "no such device"
	})
}

// alarmed waits for an alarm about a terminal.
func (w *world) alarmed(t *testing.T, kind, terminal string) {
	t.Helper()
	await(t, patience, "alarm "+kind, func(ctx context.Context) (bool, string) {
		alarms, err := w.Alarms(ctx)
		for _, alarm := range alarms {
			if alarm.Kind == kind && alarm.Terminal == terminal && alarm.Detail != "" {
				return true, ""
			}
		}
		return false, fmt.Sprint(alarms, err)
	})
}

// settle has a person settle every alarm; there are none but of these kinds.
func (w *world) settle(t *testing.T, kinds ...string) {
	t.Helper()
	alarms, err := w.Alarms(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, alarms)
	for _, alarm := range alarms {
		require.Contains(t, kinds, alarm.Kind, "%+v", alarm)
		require.NoError(t, w.SettleAlarm(t.Context(), alarm, "王芳", "流水已换回"))
	}
}

// quiet holds that nobody was alarmed.
func (w *world) quiet(t *testing.T) {
	t.Helper()
	alarms, err := w.Alarms(t.Context())
	require.NoError(t, err)
	require.Empty(t, alarms)
}

// audit compares the tills' journals with the cloud, and the books with those of the operator.
func (w *world) audit(t *testing.T) {
	t.Helper()
	for _, till := range w.Tills {
		w.sameRecords(t, till)
		w.printedOnce(t, till)
	}
	w.books(t)
}

// sameRecords waits until the cloud has a till's whole journal, and verifies that journal's chain.
func (w *world) sameRecords(t *testing.T, till *shop.Till) {
	t.Helper()
	await(t, longPatience, "a journal that is acknowledged", func(ctx context.Context) (bool, string) {
		status, err := till.Station.Status(ctx)
		if err != nil {
			return false, err.Error()
		}
		terminals, err := w.Terminals(ctx)
		if err != nil {
			return false, err.Error()
		}
		for _, terminal := range terminals {
			if terminal.ID == till.Terminal {
				seen := fmt.Sprintf("journal %+v, uplink %+v, cloud %+v", status.Journal, status.Uplink, terminal)
				return status.Pending == 0 && status.Sale == "" && status.Journal.Unsent == 0 && status.Journal.Records == terminal.Records &&
					terminal.Missing == 0 && terminal.State == "active", seen
			}
		}
		return false, "terminal is not known"
	})
	store, err := journal.OpenReadOnly(t.Context(), till.Journal, seal.Portable(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	_, err = store.Verify(t.Context())
	require.NoError(t, err)
}

// books holds that the ledger balances and that customers paid exactly what was taken, each order once.
func (w *world) books(t *testing.T) {
	t.Helper()
	ledger, err := w.CheckLedger(t.Context())
	require.NoError(t, err)
	require.True(t, ledger.Balanced, "%+v", ledger)
	books, err := w.Operator.Books(t.Context())
	require.NoError(t, err)
	require.Zero(t, books.Totals.Open)
	require.Equal(t, w.taken.Load(), books.Totals.NetDebit)
	for _, order := range books.Orders {
		require.LessOrEqual(t, order.Asked, 1, "order %s was placed more than once", order.Order)
	}
	stats, err := w.Stats(t.Context())
	require.NoError(t, err)
	require.Zero(t, stats.Payments["unknown"])
}

// lineIs looks whether a till is connected to the cloud.
func lineIs(till *shop.Till, want bool) func(context.Context) (bool, string) {
	return func(ctx context.Context) (bool, string) {
		status, err := till.Station.Status(ctx)
		if err != nil {
			return false, err.Error()
		}
		return status.Uplink.Connected == want, fmt.Sprintf("%+v", status.Uplink)
	}
}

// asked waits until the operator has an order.
func (w *world) asked(t *testing.T, id string) {
	t.Helper()
	await(t, patience, "the order at the operator", func(ctx context.Context) (bool, string) {
		payment, err := w.Payment(ctx, id)
		if err != nil {
			return false, err.Error()
		}
		return payment.State != "" && payment.State != "requested", payment.State
	})
}

// loseAnswer has the operator's answer to a payment get lost, and its first answer to the question after it too.
func (w *world) loseAnswer(t *testing.T, amount int64) {
	t.Helper()
	w.rule(t, bank.Rule{Operation: "authorise", Amount: amount, Do: bank.DoLose})
	w.rule(t, bank.Rule{Operation: "query", Amount: amount, Do: bank.DoError, Status: 503, Count: 1})
}
