package hardwallet_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/yuantill/yuantill/protocol/hardwallet"
)

var errTorn = errors.New("card torn away")

// requireUnknown asserts that the error leaves the outcome open and returns it.
func requireUnknown(t testing.TB, err error) *hardwallet.UnknownOutcomeError {
	t.Helper()
	var unknown *hardwallet.UnknownOutcomeError
	require.ErrorAs(t, err, &unknown)
	return unknown
}

// requireDefinite asserts that the error is target and leaves no doubt.
func requireDefinite(t testing.TB, err, target error) {
	t.Helper()
	require.ErrorIs(t, err, target)
	var unknown *hardwallet.UnknownOutcomeError
	require.False(t, errors.As(err, &unknown), "%v", err)
}

func TestPay(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		s := newShop(t)
		got, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1250))
		require.NoError(t, err)
		require.NoError(t, got.Verify(s.pool))
		require.Equal(t, request(1, 1250), got.Request)
		require.Equal(t, uint32(1), got.Debit.Counter)
		require.Equal(t, int64(98_750), got.Debit.Balance)
	})
	t.Run("the same request again gives the same transaction and no second debit", func(t *testing.T) {
		s := newShop(t)
		first, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1250))
		require.NoError(t, err)
		second, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1250))
		require.NoError(t, err)
		require.Equal(t, first, second)
		require.Equal(t, 1, s.card.debits)
	})
	t.Run("the same sale with a new nonce gives the first transaction", func(t *testing.T) {
		s := newShop(t)
		first, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1250))
		require.NoError(t, err)
		again := request(1, 1250)
		again.Nonce, again.Time = [8]byte{9}, again.Time+30
		second, err := hardwallet.Pay(t.Context(), s.card, s.pool, again)
		require.NoError(t, err)
		require.Equal(t, first, second)
		require.Equal(t, 1, s.card.debits)
	})
	t.Run("ErrOrderConflict for another amount on the same order", func(t *testing.T) {
		s := newShop(t)
		_, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1250))
		require.NoError(t, err)
		_, err = hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1))
		requireDefinite(t, err, hardwallet.ErrOrderConflict)
		require.Equal(t, 1, s.card.debits)
	})
	t.Run("unknown when a conflict cannot be looked into", func(t *testing.T) {
		s := newShop(t)
		s.card.answer[hardwallet.InstructionPay] = status(hardwallet.StatusOrderConflict)
		_, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1))
		require.ErrorIs(t, requireUnknown(t, err), hardwallet.ErrNoTransaction)
	})
}

func TestPayRefused(t *testing.T) {
	for want, answer := range map[error]hardwallet.Status{
		hardwallet.ErrInsufficient: hardwallet.StatusInsufficient,
		hardwallet.ErrOverLimit:    hardwallet.StatusOverLimit,
		hardwallet.ErrExpired:      hardwallet.StatusExpired,
		hardwallet.ErrBlocked:      hardwallet.StatusBlocked,
		hardwallet.ErrTapsUsedUp:   hardwallet.StatusTapsUsedUp,
		hardwallet.ErrCurrency:     hardwallet.StatusCurrency,
		hardwallet.ErrRefused:      hardwallet.StatusWrongData,
	} {
		t.Run(want.Error(), func(t *testing.T) {
			s := newShop(t)
			s.card.answer[hardwallet.InstructionPay] = status(answer)
			_, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 100))
			requireDefinite(t, err, want)
		})
	}
	t.Run("what the certificate forbids is not even sent", func(t *testing.T) {
		s := newShop(t)
		over, late, dollars := request(1, 50_001), request(2, 1), request(3, 1)
		late.Time, dollars.Currency = expiry, "USD"
		for r, want := range map[*hardwallet.Request]error{
			&over: hardwallet.ErrOverLimit, &late: hardwallet.ErrExpired, &dollars: hardwallet.ErrCurrency,
		} {
			s.card.before[hardwallet.InstructionPay] = errors.New("PAY was sent")
			_, err := hardwallet.Pay(t.Context(), s.card, s.pool, *r)
			requireDefinite(t, err, want)
		}
	})
	t.Run("ErrMalformed for a request without an order", func(t *testing.T) {
		s := newShop(t)
		_, err := hardwallet.Pay(t.Context(), s.card, s.pool, hardwallet.Request{})
		requireDefinite(t, err, hardwallet.ErrMalformed)
		wallet, err := hardwallet.Open(t.Context(), s.card, s.pool)
		require.NoError(t, err)
		_, err = wallet.Pay(t.Context(), s.card, s.pool, hardwallet.Request{})
		requireDefinite(t, err, hardwallet.ErrMalformed)
	})
	t.Run("a wallet that Open did not check is checked when it pays", func(t *testing.T) {
		s := newShop(t)
		_, err := hardwallet.Wallet{Certificate: s.card.certificate}.Pay(t.Context(), s.card, s.pool, request(1, 1))
		require.NoError(t, err)
		forged := s.card.certificate
		forged.Level = 1
		_, err = hardwallet.Wallet{Certificate: forged}.Pay(t.Context(), s.card, s.pool, request(2, 1))
		require.ErrorIs(t, requireUnknown(t, err), hardwallet.ErrCertificate)
		opened, err := hardwallet.Open(t.Context(), s.card, s.pool)
		require.NoError(t, err)
		_, err = opened.Pay(t.Context(), s.card, newShop(t).pool, request(3, 1))
		require.ErrorIs(t, requireUnknown(t, err), hardwallet.ErrUnknownIssuer, "checked against another pool")
	})
	t.Run("ended context before PAY", func(t *testing.T) {
		s := newShop(t)
		wallet, err := hardwallet.Open(t.Context(), s.card, s.pool)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = wallet.Pay(ctx, s.card, s.pool, request(1, 1))
		requireDefinite(t, err, context.Canceled)
	})
	t.Run("ErrNotSent", func(t *testing.T) {
		s := newShop(t)
		s.card.before[hardwallet.InstructionPay] = errors.Join(errTorn, hardwallet.ErrNotSent)
		_, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1))
		requireDefinite(t, err, hardwallet.ErrNotSent)
	})
}

