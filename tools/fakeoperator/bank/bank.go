// Package bank is a wallet operator's inside for trials: payments, reversals and refunds enter, answers leave, and it
// keeps books of its own that other books can be checked against. It has no network and no clock of its own.
package bank

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/plan"
)

// ordersMax bounds the books; a trial that needs more restarts the process.
const ordersMax = 20_000_000

var (
	// ErrOrderConflict says that the order exists with other content.
	ErrOrderConflict = errors.New("bank: order exists with other content")
	// ErrFull says that the books hold ordersMax orders.
	ErrFull = errors.New("bank: books are full")
	// ErrUnknownCode marks a shown code that no open order has.
	ErrUnknownCode = errors.New("bank: no open order has this code")
	// ErrInvalidWallet marks a wallet id that is not 16 digits starting 00.
	ErrInvalidWallet = errors.New("bank: invalid wallet id")
)

// CardPayment is what a hard wallet signed.
type CardPayment struct {
	Wallet   string
	OrderID  operator.OrderID
	Merchant string
	Terminal string
	Amount   int64
	Currency string
	Counter  uint32 // rises by one with each transaction of the card
}

// CardVerifier checks a hard wallet's transaction: the issuer's certificate and the card's signature.
type CardVerifier interface {
	Verify(transaction []byte) (CardPayment, error)
}

// Config describes the operator.
type Config struct {
	Operator string // its code in the registry
	Now      func() time.Time
	// Opening is the balance in minor units of a wallet seen for the first time.
	Opening int64
	// ReuseCodes lets a payment code pay several orders, for load tests with few codes.
	ReuseCodes bool
	// Cards checks hard wallets; without it taps are declined.
	Cards CardVerifier
	// Daybook makes the books outlive the process; nil keeps them in memory only.
	Daybook Daybook
	// CompletionPercent is how much of what is held may be completed; 0 counts as 100.
	CompletionPercent int64
	// NoPasswordCount is how many payments a day a wallet makes without verification, besides what senders want; 0 asks
	// only when they do.
	NoPasswordCount int
	// VerifyFor is how long a verification waits for the customer; 0 is a minute.
	VerifyFor time.Duration
	// Caps are what wallets are held to; nil holds them to nothing.
	Caps *plan.Caps
}

// Bank is one operator. It is safe for concurrent use.
type Bank struct {
	config Config

	mu       sync.Mutex
	orders   map[operator.OrderID]*order
	wallets  map[string]*wallet
	codes    map[[32]byte]operator.OrderID // by digest
	shown    map[string]operator.OrderID
	cards    map[cardUse]operator.OrderID
	rules    []*Rule
	nextRule int
	sequence uint64
	// now and opening are those of what is being done: of this moment, or of a line of the daybook.
	now     time.Time
	opening int64

	followUps map[operator.FollowUpID]*followUp
	movements []movement // in the order in which they were made
}

// cardUse is one value of one card's counter.
type cardUse struct {
	wallet  string
	counter uint32
}

// wallet is a payer's account; held is the part of the balance that is set aside.
type wallet struct {
	opening, balance, held int64
	class                  int
	today                  usage
	year                   int64 // spent in the year of today
}

// phase is where an order stands in the operator's books.
type phase uint8

const (
	phasePending  phase = iota + 1 // decided at readyAt
	phaseOpen                      // shown code, not yet paid
	phaseApproved                  // wallet debited
	phaseDeclined
	phaseReversed
	phaseRefunded
	phaseHeld // the amount is set aside, or was: the follow-ups tell
)

// order is one entry of the books.
type order struct {
	id        operator.OrderID
	digest    [32]byte // of the request; zero for a reversal that came before its order
	merchant  string
	method    operator.Method
	amount    int64
	currency  string
	wallet    string
	phase     phase
	reason    operator.Reason
	reference string
	authCode  string
	shownCode string
	readyAt   time.Time
	then      Ending
	hidden    bool // pending in a queue nobody can look into: queries find nothing
	stubborn  bool // goes on to its ending in spite of a reversal
	debited   int64
	credited  int64
	disputed  int64           // the part of credited that a customer's bank has taken back
	lie       operator.Status // what it says in place of the truth while it is approved; 0 for the truth
	asked     int             // how often authorise or order came

	hold            bool
	held, heldInAll int64 // what is set aside now, and what was in all
	completed       int64 // what was completed and not undone
	ended           bool  // nothing can be held or completed any more
	followUps       []*followUp
	mustVerify      bool // the sender wants the customer verified
	verifying       bool // it waits for that
	verified        bool
}

