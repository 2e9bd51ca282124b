package bank

import (
	"crypto/sha256"

	"github.com/yuantill/yuantill/cloud/operator"
)

// placing is a request as it is written down: without the customer's code and the card's transaction, which no side keeps,
// and with what they stand for.
type placing struct {
	Request operator.Request `json:"request"`
	// Digest is of the whole request, to know it again.
	Digest [32]byte `json:"digest"`
	// Payer is the wallet behind the code or the card, empty when Reason says why there is none.
	Payer  string          `json:"payer,omitempty"`
	Reason operator.Reason `json:"reason,omitempty"`
	// Code is the digest of the code, to know it when it is used again; Counter is the card's.
	Code    [32]byte `json:"code,omitzero"`
	Counter uint32   `json:"counter,omitempty"`
}

// placingOf reads a request's code or card. It looks at no books.
func (b *Bank) placingOf(request operator.Request) placing {
	p := placing{Digest: digestOf(request)}
	switch request.Method {
	case operator.MethodShown:
	case operator.MethodTap:
		p.Payer, p.Counter, p.Reason = b.cardHolder(request)
	default:
		var known bool
		if p.Payer, known = walletOfCode(request.Code); !known {
			p.Reason = operator.ReasonCodeInvalid
		}
		p.Code = sha256.Sum256([]byte(request.Code))
	}
	p.Request = request
	p.Request.Code, p.Request.Card = "", nil
	return p
}

// cardHolder checks that the card signed this very payment.
func (b *Bank) cardHolder(request operator.Request) (wallet string, counter uint32, reason operator.Reason) {
	if b.config.Cards == nil {
		return "", 0, operator.ReasonCardRefused
	}
	paid, err := b.config.Cards.Verify(request.Card)
	if err != nil || paid.OrderID != request.OrderID || paid.Amount != request.Amount || paid.Currency != request.Currency ||
		paid.Merchant != request.Merchant || paid.Terminal != request.Terminal {
		return "", 0, operator.ReasonCardRefused
	}
	return paid.Wallet, paid.Counter, operator.ReasonNone
}

// payer returns the wallet behind a code or card that was never used for another order.
func (b *Bank) payer(p placing) (string, operator.Reason) {
	switch {
	case p.Reason != operator.ReasonNone:
		return "", p.Reason
	case p.Request.Method == operator.MethodTap:
		return b.cardPayer(p)
	case b.config.ReuseCodes:
		return p.Payer, operator.ReasonNone
	}
	if _, used := b.codes[p.Code]; used {
		return "", operator.ReasonCodeExpired
	}
	b.codes[p.Code] = p.Request.OrderID
	return p.Payer, operator.ReasonNone
}

func (b *Bank) cardPayer(p placing) (string, operator.Reason) {
	use := cardUse{wallet: p.Payer, counter: p.Counter}
	if _, spent := b.cards[use]; spent {
		if p.Request.Offline {
			return "", operator.ReasonDoubleSpent
		}
		return "", operator.ReasonDuplicate
	}
	b.cards[use] = p.Request.OrderID
	return p.Payer, operator.ReasonNone
}
