package pn532_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	driver "github.com/yuantill/yuantill/drivers/nfc/pn532"
	"github.com/yuantill/yuantill/drivers/port"
	"github.com/yuantill/yuantill/protocol/hardwallet"
	"github.com/yuantill/yuantill/protocol/sign"
	"github.com/yuantill/yuantill/tools/fakedevice/hardcard"
	"github.com/yuantill/yuantill/tools/fakedevice/pn532"
	"github.com/yuantill/yuantill/tools/fakedevice/pty"
)

// contact carries hard-wallet commands over a driver's card.
type contact struct{ drivers.Card }

// Exchange tells commands that certainly did not leave apart from all others.
func (c contact) Exchange(ctx context.Context, command []byte) ([]byte, error) {
	answer, err := c.Card.Exchange(ctx, command)
	var failure *drivers.Error
	if err != nil && (!errors.As(err, &failure) || !failure.OutcomeUnknown) {
		return nil, fmt.Errorf("%w: %w", hardwallet.ErrNotSent, err)
	}
	return answer, err
}

// shop is a till's card reader on a pseudo-terminal and a customer's card beside it.
type shop struct {
	reader *driver.Reader
	chip   *pn532.Chip
	card   *hardcard.Card
	pool   *hardwallet.Pool
}

func newShop(t testing.TB) shop {
	t.Helper()
	issuer, err := sign.NewKey(rand.Reader)
	require.NoError(t, err)
	pool, err := hardwallet.NewPool(issuer.Public())
	require.NoError(t, err)
	card, err := hardcard.Mint(issuer, hardcard.Options{Wallet: "0011223344556677", Balance: 1_000_000, TapCount: 60_000})
	require.NoError(t, err)
	cable, err := pty.Open("")
	require.NoError(t, err)
	chip := pn532.New(cable, pn532.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- chip.Run(ctx) }()
	line, err := port.Open(cable.Path(), port.Settings{Baud: 115200})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, line.Close())
		cancel()
		require.NoError(t, <-done)
	})
	reader, err := driver.New(line, driver.Options{})
	require.NoError(t, err)
	return shop{reader: reader, chip: chip, card: card, pool: pool}
}

func (s shop) tap() {
	s.chip.Place(pn532.Card{UID: []byte{0x08, 1, 2, 3}, Applet: s.card})
}

// await returns the card that is tapped within two seconds.
func (s shop) await(t testing.TB) contact {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	card, err := s.reader.Await(ctx)
	require.NoError(t, err)
	return contact{card}
}

func sale(number uint64, amount int64) hardwallet.Request {
	r := hardwallet.Request{
		Amount: amount, Currency: "CNY", Merchant: "898110259410001", Terminal: "T0000001", Time: 1_800_000_000,
	}
	binary.BigEndian.PutUint64(r.Order[8:], number+1)
	binary.BigEndian.PutUint64(r.Nonce[:], number)
	return r
}

func TestSale(t *testing.T) {
	s := newShop(t)
	s.tap()
	card := s.await(t)
	paid, err := hardwallet.Pay(t.Context(), card, s.pool, sale(1, 1250))
	require.NoError(t, err)
	require.NoError(t, paid.Verify(s.pool))
	require.NoError(t, card.Release(t.Context()))
	require.Equal(t, int64(998_750), s.card.Balance())
}

// TestTornSales tears the card away at a random APDU of every sale and lets the customer tap again until the outcome is
// known. What the till took as paid is what the card lost, whatever happened.
func TestTornSales(t *testing.T) {
	const sales, tapsMax = 60, 12
	s := newShop(t)
	random := mathrand.New(mathrand.NewPCG(20261123, 7))
	taken, torn := int64(0), 0
	for number := range uint64(sales) {
		request := sale(number, int64(1+random.IntN(5000)))
		var pending *hardwallet.Pending
		settled := false
		for tap := 0; tap < tapsMax && !settled; tap++ {
			s.tap()
			card := s.await(t)
			faults := pn532.Faults{}
			if at := random.IntN(5); random.IntN(2) == 0 {
				faults.TearBefore = at
			} else {
				faults.TearAfter = at
			}
			s.chip.SetFaults(faults)
			var err error
			if pending == nil {
				_, err = hardwallet.Pay(t.Context(), card, s.pool, request)
			} else {
				_, err = hardwallet.Recover(t.Context(), card, s.pool, *pending)
			}
			var unknown *hardwallet.UnknownOutcomeError
			switch {
			case err == nil:
				taken, settled = taken+request.Amount, true
			case errors.As(err, &unknown):
				pending, torn = &unknown.Pending, torn+1
			default:
				pending = nil // certainly not paid: the sale may be asked for again
			}
			s.chip.SetFaults(pn532.Faults{})
			s.chip.Remove()
		}
		require.True(t, settled, "sale %d stays open", number)
	}
	require.Equal(t, int64(1_000_000)-taken, s.card.Balance())
	require.Equal(t, uint32(sales), s.card.Counter())
	require.Positive(t, torn, "the test tears cards in doubt")
}

// BenchmarkTap measures from the card's entry into the field to the activated card.
func BenchmarkTap(b *testing.B) {
	s := newShop(b)
	for b.Loop() {
		found := make(chan drivers.Card, 1)
		go func() {
			card, err := s.reader.Await(context.Background())
			if err == nil {
				found <- card
			}
			close(found)
		}()
		s.tap()
		card, ok := <-found
		require.True(b, ok)
		s.chip.Remove()
		require.NoError(b, card.Release(b.Context()))
	}
}

// BenchmarkPay measures SELECT and PAY over the pseudo-terminal with every signature checked.
func BenchmarkPay(b *testing.B) {
	s := newShop(b)
	s.tap()
	card := s.await(b)
	number := uint64(0)
	for b.Loop() {
		number++
		_, err := hardwallet.Pay(b.Context(), card, s.pool, sale(number, 1))
		require.NoError(b, err)
	}
}
