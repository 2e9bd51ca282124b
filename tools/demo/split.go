package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/fakedevice/control"
	"github.com/yuantill/yuantill/tools/fakedevice/printer"
)

// The moments of a sale, in order. All of them are noted anyway, by programs on this one machine.
const (
	codeWritten   = iota // the code's last byte is on the wire (simulated scanner)
	paymentMade          // the till begins to commit payment-requested (the record's own time)
	paymentCame          // the cloud has opened it and begins to commit it (the payment's own time)
	operatorAsked        // the operator has its request (simulated operator)
	operatorSaid         // the operator is about to answer
	decided              // the cloud has the answer and begins to commit it with its ledger entry
	outcomeCame          // the till has opened the result and begins to commit outcome-shown (the record's own time)
	paperBegan           // the receipt's first byte is at the printer (simulated printer)
	momentsOfSale
)

// parts are what lies between two moments, Chinese first.
func parts() [momentsOfSale - 1]struct{ key, chinese, english string } {
	return [...]struct{ key, chinese, english string }{
		{"scan", "扫码→终端", "scan"},
		{"till_to_cloud", "终端落盘→云端", "till commits, to cloud"},
		{"cloud_to_operator", "云端落盘→机构", "cloud commits, to operator"},
		{"operator", "机构", "operator"},
		{"operator_to_cloud", "机构→云端", "back to cloud"},
		{"cloud_to_till", "云端记账→终端", "cloud books, to till"},
		{"till_to_paper", "终端落盘→出票", "till commits, to paper"},
	}
}

// timed is one sale's moments.
type timed [momentsOfSale]time.Time

// whole reports whether all moments are known and none lies before the one before it; records have microseconds.
func (t timed) whole() bool {
	for i, at := range t {
		if at.IsZero() || i > 0 && at.Before(t[i-1].Truncate(time.Microsecond)) {
			return false
		}
	}
	return true
}

func (t timed) total() time.Duration { return t[paperBegan].Sub(t[codeWritten]) }

// split is where the time of the middle half of some sales goes, on average: what an outlier waits for is another matter.
type split struct {
	parts [momentsOfSale - 1]time.Duration
	total time.Duration
	// sales is how many are in it, left how many of all had a moment missing.
	sales, left int
}

func splitOf(all []timed) split {
	whole := slices.DeleteFunc(slices.Clone(all), func(t timed) bool { return !t.whole() })
	s := split{left: len(all) - len(whole)}
	slices.SortFunc(whole, func(a, b timed) int { return int(a.total() - b.total()) })
	middle := whole[len(whole)/4 : len(whole)-len(whole)/4]
	if s.sales = len(middle); s.sales == 0 {
		return s
	}
	for _, t := range middle {
		for i := range s.parts {
			s.parts[i] += t[i+1].Sub(t[i])
		}
		s.total += t.total()
	}
	for i := range s.parts {
		s.parts[i] /= time.Duration(s.sales)
	}
	s.total /= time.Duration(s.sales)
	return s
}

// String is one line in both languages.
func (s split) String() string {
	if s.sales == 0 {
		return "时间分布未知 · where the time goes is not known"
	}
	named := make([]string, 0, len(s.parts))
	for i, part := range parts() {
		named = append(named, fmt.Sprintf("%s %s %.2f", part.chinese, part.english, milliseconds(s.parts[i])))
	}
	line := fmt.Sprintf("时间花在 · where it goes: %s = %.2f ms（居中 %d 笔的平均 · mean of the middle %d）",
		strings.Join(named, " | "), milliseconds(s.total), s.sales, s.sales)
	if s.left > 0 {
		line += fmt.Sprintf("（%d 笔缺少时刻 · %d without all moments）", s.left, s.left)
	}
	return line
}

// byPart is the split in milliseconds for --json.
func (s split) byPart() map[string]float64 {
	if s.sales == 0 {
		return nil
	}
	named := make(map[string]float64, len(s.parts))
	for i, part := range parts() {
		named[part.key] = milliseconds(s.parts[i])
	}
	return named
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// scannedAndPrinted pairs each code with the first receipt after it.
func scannedAndPrinted(events []control.Event) [][2]time.Time {
	var pairs [][2]time.Time
	var written time.Time
	for _, e := range events {
		switch {
		case e.Kind == control.KindCodeWritten:
			written = e.At
		case e.Kind == printer.JobBegan.String() && !written.IsZero():
			pairs = append(pairs, [2]time.Time{written, e.At})
			written = time.Time{}
		}
	}
	return pairs
}

// measure puts together what everybody noted about some sales; events are the devices' of that time.
func (w *world) measure(ctx context.Context, orders []string, events []control.Event) (split, error) {
	pairs := scannedAndPrinted(events)
	if len(pairs) != len(orders) {
		return split{left: len(orders)}, nil
	}
	all := make([]timed, len(orders))
	place := make(map[string]*timed, len(orders))
	for i, order := range orders {
		all[i][codeWritten], all[i][paperBegan] = pairs[i][0], pairs[i][1]
		place[order] = &all[i]
		payment, err := w.shop.Payment(ctx, order)
		if err != nil {
			return split{}, fmt.Errorf("ask cloud for a sale's times: %w", err)
		}
		if all[i][paymentCame] = payment.CreatedAt; payment.DecidedAt != nil {
			all[i][decided] = *payment.DecidedAt
		}
	}
	moments, err := w.shop.Operator.Moments(ctx)
	if err != nil {
		return split{}, fmt.Errorf("ask operator for a sale's times: %w", err)
	}
	for _, moment := range moments {
		if t := place[moment.Order]; t != nil {
			t[operatorAsked], t[operatorSaid] = moment.Arrived, moment.Answered
		}
	}
	if err := w.readMoments(ctx, place); err != nil {
		return split{}, err
	}
	return splitOf(all), nil
}

// recordsAtOnce bounds what is read from the journal at a time.
const recordsAtOnce = 500

// readMoments takes the till's moments from its journal, read beside the running agent.
func (w *world) readMoments(ctx context.Context, place map[string]*timed) (err error) {
	j, err := journal.OpenReadOnly(ctx, w.shop.Till.Journal, seal.Portable(), nil)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	for after, end := uint64(0), j.Tail().Sequence; after < end; {
		records, err := j.Records(ctx, after, recordsAtOnce, 1<<20)
		if err != nil {
			return fmt.Errorf("read journal: %w", err)
		}
		if len(records) == 0 {
			return nil
		}
		for _, r := range records {
			header, err := record.ParseHeader(r)
			if err != nil {
				return fmt.Errorf("read record: %w", err)
			}
			after = header.Sequence
			noteRecord(place, header, r.Body())
		}
	}
	return nil
}

// noteRecord notes the first outcome of each sale, and its request.
func noteRecord(place map[string]*timed, header record.Header, body []byte) {
	switch header.Type {
	case record.PaymentRequested:
		var requested message.PaymentRequested
		if t := place[orderOf(body, &requested, requested.GetOrderId)]; t != nil {
			t[paymentMade] = header.Time
		}
	case record.OutcomeShown:
		var shown message.OutcomeShown
		if t := place[orderOf(body, &shown, shown.GetOrderId)]; t != nil && t[outcomeCame].IsZero() {
			t[outcomeCame] = header.Time
		}
	}
}

// orderOf reads a body and returns its order; a body that cannot be read has none.
func orderOf(body []byte, into proto.Message, order func() []byte) string {
	if proto.Unmarshal(body, into) != nil {
		return ""
	}
	return hex.EncodeToString(order())
}
