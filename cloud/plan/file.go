package plan

import (
	"errors"
	"fmt"
	"math"
)

// The bounds that no document may pass.
const (
	feeCapECNY        = 10 // basis points (requirement R1.7)
	feeCapCrossBorder = 30
	noPasswordMost    = 100_000 // ¥1,000.00
	noPasswordFewest  = 5
	noPasswordOften   = 10
	holdPercentMost   = 115
	holdDaysMost      = 30
	offlineHoursMost  = 720
	offlineCountMost  = 1000
	sharesMost        = 32
	whole             = 100
)

// file is a document as it stands.
type file struct {
	Plan     []entry `toml:"plan"`
	Merchant []struct {
		ID            string `toml:"id"`
		Plan          string `toml:"plan"`
		NoPasswordMax *int64 `toml:"no_password_max"`
	} `toml:"merchant"`
	Terminal []struct {
		ID   string `toml:"id"`
		Plan string `toml:"plan"`
	} `toml:"terminal"`
	Barcode Barcode `toml:"barcode"`
	Wallet  []Class `toml:"wallet"`
}

// entry is one plan; pointers tell "left out" from zero.
type entry struct {
	Name            string  `toml:"name"`
	Kind            string  `toml:"kind"`
	Fee             *int64  `toml:"fee_basis_points"`
	FeeCap          *int64  `toml:"fee_cap_basis_points"`
	NoPasswordMax   int64   `toml:"no_password_max"`
	NoPasswordCount int     `toml:"no_password_count"`
	HoldCapPercent  int64   `toml:"hold_cap_percent"`
	HoldDays        int     `toml:"hold_days"`
	Offline         Offline `toml:"offline"`
}

// plans checks the document as a whole.
func (f *file) plans() (*Plans, error) {
	if len(f.Plan) == 0 || len(f.Plan) > plansMax || len(f.Merchant) > assignedMax || len(f.Terminal) > assignedMax {
		return nil, fmt.Errorf("%d plans, %d merchants, %d terminals", len(f.Plan), len(f.Merchant), len(f.Terminal))
	}
	named := make(map[string]Plan, len(f.Plan))
	for i := range f.Plan {
		p, err := f.Plan[i].plan()
		if err != nil {
			return nil, fmt.Errorf("plan %q: %w", f.Plan[i].Name, err)
		}
		if _, twice := named[p.Name]; twice {
			return nil, fmt.Errorf("plan %q stands twice", p.Name)
		}
		named[p.Name] = p
	}
	caps, err := newCaps(f.Wallet, f.Barcode)
	if err != nil {
		return nil, err
	}
	plans := &Plans{first: named[f.Plan[0].Name], merchants: map[string]Plan{}, terminals: map[string]Plan{}, caps: caps}
	for _, m := range f.Merchant {
		p, err := assigned(named, plans.merchants, m.ID, m.Plan)
		if err != nil {
			return nil, fmt.Errorf("merchant %q: %w", m.ID, err)
		}
		if m.NoPasswordMax != nil {
			if *m.NoPasswordMax < 0 || *m.NoPasswordMax > p.NoPasswordMax {
				return nil, fmt.Errorf("merchant %q: no_password_max may only be lower than the plan's", m.ID)
			}
			p.NoPasswordMax = *m.NoPasswordMax
		}
		plans.merchants[m.ID] = p
	}
	for _, t := range f.Terminal {
		p, err := assigned(named, plans.terminals, t.ID, t.Plan)
		if err != nil {
			return nil, fmt.Errorf("terminal %q: %w", t.ID, err)
		}
		plans.terminals[t.ID] = p
	}
	return plans, nil
}

// assigned is the plan that somebody new has.
func assigned(named, taken map[string]Plan, id, name string) (Plan, error) {
	p, known := named[name]
	_, twice := taken[id]
	switch {
	case id == "":
		return Plan{}, errors.New("no id")
	case twice:
		return Plan{}, errors.New("stands twice")
	case !known:
		return Plan{}, fmt.Errorf("no plan %q", name)
	}
	return p, nil
}

func (e entry) plan() (Plan, error) {
	capMost := int64(feeCapECNY)
	switch e.Kind {
	case "", "e-cny":
	case "cross-border":
		capMost = feeCapCrossBorder
	default:
		return Plan{}, fmt.Errorf("kind %q", e.Kind)
	}
	p := Plan{Name: e.Name, Fee: -1, FeeCap: capMost, NoPasswordMax: e.NoPasswordMax, NoPasswordCount: e.NoPasswordCount,
		HoldCapPercent: e.HoldCapPercent, HoldDays: e.HoldDays, Offline: e.Offline}
	if e.FeeCap != nil {
		p.FeeCap = *e.FeeCap
	}
	if e.Fee != nil {
		p.Fee = *e.Fee
	}
	switch {
	case e.Name == "" || len(e.Name) > nameMax:
		return Plan{}, errors.New("a name of 1 to 64 bytes is needed")
	case p.FeeCap < 0 || p.FeeCap > capMost:
		return Plan{}, fmt.Errorf("fee_cap_basis_points is %d, at most %d", p.FeeCap, capMost)
	case e.Fee != nil && (p.Fee < 0 || p.Fee > p.FeeCap):
		return Plan{}, fmt.Errorf("fee_basis_points is %d, the cap %d", p.Fee, p.FeeCap)
	case p.NoPasswordMax < 0 || p.NoPasswordMax > noPasswordMost:
		return Plan{}, fmt.Errorf("no_password_max is %d, at most %d", p.NoPasswordMax, noPasswordMost)
	case p.NoPasswordCount < noPasswordFewest || p.NoPasswordCount > noPasswordOften:
		return Plan{}, fmt.Errorf("no_password_count is %d, not %d to %d", p.NoPasswordCount, noPasswordFewest, noPasswordOften)
	case p.HoldCapPercent < 1 || p.HoldCapPercent > holdPercentMost:
		return Plan{}, fmt.Errorf("hold_cap_percent is %d, not 1 to %d", p.HoldCapPercent, holdPercentMost)
	case p.HoldDays < 1 || p.HoldDays > holdDaysMost:
		return Plan{}, fmt.Errorf("hold_days is %d, not 1 to %d", p.HoldDays, holdDaysMost)
	}
	return p, p.Offline.validate()
}

func (o Offline) validate() error {
	switch {
	case o.PaymentMax < 0 || o.WalletMax < 0 || o.TerminalMax < 0 || o.TerminalMax > math.MaxInt64/whole:
		return errors.New("offline: amount out of range")
	case o.WalletCountMax < 0 || o.WalletCountMax > offlineCountMost || o.TerminalCountMax < 0 || o.TerminalCountMax > offlineCountMost:
		return fmt.Errorf("offline: a count is not 0 to %d", offlineCountMost)
	case o.HoursMax < 0 || o.HoursMax > offlineHoursMost:
		return fmt.Errorf("offline: hours_max is %d, not 0 to %d", o.HoursMax, offlineHoursMost)
	case len(o.Shares) > sharesMost:
		return fmt.Errorf("offline: more than %d shares", sharesMost)
	}
	last := Share{Hours: -1, Percent: whole}
	for _, s := range o.Shares {
		if s.Hours <= last.Hours || s.Hours > offlineHoursMost || s.Percent < 0 || s.Percent > last.Percent {
			return errors.New("offline: shares must shrink as hours rise")
		}
		last = s
	}
	return nil
}
