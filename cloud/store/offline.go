package store

import (
	"context"
	"time"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// CardSpent says that a hard wallet's number was used by another payment.
const CardSpent ConflictKind = 64

// Spent is a hard wallet's number that was used: (Wallet, Counter) is unique for ever. A change that names one that is
// stored for another order, or with another digest, is refused with CardSpent.
type Spent struct {
	Wallet   seal.Hash // SM3 of the wallet id's digits
	Counter  uint32
	Order    OrderID
	Digest   seal.Hash // SM3 of the transaction
	Terminal record.Terminal
	Amount   int64 // minor units
	// Offline is when a payment that the terminal had accepted by itself came to the cloud, by the cloud's clock; zero for
	// one that it asked about.
	Offline time.Time
	At      time.Time
}

// BlockedWallet is a hard wallet that terminals no longer accept by themselves. The first reason counts.
type BlockedWallet struct {
	Wallet seal.Hash
	Reason string // such as "double-spent"
	Order  OrderID
	At     time.Time
}

// OfflineLimits are limits that terminals were or are given; ID is unique and its first body counts.
type OfflineLimits struct {
	ID   [16]byte
	Body []byte // message.OfflineLimits
	At   time.Time
}

// OfflineReader reads what is known of hard wallets.
type OfflineReader interface {
	// Spent returns who used a wallet's number.
	Spent(ctx context.Context, wallet seal.Hash, counter uint32) (Spent, error)
	// OfflineSpent returns what a terminal had accepted by itself and that came after a time, without that whose payment is
	// in one of the settled states, the latest first.
	OfflineSpent(ctx context.Context, terminal record.Terminal, after time.Time, settled []uint8, limit int) ([]Spent, error)
	// BlockedWallets returns the latest blocked wallets, the newest first.
	BlockedWallets(ctx context.Context, limit int) ([]BlockedWallet, error)
	// OfflineLimits returns limits by their id.
	OfflineLimits(ctx context.Context, id [16]byte) (OfflineLimits, error)
}