// New returns an operator with empty books.
func New(config Config) (*Bank, error) {
	if config.Operator == "" || config.Now == nil || config.Opening < 0 || config.NoPasswordCount < 0 || config.VerifyFor < 0 {
		return nil, errors.New("bank: Operator, Now and a non-negative Opening are needed")
	}
	return &Bank{config: config, orders: make(map[operator.OrderID]*order), wallets: make(map[string]*wallet),
		codes: make(map[[32]byte]operator.OrderID), shown: make(map[string]operator.OrderID),
		cards: make(map[cardUse]operator.OrderID), followUps: make(map[operator.FollowUpID]*followUp)}, nil
}

// Authorise decides a scanned code or a tapped card; rule is what Match gave for the call. The same request again gets
// the order as it stands. Errors: ErrOrderConflict, ErrFull, ErrDaybook.
func (b *Bank) Authorise(request operator.Request, rule Rule) (operator.Answer, error) {
	placed := b.placingOf(request)
	return b.answered(deed{Place: &placed, Rule: rule}, func() (operator.Answer, error) { return b.place(placed, rule) })
}

// Order opens an order for a merchant-shown code. Errors: ErrOrderConflict, ErrFull, ErrDaybook.
func (b *Bank) Order(request operator.Request, rule Rule) (operator.Answer, error) {
	return b.Authorise(request, rule)
}

func (b *Bank) place(placed placing, rule Rule) (operator.Answer, error) {
	now, digest, request := b.now, placed.Digest, placed.Request
	if known := b.orders[request.OrderID]; known != nil {
		known.asked++
		b.settle(known, now)
		if known.digest != digest && known.digest != ([32]byte{}) {
			return operator.Answer{}, ErrOrderConflict
		}
		return b.answer(known, now), nil
	}
	if len(b.orders) >= ordersMax {
		return operator.Answer{}, ErrFull
	}
	entry := &order{id: request.OrderID, digest: digest, merchant: request.Merchant, method: request.Method,
		amount: request.Amount, currency: request.Currency, asked: 1,
		hold: request.Hold, mustVerify: request.Verify}
	b.sequence++
	entry.reference = fmt.Sprintf("%s%014d", b.config.Operator, b.sequence)
	b.orders[entry.id] = entry
	b.begin(entry, placed, rule, now)
	return b.answer(entry, now), nil
}

// begin finds the payer and decides at once or sets the time of the decision.
func (b *Bank) begin(entry *order, placed placing, rule Rule, now time.Time) {
	if rule.Do == DoDecline {
		entry.decline(rule.reason())
		return
	}
	if placed.Request.Method == operator.MethodShown {
		entry.phase = phaseOpen
		entry.shownCode = fmt.Sprintf("%s:%x", b.config.Operator, entry.digest[:12])
		b.shown[entry.shownCode] = entry.id
		return
	}
	payer, reason := b.payer(placed)
	if reason != operator.ReasonNone {
		entry.decline(reason)
		return
	}
	entry.wallet = payer
	if rule.Do == DoPassword || rule.Do == DoLate {
		entry.phase, entry.readyAt, entry.then = phasePending, now.Add(rule.delay()), rule.Then
		entry.hidden, entry.stubborn = rule.Do == DoLate, rule.Stubborn
		return
	}
	if b.ask(entry, now) {
		return
	}
	switch rule.Do {
	case DoLieApproved: // and debits nothing
		entry.phase = phaseApproved
		entry.authorised()
		return
	case DoLieDeclined: // and debits
		entry.lie = operator.StatusDeclined
	}
	b.debit(entry)
}

// PayShown plays the customer who scans a shown code with a wallet. Errors: ErrUnknownCode, ErrInvalidWallet,
// ErrDaybook.
func (b *Bank) PayShown(code, payer string) error {
	if !isWallet(payer) {
		return ErrInvalidWallet
	}
	_, err := b.answered(deed{Pay: &payShown{code, payer}}, func() (operator.Answer, error) {
		return operator.Answer{}, b.payShown(code, payer)
	})
	return err
}