func TestOpenRefuses(t *testing.T) {
	t.Run("ErrNotWallet", func(t *testing.T) {
		s := newShop(t)
		s.card.answer[hardwallet.InstructionSelect] = status(hardwallet.StatusNoApplication)
		_, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1))
		requireDefinite(t, err, hardwallet.ErrNotWallet)
	})
	t.Run("ErrUnknownIssuer", func(t *testing.T) {
		s, other := newShop(t), newShop(t)
		_, err := hardwallet.Pay(t.Context(), s.card, other.pool, request(1, 1))
		requireDefinite(t, err, hardwallet.ErrUnknownIssuer)
		_, err = hardwallet.Open(t.Context(), s.card, nil)
		requireDefinite(t, err, hardwallet.ErrUnknownIssuer)
	})
	t.Run("ErrCertificate for a raised limit", func(t *testing.T) {
		s := newShop(t)
		s.card.certificate.TapLimit++
		_, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1))
		requireDefinite(t, err, hardwallet.ErrCertificate)
	})
	t.Run("card torn away during SELECT", func(t *testing.T) {
		s := newShop(t)
		s.card.after[hardwallet.InstructionSelect] = errTorn
		_, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1))
		requireDefinite(t, err, errTorn)
	})
	t.Run("ErrMalformed for one status byte", func(t *testing.T) {
		s := newShop(t)
		s.card.answer[hardwallet.InstructionSelect] = []byte{0x90}
		_, err := hardwallet.Open(t.Context(), s.card, s.pool)
		requireDefinite(t, err, hardwallet.ErrMalformed)
	})
}

func TestPayUnknown(t *testing.T) {
	for name, spoil := range map[string]func(*card){
		"torn before the card acted": func(c *card) { c.before[hardwallet.InstructionPay] = errTorn },
		"torn after the card acted":  func(c *card) { c.after[hardwallet.InstructionPay] = errTorn },
		"status without diagnosis":   func(c *card) { c.answer[hardwallet.InstructionPay] = []byte{0x6F, 0} },
		"no status":                  func(c *card) { c.answer[hardwallet.InstructionPay] = []byte{} },
		"short answer": func(c *card) {
			c.bend = func(i byte, a []byte) []byte { return dropIn(i, a) }
		},
		"signature of other bytes": func(c *card) {
			c.bend = func(i byte, a []byte) []byte { return flipIn(i, a) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			spoil(s.card)
			_, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1250))
			unknown := requireUnknown(t, err)
			require.Equal(t, request(1, 1250), unknown.Pending.Request)
			require.NotContains(t, err.Error(), s.card.certificate.Wallet.Digits())
			require.Contains(t, err.Error(), "001122******6677")
		})
	}
}

// dropIn cuts a byte off the answer to PAY.
func dropIn(instruction byte, answer []byte) []byte {
	if instruction == hardwallet.InstructionPay {
		return answer[1:]
	}
	return answer
}

// flipIn changes the balance in the answer to PAY.
func flipIn(instruction byte, answer []byte) []byte {
	if instruction == hardwallet.InstructionPay {
		answer[11] ^= 1
	}
	return answer
}

