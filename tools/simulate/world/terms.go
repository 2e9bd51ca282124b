package world

import (
	"fmt"
	"strings"
	"time"
)

// What the shop's contracts say, as the world has them: the product reads them from the documents below, and the checks from
// here.

const (
	merchantID = "301310053110001"
	// merchantRate is the merchant's own, in basis points; it holds where a plan names none.
	merchantRate = 8
	// operatorCeiling is the highest fee that the stricter one of the two operators allows.
	operatorCeiling = 9
	// noPasswordMax is the largest amount that is paid without a password.
	noPasswordMax = 1000_00
)

// tariff is what a terminal's payments cost, in basis points: a rate, and what a fee may come to at most.
type tariff struct{ rate, ceiling int64 }

// tariffs are the terminals' in turn: of the first the operator's ceiling holds, of the second its plan's, which is below the
// rate, and of the third the plan names a rate of its own.
var tariffs = [...]tariff{{merchantRate, operatorCeiling}, {merchantRate, 6}, {3, operatorCeiling}}

// fees are the same in the words of plans.
var fees = [len(tariffs)]string{"fee_cap_basis_points = 10", "fee_cap_basis_points = 6", "fee_basis_points = 3\nfee_cap_basis_points = 10"}

// holdTerms are the terminals' in turn: what may be completed of what is held, in percent, and for how many days that is held, which
// is longer than anything is held here.
var holdTerms = [len(tariffs)]struct{ percent, days int64 }{{100, 30}, {115, 1}, {60, 7}}

// What a till may take by itself is so little that a day in the world reaches it.
const (
	offlinePaymentMax    = 500_00
	offlineWalletMax     = 700_00
	offlineWalletCount   = 3
	offlineTerminalMax   = 1200_00
	offlineTerminalCount = 8
	offlineHoursMax      = 30
)

// offlineShares are how many percent of the terminal's total are left from a time on.
var offlineShares = [...]struct {
	from    time.Duration
	percent int64
}{{0, 100}, {4 * time.Hour, 50}, {12 * time.Hour, 20}}

// plans is the document of the plans.
func plans(terminals []string) string {
	var b strings.Builder
	for i, fee := range fees {
		fmt.Fprintf(&b, "[[plan]]\nname = \"plan %d\"\n%s\nno_password_max = %d\nno_password_count = 10\nhold_cap_percent = %d\nhold_days = %d\n",
			i, fee, noPasswordMax, holdTerms[i].percent, holdTerms[i].days)
		fmt.Fprintf(&b, "[plan.offline]\npayment_max = %d\nwallet_max = %d\nwallet_count_max = %d\nterminal_max = %d\nterminal_count_max = %d\nhours_max = %d\n",
			offlinePaymentMax, offlineWalletMax, offlineWalletCount, offlineTerminalMax, offlineTerminalCount, offlineHoursMax)
		fmt.Fprint(&b, "shares = [")
		for _, s := range offlineShares[1:] {
			fmt.Fprintf(&b, "{ hours = %d, percent = %d }, ", int(s.from.Hours()), s.percent)
		}
		fmt.Fprint(&b, "]\n")
	}
	for i, id := range terminals {
		fmt.Fprintf(&b, "[[terminal]]\nid = %q\nplan = \"plan %d\"\n", id, i%len(fees))
	}
	return b.String()
}

// operators are the merchant's, the one to ask first in front.
var operatorCodes = [...]string{"ICBC", "CCB"}

// operatorsDocument is the registry of the two.
func operatorsDocument() string {
	return fmt.Sprintf("[[operator]]\ncode = %q\nname = \"工商银行\"\nname_en = \"ICBC\"\nbatch = 1\n"+
		"[[operator]]\ncode = %q\nname = \"建设银行\"\nname_en = \"CCB\"\nbatch = 1\nfee_cap_basis_points = %d\n",
		operatorCodes[0], operatorCodes[1], operatorCeiling)
}