func (b *Bank) payShown(code, payer string) error {
	id, ok := b.shown[code]
	if !ok || b.orders[id].phase != phaseOpen {
		return ErrUnknownCode
	}
	entry := b.orders[id]
	entry.wallet = payer
	if b.ask(entry, b.now) {
		return nil
	}
	b.debit(entry)
	return nil
}

// SetBalance opens a wallet or changes its balance. Errors: ErrInvalidWallet, ErrDaybook.
func (b *Bank) SetBalance(payer string, balance int64) error {
	if !isWallet(payer) || balance < 0 {
		return ErrInvalidWallet
	}
	return b.durably(deed{Balance: &setBalance{payer, balance}}, func() { b.setBalance(payer, balance) })
}

func (b *Bank) setBalance(payer string, balance int64) {
	account := b.account(payer)
	account.opening += balance - account.balance
	account.balance = balance
}

func (b *Bank) account(payer string) *wallet {
	account := b.wallets[payer]
	if account == nil {
		account = &wallet{opening: b.opening, balance: b.opening, class: usualClass}
		b.wallets[payer] = account
	}
	return account
}

// debit approves the order or declines it for want of money. A hard wallet has debited itself when it signed.
func (b *Bank) debit(entry *order) {
	account, now := b.account(entry.wallet), b.now
	if b.over(entry, now) {
		entry.decline(operator.ReasonLimitExceeded)
		return
	}
	if entry.hold {
		b.hold(entry)
		return
	}
	if account.balance-account.held < entry.amount && entry.method != operator.MethodTap {
		entry.decline(operator.ReasonInsufficientFunds)
		return
	}
	account.balance -= entry.amount
	account.used(entry, now)
	entry.debited += entry.amount
	entry.phase = phaseApproved
	entry.authorised()
	b.moved(entry, nil, operator.LinePayment, entry.amount, entry.reference)
}

func (o *order) authorised() {
	sum := sha256.Sum256([]byte(o.reference))
	o.authCode = fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[:])%1_000_000)
}

// credit puts back what was debited; of what it only says it has approved that is nothing.
func (b *Bank) credit(entry *order) {
	amount := entry.debited - entry.credited
	b.account(entry.wallet).balance += amount
	entry.credited += amount
	b.moved(entry, nil, operator.LineReturn, amount, entry.reference)
}

func (o *order) decline(reason operator.Reason) { o.phase, o.reason = phaseDeclined, reason }

// settle decides a pending order whose time has come.
func (b *Bank) settle(entry *order, now time.Time) {
	waiting := entry.phase == phasePending || (entry.stubborn && entry.phase == phaseReversed)
	if !waiting || entry.readyAt.IsZero() || now.Before(entry.readyAt) {
		return
	}
	entry.readyAt, entry.hidden, entry.stubborn = time.Time{}, false, false
	switch entry.then {
	case EndClosed:
		entry.decline(operator.ReasonCustomerCancelled)
		return
	case EndTimedOut:
		entry.decline(operator.ReasonTimedOut)
		return
	}
	b.debit(entry)
}

func digestOf(request operator.Request) [32]byte {
	hash := sha256.New()
	hash.Write(request.OrderID[:])
	hash.Write(binary.BigEndian.AppendUint64(nil, uint64(request.Amount)))
	hash.Write([]byte(strings.Join([]string{request.Merchant, request.Terminal, request.Method.String(), request.Currency, request.Code, ""}, "\x00")))
	hash.Write(request.Card)
	if request.Hold {
		hash.Write([]byte("hold"))
	}
	return [32]byte(hash.Sum(nil))
}

// walletOfCode maps a payment code, 19 digits starting 01, to the wallet of its digits 3 to 10: 00 02 0000 and those.
// How real operators make their codes is not public.
func walletOfCode(code string) (string, bool) {
	if len(code) != 19 || !strings.HasPrefix(code, "01") || !allDigits(code) {
		return "", false
	}
	return "00020000" + code[2:10], true
}

func isWallet(id string) bool {
	return len(id) == 16 && strings.HasPrefix(id, "00") && allDigits(id)
}

func allDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return true
}
