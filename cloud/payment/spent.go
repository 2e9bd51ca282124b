package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/cloud/collector"
	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Why a hard wallet is blocked.
const (
	doubleSpent = "double-spent" // its number was used with other bytes: there are two cards
	replayed    = "replayed"     // the same bytes under another order: somebody presents them twice
)

// number is one value of one hard wallet's counter.
type number struct {
	wallet  seal.Hash
	counter uint32
}

// spendings are those on their way to the store. The store keeps each once for ever; this is for two payments of one
// terminal that would become durable together, or not at all, again and again.
type spendings struct {
	mu  sync.Mutex
	way map[number]store.Spent // guarded by mu; bounded by what the collectors have on their way
}

// take notes a number, or returns who of the same terminal is on the way with it.
func (n *spendings) take(spent store.Spent) (other store.Spent, taken bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	key := number{spent.Wallet, spent.Counter}
	if other, taken = n.way[key]; taken && other.Terminal == spent.Terminal && !sameSpending(other, spent) {
		return other, true
	}
	if !taken {
		n.way[key] = spent
	}
	return store.Spent{}, false
}

// offline returns what a terminal accepted by itself and that is on its way.
func (n *spendings) offline(terminal record.Terminal) []store.Spent {
	n.mu.Lock()
	defer n.mu.Unlock()
	var found []store.Spent
	for _, spent := range n.way {
		if spent.Terminal == terminal && !spent.Offline.IsZero() {
			found = append(found, spent)
		}
	}
	return found
}

// drop forgets a number that has arrived or will come again.
func (n *spendings) drop(spent store.Spent) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if key := (number{spent.Wallet, spent.Counter}); n.way[key].Order == spent.Order {
		delete(n.way, key)
	}
}

func sameSpending(a, b store.Spent) bool { return a.Order == b.Order && a.Digest == b.Digest }

// spending is what becomes durable of a hard wallet's part in a payment.
type spending struct {
	spent  store.Spent
	taken  bool // spent is noted among the spendings
	double bool // its number was used by another payment: it is presented to nobody
	change store.Change
}

// transaction returns what a hard wallet has signed, or nil for nothing that can be read, or that no issuer vouches for,
// where the issuers are known: it could be anybody's. What is no transaction is left to the operator, who refuses it.
func (s *Service) transaction(body *message.PaymentRequested) *hardwallet.Transaction {
	paid := new(hardwallet.Transaction)
	if body.GetMethod() != message.Method_METHOD_TAP || paid.UnmarshalBinary(body.GetCardTransaction()) != nil {
		return nil
	}
	if s.config.Issuers != nil && paid.Verify(s.config.Issuers) != nil {
		return nil
	}
	return paid
}

// signed reports whether a hard wallet has signed just this payment, and so has debited itself for it. Where the issuers
// are not known, nobody here can tell more than its form.
func signed(paid *hardwallet.Transaction, body *message.PaymentRequested, order store.OrderID) bool {
	return paid != nil && paid.Request.Order == order && paid.Request.Amount == body.GetAmount()
}

// walletOf is how a hard wallet is named here and to terminals: by the SM3 of its id's digits.
func walletOf(paid *hardwallet.Transaction) seal.Hash {
	return seal.Portable().Sum(paid.Certificate.Wallet[:])
}

// spend uses up the number of a hard wallet's transaction, if there is one. Where no issuers are known anybody could have
// made it up: it uses no number up, and whether that was used before is the operators' to judge.
func (s *Service) spend(ctx context.Context, r collector.Verified, body *message.PaymentRequested, order store.OrderID,
	paid *hardwallet.Transaction) spending {
	if paid == nil {
		return spending{}
	}
	now := s.config.Clock.Now()
	spent := store.Spent{Wallet: walletOf(paid), Counter: paid.Debit.Counter, Order: order,
		Digest: seal.Portable().Sum(body.GetCardTransaction()), Terminal: r.Terminal.ID, Amount: body.GetAmount(), At: instant(now)}
	if body.GetOffline() != nil {
		spent.Offline = spent.At
	}
	if s.config.Issuers == nil {
		return s.count(spent)
	}
	before, used := s.usedBefore(ctx, spent)
	if !used {
		return spending{spent: spent, taken: true, change: store.Change{Spent: []store.Spent{spent}}}
	}
	reason := doubleSpent
	if before.Digest == spent.Digest {
		reason = replayed
	}
	counted := s.count(spent)
	counted.double = true
	counted.change.Append(store.Change{
		BlockedWallets: []store.BlockedWallet{{Wallet: spent.Wallet, Reason: reason, Order: order, At: spent.At}},
		Alarms: []store.Alarm{{Key: reason + "/" + order.String(), Kind: reason, Terminal: r.Terminal.ID.String(), At: now,
			Detail: fmt.Sprintf("order %s, hard wallet %s: payment %d of it was presented before, with order %s at terminal %s; "+
				"it is presented to nobody, and tills take nothing of the wallet offline any more",
				order, paid.Certificate.Wallet, spent.Counter, before.Order, before.Terminal)}}})
	return counted
}