func TestRecover(t *testing.T) {
	inDoubt := func(t *testing.T, spoil func(*card)) (shop, hardwallet.Pending) {
		s := newShop(t)
		spoil(s.card)
		_, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(1, 1250))
		pending := requireUnknown(t, err).Pending
		clear(s.card.before)
		clear(s.card.after)
		return s, pending
	}
	paid := func(c *card) { c.after[hardwallet.InstructionPay] = errTorn }
	unpaid := func(c *card) { c.before[hardwallet.InstructionPay] = errTorn }
	payOthers := func(t *testing.T, s shop, count int) {
		for i := range count {
			_, err := hardwallet.Pay(t.Context(), s.card, s.pool, request(byte(100+i), 1))
			require.NoError(t, err)
		}
	}

	t.Run("transaction when the card paid", func(t *testing.T) {
		s, pending := inDoubt(t, paid)
		payOthers(t, s, 3)
		got, err := hardwallet.Recover(t.Context(), s.card, s.pool, pending)
		require.NoError(t, err)
		require.Equal(t, request(1, 1250), got.Request)
		require.NoError(t, got.Verify(s.pool))
	})
	t.Run("ErrNotPaid", func(t *testing.T) {
		s, pending := inDoubt(t, unpaid)
		payOthers(t, s, hardwallet.LogSize)
		_, err := hardwallet.Recover(t.Context(), s.card, s.pool, pending)
		requireDefinite(t, err, hardwallet.ErrNotPaid)
	})
	t.Run("stays unknown beyond the card's log", func(t *testing.T) {
		for _, spoil := range []func(*card){paid, unpaid} {
			s, pending := inDoubt(t, spoil)
			payOthers(t, s, hardwallet.LogSize+1)
			_, err := hardwallet.Recover(t.Context(), s.card, s.pool, pending)
			_ = requireUnknown(t, err)
		}
	})
	t.Run("stays unknown when the counter ran backwards", func(t *testing.T) {
		s, pending := inDoubt(t, unpaid)
		pending.Counter = 5
		_, err := hardwallet.Recover(t.Context(), s.card, s.pool, pending)
		_ = requireUnknown(t, err)
	})
	t.Run("ErrOtherCard", func(t *testing.T) {
		s, pending := inDoubt(t, paid)
		other := mint(t, s.issuer, "0011223344556678")
		_, err := hardwallet.Recover(t.Context(), other, s.pool, pending)
		requireDefinite(t, err, hardwallet.ErrOtherCard)
	})
	t.Run("stays unknown when torn again", func(t *testing.T) {
		for _, instruction := range []byte{hardwallet.InstructionSelect, hardwallet.InstructionGet} {
			s, pending := inDoubt(t, paid)
			s.card.after[instruction] = errTorn
			_, err := hardwallet.Recover(t.Context(), s.card, s.pool, pending)
			require.ErrorIs(t, requireUnknown(t, err), errTorn)
		}
	})
	t.Run("stays unknown when the card lies", func(t *testing.T) {
		for _, position := range []int{0, 20, 66, 75, 100} {
			s, pending := inDoubt(t, paid)
			s.card.bend = func(instruction byte, answer []byte) []byte {
				if instruction == hardwallet.InstructionGet {
					answer[position] ^= 0x40
				}
				return answer
			}
			_, err := hardwallet.Recover(t.Context(), s.card, s.pool, pending)
			_ = requireUnknown(t, err)
		}
		s, pending := inDoubt(t, paid)
		s.card.answer[hardwallet.InstructionGet] = []byte{1, 0x90, 0}
		_, err := hardwallet.Recover(t.Context(), s.card, s.pool, pending)
		require.ErrorIs(t, requireUnknown(t, err), hardwallet.ErrMalformed)
	})
	t.Run("stays unknown when the order was paid with another amount", func(t *testing.T) {
		s, pending := inDoubt(t, paid)
		pending.Request.Amount++
		_, err := hardwallet.Recover(t.Context(), s.card, s.pool, pending)
		require.ErrorIs(t, requireUnknown(t, err), hardwallet.ErrOrderConflict)
	})
}

// TestNoDoubleDebit tears the card at random moments of a sale that is repeated until it settles: whatever happens, the
// card is debited at most once an order, and exactly once when the terminal says paid.
func TestNoDoubleDebit(t *testing.T) {
	s := newShop(t)
	s.card.balance = 1 << 40
	order := 0
	rapid.Check(t, func(rt *rapid.T) {
		order++
		r := request(0, 100)
		r.Order = [16]byte{byte(order >> 8), byte(order), 1}
		before := s.card.debits
		instructions := []byte{hardwallet.InstructionSelect, hardwallet.InstructionPay, hardwallet.InstructionGet}
		settled := false
		var pending *hardwallet.Pending
		for range 8 {
			clear(s.card.before)
			clear(s.card.after)
			switch rapid.IntRange(0, 2).Draw(rt, "tear") {
			case 1:
				s.card.before[rapid.SampledFrom(instructions).Draw(rt, "at")] = errTorn
			case 2:
				s.card.after[rapid.SampledFrom(instructions).Draw(rt, "at")] = errTorn
			}
			var err error
			if pending == nil {
				_, err = hardwallet.Pay(context.Background(), s.card, s.pool, r)
			} else {
				_, err = hardwallet.Recover(context.Background(), s.card, s.pool, *pending)
			}
			var unknown *hardwallet.UnknownOutcomeError
			switch {
			case err == nil:
				require.Equal(rt, before+1, s.card.debits)
				settled = true
			case errors.As(err, &unknown):
				pending = &unknown.Pending
			default:
				require.Equal(rt, before, s.card.debits, "definite refusal: %v", err)
				pending = nil
			}
			if settled {
				break
			}
		}
		require.LessOrEqual(rt, s.card.debits, before+1)
	})
}
