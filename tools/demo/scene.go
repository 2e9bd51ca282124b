package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/yuantill/yuantill/tools/fakeoperator/bank"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// sceneTimeout bounds one scene; the longest is a payment taken back, which may not be before 15 s.
const sceneTimeout = 90 * time.Second

// printPoll is how often the till is asked whether the copies are out.
const printPoll = 5 * time.Millisecond

// errOutcome says that a sale came to something else than the scene is about.
var errOutcome = errors.New("another outcome than expected")

// scene is one sale of the demonstration.
type scene struct {
	title  string
	amount int64 // fen; each scene has its own, so that the operator's rules know it
	rules  []bank.Rule
	// pay is what the customer does once the till waits for them.
	pay func(ctx context.Context, s *stage) error
	// on is what else happens when the sale reaches a state, once.
	on   map[string]func(ctx context.Context, s *stage) error
	want string // outcome
	// hold asks for the amount to be held and not paid; then is what is done with the order afterwards.
	hold bool
	then []step
}

// stage is a scene being played.
type stage struct {
	*world
	sale stationclient.Sale
}

// world is the shop and the transcript.
type world struct {
	shop  *shop.Shop
	out   *transcript
	codes int // payment codes used so far
	tally map[string]int
	taken int64 // fen of approved sales and completions, less what went back
	// counter holds, for each timed sale, the time from the code's last byte to the receipt's first.
	counter []time.Duration
	sales   []string // order ids of the sales that were begun, in order
	began   map[string]bool
	keeper  *keeper
	// off says that a scene did not go as planned because somebody ended a process: from then on the till's own answers
	// say what was sold.
	off   bool
	held  int64 // fen still held, by those answers
	split split // where the time of the timed sales goes
}

// play runs one scene and checks its outcome.
func (w *world) play(ctx context.Context, sc scene) error {
	ctx, cancel := context.WithTimeout(ctx, sceneTimeout)
	defer cancel()
	for _, rule := range sc.rules {
		if err := w.shop.Operator.AddRule(ctx, rule); err != nil {
			return err
		}
	}
	events, err := w.shop.Station.Events(ctx, "")
	if err != nil {
		return fmt.Errorf("listen to till: %w", err)
	}
	defer events.Close()
	sale, err := w.shop.Station.Start(ctx, uuid.NewString(), stationclient.Start{
		Amount: sc.amount, Currency: "CNY", Cashier: "01", Hold: sc.hold,
	})
	if err != nil {
		return fmt.Errorf("start sale: %w", err)
	}
	if sc.hold {
		w.out.say(cashier, "预授权 %s · hold %s", sale.Text, sale.Text)
	} else {
		w.out.say(cashier, "收款 %s · charge %s", sale.Text, sale.Text)
	}
	w.sales, w.began[sale.ID] = append(w.sales, sale.ID), true
	s := &stage{world: w, sale: sale}
	if err := s.follow(ctx, events, sc); err != nil {
		return err
	}
	w.tally[s.sale.Outcome]++
	if s.sale.Outcome == "approved" && !sc.hold {
		w.taken += sc.amount
	}
	if s.sale.Outcome != sc.want {
		return fmt.Errorf("%w: %s instead of %s", errOutcome, s.sale.Outcome, sc.want)
	}
	for _, then := range sc.then {
		moved, err := then(ctx, s)
		if err != nil {
			return err
		}
		w.taken += moved
	}
	return nil
}

// follow reports every change of the sale and plays its part until the outcome is definite and the receipt is out.
func (s *stage) follow(ctx context.Context, events *stationclient.Stream, sc scene) error {
	state, notice := "", ""
	for {
		event, err := events.Next()
		if err != nil {
			return fmt.Errorf("listen to till: %w", err)
		}
		sale, isSale := event.Sale()
		if !isSale || sale.ID != s.sale.ID {
			continue
		}
		s.sale = sale
		if sale.Notice != nil && sale.Notice.Chinese != notice {
			notice = sale.Notice.Chinese
			s.out.say(till, "%s · %s", sale.Notice.Chinese, sale.Notice.English)
		}
		if sale.State != state {
			state = sale.State
			s.report()
			if err := s.act(ctx, sc, state); err != nil {
				return err
			}
		}
		if sale.Final {
			return s.printed(ctx)
		}
	}
}

