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
	// Since is when the terminal last heard the cloud, by its own clock, before it accepted the payment by itself; zero
	// for a payment that it asked about.
	Since time.Time
	At    time.Time
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

// OfflineSum is what a terminal accepted by itself since it last heard the cloud.
type OfflineSum struct {
	Amount, WalletAmount int64 // minor units
	Count, WalletCount   int
}

// OfflineReader reads what is known of hard wallets.
type OfflineReader interface {
	// Spent returns who used a wallet's number.
	Spent(ctx context.Context, wallet seal.Hash, counter uint32) (Spent, error)
	// OfflineSum adds up the payments of a terminal with the same Since, and among them one wallet's.
	OfflineSum(ctx context.Context, terminal record.Terminal, since time.Time, wallet seal.Hash) (OfflineSum, error)
	// BlockedWallets returns the latest blocked wallets, the newest first.
	BlockedWallets(ctx context.Context, limit int) ([]BlockedWallet, error)
	// OfflineLimits returns limits by their id.
	OfflineLimits(ctx context.Context, id [16]byte) (OfflineLimits, error)
}