// count keeps an offline payment that uses no number up, so that it is added up with the others: under a key that is its
// order's own, with the wallet in the place of the digest. Others need no row.
func (s *Service) count(spent store.Spent) spending {
	if spent.Offline.IsZero() {
		return spending{}
	}
	spent.Wallet, spent.Digest = countedUnder(spent.Order), spent.Wallet
	s.spendings.take(spent)
	return spending{spent: spent, taken: true, change: store.Change{Spent: []store.Spent{spent}}}
}

func countedUnder(order store.OrderID) seal.Hash {
	return seal.Portable().Sum([]byte("offline"), order[:])
}

// walletIn is whose payment a row is.
func walletIn(spent store.Spent) seal.Hash {
	if spent.Wallet == countedUnder(spent.Order) {
		return spent.Digest
	}
	return spent.Wallet
}

// usedBefore reports who else used the number. When the store cannot be read its own promise still holds: it refuses.
func (s *Service) usedBefore(ctx context.Context, spent store.Spent) (store.Spent, bool) {
	before, err := s.config.Store.Spent(ctx, spent.Wallet, spent.Counter)
	switch {
	case err == nil:
		return before, !sameSpending(before, spent)
	case !errors.Is(err, store.ErrNotFound):
		s.config.Logger.LogAttrs(ctx, slog.LevelError, "look for spent number", slog.Any("cause", err))
	}
	return s.spendings.take(spent)
}

// arrived lets go of what was on its way, and tells that there are new blocked wallets.
func (s *Service) arrived(sp spending, err error) {
	if sp.taken {
		s.spendings.drop(sp.spent)
	}
	if err == nil && sp.double && s.config.Blocked != nil {
		s.config.Blocked()
	}
}

// offlineLost is the alarm of a payment of a hard wallet that could not even become one: it is presented to nobody.
func (s *Service) offlineLost(r collector.Verified, body *message.PaymentRequested, order store.OrderID,
	paid *hardwallet.Transaction, reason operator.Reason) []store.Alarm {
	if body.GetOffline() == nil && signed(paid, body, order) {
		kind := "payment-" + AlarmCardDebited.String()
		return []store.Alarm{{Key: kind + "/" + order.String(), Kind: kind, Terminal: r.Terminal.ID.String(), At: s.config.Clock.Now(),
			Detail: fmt.Sprintf("order %s: a hard wallet has debited itself, and the payment is declined (%s) without having been "+
				"presented. Its operator must be asked", order, reason)}}
	}
	if body.GetOffline() == nil {
		return nil
	}
	return []store.Alarm{{Key: "offline-lost/" + order.String(), Kind: "offline-lost", Terminal: r.Terminal.ID.String(),
		At: s.config.Clock.Now(), Detail: fmt.Sprintf("order %s was accepted offline and is declined: %s", order, reason)}}
}

// cardAgain reads a hard wallet's transaction from the terminal's record, for presenting an offline payment again.
func (s *Service) cardAgain(ctx context.Context, terminal record.Terminal, sequence uint64) ([]byte, error) {
	stored, err := s.config.Store.Record(ctx, terminal, sequence)
	if err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	var body message.PaymentRequested
	if err := proto.Unmarshal(stored.Bytes.Body(), &body); err != nil {
		return nil, fmt.Errorf("read record: %w", err)
	}
	return body.GetCardTransaction(), nil
}
