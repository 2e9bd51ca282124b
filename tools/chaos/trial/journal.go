package trial

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/message"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/chaos/audit"
	"github.com/yuantill/yuantill/tools/shop"
	"github.com/yuantill/yuantill/tools/yuantill/journalfile"
)

// The pieces in which a journal is read.
const (
	readRecords = 1_000
	readBytes   = 8 << 20
)

// readJournal reads a till's journal offline, with its keys: chain, tags and all records.
func (w *world) readJournal(ctx context.Context, till *shop.Till) (read audit.Journal, err error) {
	read.Terminal = till.Terminal
	keys, err := w.Keyring(till)
	if err != nil {
		return read, fmt.Errorf("open keys of %s: %w", till.Terminal, err)
	}
	j, err := journalfile.Open(ctx, till.Journal, seal.Portable(), keys)
	if journal.IsDamaged(err) {
		read.Damage = err.Error()
		return read, nil
	}
	if err != nil {
		return read, fmt.Errorf("open journal of %s: %w", till.Terminal, err)
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	if _, err := j.Verify(ctx); err != nil {
		read.Damage = err.Error()
	}
	read.Acknowledged = j.Acknowledged()
	for last := uint64(0); ; {
		records, err := j.Records(ctx, last, readRecords, readBytes)
		if err != nil {
			return read, fmt.Errorf("read journal of %s: %w", till.Terminal, err)
		}
		if len(records) == 0 {
			return read, nil
		}
		for _, r := range records {
			entry, err := entryOf(r)
			if err != nil {
				return read, fmt.Errorf("read journal of %s: %w", till.Terminal, err)
			}
			read.Records, last = append(read.Records, entry), entry.Sequence
		}
	}
}

// entryOf reads what the audit wants to know of a record.
func entryOf(r record.Record) (audit.Record, error) {
	_, header, err := record.Parse(r)
	if err != nil {
		return audit.Record{}, err
	}
	entry := audit.Record{Sequence: header.Sequence, Digest: digest(r), Type: header.Type.String()}
	switch header.Type {
	case record.PaymentRequested:
		var body message.PaymentRequested
		err = proto.Unmarshal(r.Body(), &body)
		entry.Order, entry.Amount, entry.Method = orderOf(body.OrderId), body.Amount, short(body.Method)
		entry.Hold, entry.Signed = body.Hold, len(body.CardTransaction) != 0
		if o := body.Offline; o != nil {
			entry.Offline = &audit.Offline{Limits: hex.EncodeToString(o.LimitsId), Total: o.Total, Count: int(o.Count)}
		}
	case record.OutcomeShown:
		var body message.OutcomeShown
		err = proto.Unmarshal(r.Body(), &body)
		entry.Order, entry.Outcome = orderOf(body.OrderId), short(body.Outcome)
	case record.ReversalRequested:
		var body message.ReversalRequested
		err = proto.Unmarshal(r.Body(), &body)
		entry.Order = orderOf(body.OrderId)
	case record.SaleAbandoned:
		var body message.SaleAbandoned
		err = proto.Unmarshal(r.Body(), &body)
		entry.Order = orderOf(body.OrderId)
	case record.ReceiptPrinted:
		var body message.ReceiptPrinted
		err = proto.Unmarshal(r.Body(), &body)
		entry.Order, entry.Print, entry.Copy, entry.Reprint = orderOf(body.OrderId), short(body.Result), short(body.Copy), body.Reprint
		entry.FollowUp = hex.EncodeToString(body.FollowUpId)
	case record.FollowUpRequested:
		var body message.FollowUpRequested
		err = proto.Unmarshal(r.Body(), &body)
		entry.Order, entry.Amount, entry.FollowUp = orderOf(body.OrderId), body.Amount, hex.EncodeToString(body.FollowUpId)
		_, entry.Kind, _ = strings.Cut(short(body.Kind), "up-")
		if body.Offline {
			entry.Offline = &audit.Offline{}
		}
	case record.ShiftOpened, record.ShiftClosed:
		entry.Shift, err = shiftOf(header.Type, r.Body())
	case record.LimitsTaken:
		entry.Limits, err = limitsOf(r.Body())
	case record.FollowUpShown:
		var body message.FollowUpShown
		err = proto.Unmarshal(r.Body(), &body)
		entry.Order, entry.Outcome, entry.Amount = orderOf(body.OrderId), short(body.Outcome), body.GetResult().GetAmount()
		entry.FollowUp = hex.EncodeToString(body.FollowUpId)
	}
	if err != nil {
		return audit.Record{}, fmt.Errorf("read record %d: %w", header.Sequence, err)
	}
	return entry, nil
}

func shiftOf(kind record.Type, content []byte) (*audit.Shift, error) {
	if kind == record.ShiftOpened {
		var body message.ShiftOpened
		err := proto.Unmarshal(content, &body)
		return &audit.Shift{ID: hex.EncodeToString(body.ShiftId), Batch: int(body.Batch)}, err
	}
	var body message.ShiftClosed
	err := proto.Unmarshal(content, &body)
	s := &audit.Shift{ID: hex.EncodeToString(body.ShiftId), Batch: int(body.Batch), Provisional: body.Provisional,
		First: body.FirstSequence, Last: body.LastSequence, Sales: map[string]audit.Sum{}}
	for _, line := range body.Lines {
		if line.Sales != 0 {
			s.Sales[line.Method] = audit.Sum{Count: int(line.Sales), Amount: line.SalesAmount}
		}
		s.Refunds.Count, s.Refunds.Amount = s.Refunds.Count+int(line.Refunds), s.Refunds.Amount+line.RefundsAmount
	}
	return s, err
}

// limitsOf reads the cloud's answer that a limits-taken record keeps.
func limitsOf(content []byte) (*audit.Limits, error) {
	var kept message.OfflineLimitsTaken
	if err := proto.Unmarshal(content, &kept); err != nil {
		return nil, err
	}
	answer, _, err := record.Parse(record.Record(kept.Answer))
	if err != nil {
		return nil, err
	}
	var body message.OfflineLimits
	err = proto.Unmarshal(answer.Body(), &body)
	return &audit.Limits{ID: hex.EncodeToString(body.LimitsId), PaymentMax: body.PaymentMax, WalletMax: body.WalletMax,
		TotalMax: body.TerminalMax, WalletCountMax: int(body.WalletCountMax), CountMax: int(body.TerminalCountMax)}, err
}

func orderOf(id []byte) audit.Order { return audit.Order(hex.EncodeToString(id)) }

// short is the last words of an enumeration's value as the audit has them: "not-started" for RESULT_NOT_STARTED.
func short(value fmt.Stringer) string {
	_, name, _ := strings.Cut(value.String(), "_")
	return strings.ToLower(strings.ReplaceAll(name, "_", "-"))
}
