package audit

import (
	"regexp"
	"strconv"
	"strings"
)

// Paper is one slip as a person reads it.
type Paper struct {
	Terminal string
	Order    Order // empty where the slip ends above it
	Copy     string
	Outcome  string
	Amount   int64
	Reprint  bool
	// Back says that it is of something done with an order: a void, a refund, or what is done with a hold.
	Back bool
	// Whole says that the slip is all there, down to the cut.
	Whole bool
}

// The copies.
const (
	MerchantCopy = "merchant"
	CustomerCopy = "customer"
)

// titles are the first words of each kind of slip.
func titles() map[string]string {
	return map[string]string{"签购单": Approved, "交易失败": Declined, "交易冲正": Reversed, "结果未知": Unknown}
}

// What a slip says of order and amount; a value that is too long for its label's line stands on the next, and a
// Chinese printer's ¥ is a wide one.
const (
	orderPattern  = `ORDER\s+([0-9a-f]{32})`
	amountPattern = `(?m)^\s*-?[¥￥]([0-9]+)\.([0-9]{2})\s*$`
)

// Read returns the slips on one piece of paper from top to bottom: more than one where the printer was left in the
// middle of the first. Torn says that the paper does not end with a cut.
func Read(terminal string, lines []string, torn bool) []Paper {
	var papers []Paper
	begun := -1 // line of the title of the slip in hand; what stands above the first title has lost its beginning
	for i, line := range lines {
		if _, title := titles()[strings.TrimSpace(line)]; title {
			if begun >= 0 {
				papers = append(papers, read(terminal, lines[begun:i], true))
			}
			begun = i
		}
	}
	if begun >= 0 {
		papers = append(papers, read(terminal, lines[begun:], torn))
	}
	return papers
}

// read reads one slip.
func read(terminal string, lines []string, torn bool) Paper {
	text := strings.Join(lines, "\n")
	p := Paper{Terminal: terminal, Outcome: titles()[strings.TrimSpace(lines[0])], Reprint: strings.Contains(text, "重印")}
	for _, done := range []string{"撤销 VOID", "退货 REFUND", "追加预授权 TOP-UP", "预授权完成 COMPLETION", "预授权撤销 HOLD CANCEL",
		"预授权完成撤销 UNDO"} {
		p.Back = p.Back || strings.Contains(text, done)
	}
	switch {
	case strings.Contains(text, "商户存根"):
		p.Copy = MerchantCopy
	case strings.Contains(text, "顾客联"):
		p.Copy = CustomerCopy
	}
	if found := regexp.MustCompile(orderPattern).FindStringSubmatch(text); found != nil {
		p.Order = Order(found[1])
	}
	if found := regexp.MustCompile(amountPattern).FindStringSubmatch(text); found != nil {
		// Both are digits by the pattern, and no slip has more than nine.
		yuan, _ := strconv.ParseInt(found[1], 10, 64)
		fen, _ := strconv.ParseInt(found[2], 10, 64)
		p.Amount, p.Whole = yuan*100+fen, !torn
	}
	return p
}

// paper compares what was printed of an order with what its journal says.
func (a *auditor) paper(c *account) {
	whole := map[print]int{}
	seen := map[slip]int{}
	for _, p := range c.papers {
		if c.terminal != "" && p.Terminal != c.terminal {
			a.find(Unexplained, c.order, "was printed at %s and sold at %s", p.Terminal, c.terminal)
		}
		if !p.Whole {
			continue
		}
		whole[print{p.Copy, p.Reprint, p.Back}]++
		// Of several refunds each has its slips.
		this := slip{p.Copy, p.Outcome, p.Reprint, p.Back}
		if seen[this]++; seen[this] == 2 && !p.Reprint && !p.Back {
			a.find(Unexplained, c.order, "the %s's copy was printed a second time without saying so", p.Copy)
		}
		if p.Back {
			a.saysBack(c, p)
		} else {
			a.says(c, p)
		}
	}
	for key, printed := range c.prints {
		if printed.done > whole[key] || whole[key] > printed.done+printed.unconfirmed {
			a.find(Unexplained, c.order, "%d of the %s's copies (reprint %v) came out; the journal says %d did and %d may have",
				whole[key], key.copy, key.reprint, printed.done, printed.unconfirmed)
		}
	}
	for key, count := range whole {
		if c.prints[key] == (printed{}) {
			a.find(Unexplained, c.order, "%d of the %s's copies (reprint %v) came out, and the journal says of none", count, key.copy, key.reprint)
		}
	}
}

// slip tells the slips of an order apart.
type slip struct {
	copy, outcome string
	reprint, back bool
}

// says holds that a slip tells the truth.
func (a *auditor) says(c *account, p Paper) {
	switch {
	case p.Outcome == Unknown && !c.cancelled:
		a.find(Unexplained, c.order, "was printed as unknown, and nobody asked for it to be taken back")
	case p.Outcome != Unknown && p.Outcome != c.last():
		a.find(Unexplained, c.order, "was printed as %s, the journal says %s", p.Outcome, c.last())
	case p.Outcome == Approved && !c.hold && (c.bank == nil || c.bank.Debited == 0):
		a.find(Unexplained, c.order, "was printed as paid, and the operator never debited anybody")
	case p.Amount != c.amount:
		a.find(Unexplained, c.order, "was printed over %d fen, the journal says %d", p.Amount, c.amount)
	}
}

// saysBack holds that a slip of a void or refund tells the truth.
func (a *auditor) saysBack(c *account, p Paper) {
	if p.Outcome != Approved {
		return
	}
	for _, m := range c.moves {
		if m.done && m.amount == p.Amount {
			return
		}
	}
	a.find(Unexplained, c.order, "%d fen were printed as done, the journal knows of %v", p.Amount, c.moves)
}

// strangePapers finds slips of orders that nobody knows.
func (a *auditor) strangePapers() {
	for _, p := range a.evidence.Papers {
		switch {
		case p.Order == "" && p.Whole:
			a.find(Unexplained, "", "a whole slip of %s names no order", p.Terminal)
		case p.Order != "" && a.accounts[p.Order] == nil:
			a.find(Unexplained, p.Order, "%s printed it as %s, and nobody knows it", p.Terminal, p.Outcome)
		}
	}
}