// printed waits until the printer has reported on every copy.
func (s *stage) printed(ctx context.Context) error {
	for {
		sale, err := s.shop.Station.Sale(ctx, s.sale.ID)
		if err != nil {
			return fmt.Errorf("ask for receipts: %w", err)
		}
		if len(sale.Unprinted) == 0 {
			return nil
		}
		select {
		case <-time.After(printPoll):
		case <-ctx.Done():
			return fmt.Errorf("wait for receipts: %w", ctx.Err())
		}
	}
}

// report tells the new state and the one thing to do next.
func (s *stage) report() {
	line := s.sale.Title.Chinese + " · " + s.sale.Title.English
	if s.sale.Reason != nil {
		line += "（" + s.sale.Reason.Chinese + " · " + s.sale.Reason.English + "）"
	}
	if s.sale.CountdownMS > 0 && s.sale.Outcome == "unknown" {
		line += fmt.Sprintf("，%d 秒内见分晓 · known within %d s", (s.sale.CountdownMS+999)/1000, (s.sale.CountdownMS+999)/1000)
	}
	s.out.say(till, "%s", line)
	if next := s.sale.Next; next.Chinese != "" && !s.sale.Final {
		s.out.say(till, "  → %s · %s", next.Chinese, next.English)
	}
}

func (s *stage) act(ctx context.Context, sc scene, state string) error {
	if state == "waiting" {
		return sc.pay(ctx, s)
	}
	if act := sc.on[state]; act != nil {
		return act(ctx, s)
	}
	return nil
}

// scan has the customer show a fresh payment code.
func scan(ctx context.Context, s *stage) error {
	s.codes++
	code := fmt.Sprintf("01%08d%09d", 20261123+s.codes, s.codes) // each of another customer: the first half names the wallet
	s.out.say(customer, "出示付款码 %s · shows code %s", tail(code), tail(code))
	_, err := s.shop.Devices.Scan(ctx, code)
	return err
}

// tap has the customer hold a hard wallet to the reader.
func tap(ctx context.Context, s *stage) error {
	s.out.say(customer, "碰一碰硬钱包 · taps a hard wallet")
	return s.shop.Devices.Tap(ctx)
}

// lift takes the hard wallet away again.
func lift(ctx context.Context, s *stage) error { return s.shop.Devices.Lift(ctx) }

// show asks for a code of our own.
func show(ctx context.Context, s *stage) error {
	s.out.say(cashier, "出示收款码 · shows the merchant's code")
	_, err := s.shop.Station.ShowCode(ctx, uuid.NewString(), s.sale.ID)
	return err
}

// payShown has the customer scan the shown code and pay.
func payShown(ctx context.Context, s *stage) error {
	s.out.say(customer, "扫收款码并付款 · scans it and pays")
	return s.shop.Operator.PayShown(ctx, s.sale.ShownCode)
}

// cancel has the cashier take the payment back.
func cancel(ctx context.Context, s *stage) error {
	s.out.say(cashier, "取消 · cancels")
	_, err := s.shop.Station.Cancel(ctx, uuid.NewString(), s.sale.ID, "01")
	return err
}

// outage is how long the network stays cut.
const outage = 4 * time.Second

// cut takes the network away for a while.
func cut(_ context.Context, s *stage) error {
	s.shop.Cable.Cut()
	s.out.say(network, "断网 %d 秒 · cut for %d s", int(outage.Seconds()), int(outage.Seconds()))
	time.AfterFunc(outage, func() {
		s.out.say(network, "恢复 · back")
		s.shop.Cable.Mend()
	})
	return nil
}
