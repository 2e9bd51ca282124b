package bank

import (
	"bytes"
	"maps"
	"slices"
	"sort"

	"github.com/yuantill/yuantill/cloud/operator"
)

// Books is the operator's statement. All amounts are minor units.
type Books struct {
	Operator string  `json:"operator"`
	Totals   Totals  `json:"totals"`
	Orders   []Entry `json:"orders"`
	// Wallets has one entry a wallet; the masked ids of two wallets may be the same.
	Wallets []WalletEntry `json:"wallets"`
}

// Totals adds the books up.
type Totals struct {
	Orders   int `json:"orders"`
	Approved int `json:"approved"`
	Declined int `json:"declined"`
	Reversed int `json:"reversed"`
	Refunded int `json:"refunded"`
	Open     int `json:"open"`
	// FollowUps counts voids, refunds and what was done with holds, Held adds up what is set aside.
	FollowUps int   `json:"follow_ups,omitempty"`
	Held      int64 `json:"held,omitempty"`
	Debited   int64 `json:"debited"`
	Credited  int64 `json:"credited"`
	// NetDebit is what customers paid in the end: the sum over wallets of opening balance minus balance.
	NetDebit int64 `json:"net_debit"`
}

// Entry is one order of the statement.
type Entry struct {
	Order     string `json:"order"`
	Merchant  string `json:"merchant"`
	Status    string `json:"status"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	Reference string `json:"reference,omitempty"`
	Wallet    string `json:"wallet,omitempty"`
	Debited   int64  `json:"debited"`
	Credited  int64  `json:"credited"`
	// Disputed is the part of Credited that customers' banks have taken back.
	Disputed int64 `json:"disputed,omitempty"`
	// Asked is how often the order was placed; more than once is a sender that repeated itself.
	Asked int `json:"asked"`
	// Hold says that the order was for a hold; Held is what is still set aside.
	Hold      bool            `json:"hold,omitempty"`
	Held      int64           `json:"held,omitempty"`
	FollowUps []FollowUpEntry `json:"follow_ups,omitempty"`
}

// FollowUpEntry is what was done with an order after its approval, in the order in which it was first asked for.
type FollowUpEntry struct {
	FollowUp  string `json:"follow_up"`
	Kind      string `json:"kind"`
	Status    string `json:"status"`
	Reason    string `json:"reason,omitempty"`
	Amount    int64  `json:"amount"`
	Reference string `json:"reference,omitempty"`
	Asked     int    `json:"asked"`
}

// WalletEntry is one wallet of the statement.
type WalletEntry struct {
	Wallet   string `json:"wallet"`
	Opening  int64  `json:"opening"`
	Balance  int64  `json:"balance"`
	NetDebit int64  `json:"net_debit"`
	Held     int64  `json:"held,omitempty"`
}

// Books settles what is due and returns the statement, sorted by order and wallet.
func (b *Bank) Books() (books Books) {
	// A daybook that takes no line answers every call with an error; whoever looks at the books still may.
	if err := b.durably(deed{}, func() { books = b.books() }); err != nil && books.Orders == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		books = b.books()
	}
	return books
}

func (b *Bank) books() Books {
	now := b.now
	books := Books{Operator: b.config.Operator, Orders: make([]Entry, 0, len(b.orders)), Wallets: []WalletEntry{}}
	for _, entry := range b.inOrder() {
		b.settle(entry, now)
		for _, f := range entry.followUps {
			b.settleFollowUp(f, now)
		}
		status := b.answer(entry, now).Status
		books.Orders = append(books.Orders, Entry{Order: entry.id.String(), Merchant: entry.merchant, Status: status.String(),
			Amount: entry.amount, Currency: entry.currency, Reference: entry.reference, Wallet: Mask(entry.wallet),
			Debited: entry.debited, Credited: entry.credited, Disputed: entry.disputed, Asked: entry.asked,
			Hold: entry.hold, Held: entry.held, FollowUps: entry.history()})
		books.Totals.FollowUps += len(entry.followUps)
		books.Totals.Held += entry.held
		books.Totals.count(status)
		books.Totals.Debited += entry.debited
		books.Totals.Credited += entry.credited
	}
	for id, account := range b.wallets {
		net := account.opening - account.balance
		books.Totals.NetDebit += net
		books.Wallets = append(books.Wallets, WalletEntry{Wallet: Mask(id), Opening: account.opening, Balance: account.balance, NetDebit: net, Held: account.held})
	}
	books.Totals.Orders = len(books.Orders)
	sort.Slice(books.Wallets, func(i, j int) bool { return books.Wallets[i].Wallet < books.Wallets[j].Wallet })
	return books
}

// inOrder returns the orders by id. Which of two that are due is decided first matters where the wallet has money for one.
func (b *Bank) inOrder() []*order {
	orders := slices.Collect(maps.Values(b.orders))
	slices.SortFunc(orders, func(x, y *order) int { return bytes.Compare(x.id[:], y.id[:]) })
	return orders
}

func (o *order) history() []FollowUpEntry {
	var list []FollowUpEntry
	for _, f := range o.followUps {
		list = append(list, FollowUpEntry{FollowUp: f.request.ID.String(), Kind: f.request.Kind.String(), Status: f.status.String(),
			Reason: f.reason.String(), Amount: f.request.Amount, Reference: f.reference, Asked: f.asked})
	}
	return list
}

func (t *Totals) count(status operator.Status) {
	switch status {
	case operator.StatusApproved:
		t.Approved++
	case operator.StatusDeclined:
		t.Declined++
	case operator.StatusReversed:
		t.Reversed++
	case operator.StatusRefunded:
		t.Refunded++
	default:
		t.Open++
	}
}
