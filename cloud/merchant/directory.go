package merchant

import (
	"context"
	"sync"

	"github.com/yuantill/yuantill/cloud/store"
	"github.com/yuantill/yuantill/protocol/record"
)

// cacheMax bounds what the directory remembers of each kind; beyond it the memory starts afresh.
const cacheMax = 100_000

// Directory answers who a terminal and a merchant are without asking the store each time. It may be used by several
// goroutines. Whoever changes a terminal or merchant calls Forget or ForgetMerchant.
type Directory struct {
	reader store.DirectoryReader

	mu sync.RWMutex
	// forgotten counts the calls of Forget and ForgetMerchant: what was read before one is not remembered after it.
	forgotten uint64
	terminals map[record.Terminal]store.Terminal
	merchants map[string]store.Merchant
}

// NewDirectory returns a directory over the store.
func NewDirectory(reader store.DirectoryReader) *Directory {
	return &Directory{reader: reader, terminals: map[record.Terminal]store.Terminal{}, merchants: map[string]store.Merchant{}}
}

// Terminal returns an enrolled terminal, or store.ErrNotFound. What is not found is not remembered, so that a terminal
// works as soon as it is enrolled.
func (d *Directory) Terminal(ctx context.Context, id record.Terminal) (store.Terminal, error) {
	d.mu.RLock()
	t, known := d.terminals[id]
	forgotten := d.forgotten
	d.mu.RUnlock()
	if known {
		return t, nil
	}
	t, err := d.reader.Terminal(ctx, id)
	if err != nil {
		return store.Terminal{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.forgotten != forgotten {
		return t, nil
	}
	if len(d.terminals) >= cacheMax {
		clear(d.terminals)
	}
	d.terminals[id] = t
	return t, nil
}

// Merchant returns a merchant, or store.ErrNotFound.
func (d *Directory) Merchant(ctx context.Context, id string) (store.Merchant, error) {
	d.mu.RLock()
	m, known := d.merchants[id]
	forgotten := d.forgotten
	d.mu.RUnlock()
	if known {
		return m, nil
	}
	m, err := d.reader.Merchant(ctx, id)
	if err != nil {
		return store.Merchant{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.forgotten != forgotten {
		return m, nil
	}
	if len(d.merchants) >= cacheMax {
		clear(d.merchants)
	}
	d.merchants[id] = m
	return m, nil
}

// Forget makes the directory ask the store again for a terminal and its merchant.
func (d *Directory) Forget(id record.Terminal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forgotten++
	delete(d.merchants, d.terminals[id].Merchant)
	delete(d.terminals, id)
}

// ForgetMerchant makes the directory ask the store again for a merchant.
func (d *Directory) ForgetMerchant(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forgotten++
	delete(d.merchants, id)
}
