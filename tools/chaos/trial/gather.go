package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/tools/chaos/audit"
	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
)

// gather stops the shop and has everybody say what they know: the operator and the printers while they still run, the
// cloud's store, the journals and the cards from their files.
func (w *world) gather(ctx context.Context) (audit.Evidence, error) {
	evidence := audit.Evidence{Told: evidenceOf(w.told.Sales())}
	w.unwatch()
	for _, till := range w.Tills {
		if err := till.Agent.Stop(); err != nil {
			return evidence, err
		}
	}
	if err := w.Cloud.Stop(); err != nil {
		return evidence, err
	}
	books, err := w.Operator.Books(ctx)
	if err != nil {
		return evidence, err
	}
	evidence.Bank = bankOrders(books)
	if err := w.pickUp(ctx); err != nil {
		return evidence, err
	}
	evidence.Papers = w.read()
	if err := w.Stop(); err != nil {
		return evidence, err
	}
	store, err := openStore(filepath.Join(w.Dir, "cloud", "cloud.db"))
	if err != nil {
		return evidence, err
	}
	defer func() { err = errors.Join(err, store.close()) }()
	if err := store.read(ctx, &evidence); err != nil {
		return evidence, err
	}
	for _, till := range w.Tills {
		journal, err := w.readJournal(ctx, till)
		if err != nil {
			return evidence, err
		}
		if journal.Stored, err = store.records(ctx, till.Terminal); err != nil {
			return evidence, err
		}
		if journal.Compared, err = store.compared(ctx, till.Terminal); err != nil {
			return evidence, err
		}
		evidence.Journals = append(evidence.Journals, journal)
		card, err := readCard(till.Terminal, till.Wallet, till.WalletID)
		if err != nil {
			return evidence, err
		}
		evidence.Cards = append(evidence.Cards, card)
	}
	return evidence, err
}

func bankOrders(books bank.Books) []audit.BankOrder {
	orders := make([]audit.BankOrder, 0, len(books.Orders))
	for _, order := range books.Orders {
		pending := slices.ContainsFunc(order.FollowUps, func(f bank.FollowUpEntry) bool { return f.Status == operator.FollowUpPending.String() })
		orders = append(orders, audit.BankOrder{Order: audit.Order(order.Order), Amount: order.Amount, Debited: order.Debited,
			Credited: order.Credited, Open: pending || strings.HasPrefix(order.Status, "awaiting"), Wallet: order.Wallet,
			Hold: order.Hold, Held: order.Held})
	}
	return orders
}

// readCard reads how much a hard wallet has debited itself by.
func readCard(terminal, path, wallet string) (audit.Card, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return audit.Card{}, fmt.Errorf("read card: %w", err)
	}
	var card struct {
		Balance int64 `json:"balance"`
	}
	if err := json.Unmarshal(text, &card); err != nil {
		return audit.Card{}, fmt.Errorf("read card: %w", err)
	}
	return audit.Card{Terminal: terminal, Wallet: bank.Mask(wallet), Spent: walletBalance - card.Balance}, nil
}
