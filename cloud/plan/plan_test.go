package plan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/plan"
)

func TestDefault(t *testing.T) {
	plans, err := plan.Default()
	require.NoError(t, err)
	p := plans.For("105290054110001", "10000001")
	require.Equal(t, int64(10), p.FeeCap)
	require.Negative(t, p.Fee, "the merchant's own rate holds")
	require.Equal(t, int64(1_000_00), p.NoPasswordMax)
	require.Equal(t, 10, p.NoPasswordCount)
	require.Equal(t, int64(100), p.HoldCapPercent)
	require.Equal(t, 30, p.HoldDays)
	require.Equal(t, int64(500_00), p.Offline.PaymentMax)
	require.Equal(t, 10, p.Offline.WalletCountMax)
	require.Equal(t, int64(720), p.Offline.HoursMax)
	require.Zero(t, plans.Caps().Barcode.DayMax(), "off for e-CNY")
	require.Equal(t, plan.Class{Class: 4, PaymentMax: 2_000_00, DayMax: 5_000_00, YearMax: 50_000_00, BalanceMax: 10_000_00},
		plans.Caps().Class(4))
	require.Zero(t, plans.Caps().Class(1).PaymentMax)
	require.Zero(t, plans.Caps().Class(9))
}

// small is a second plan behind the built-in document, with who has it.
const small = `
[[plan]]
name = "small"
fee_basis_points = 8
fee_cap_basis_points = 9
no_password_max = 50_000
no_password_count = 5
hold_cap_percent = 90
hold_days = 7
[plan.offline]
payment_max = 10_000

[[merchant]]
id = "105290054110002"
plan = "small"
no_password_max = 20_000

[[terminal]]
id = "10000009"
plan = "small"
`

func TestFor(t *testing.T) {
	plans, err := plan.Load(plan.Document() + small)
	require.NoError(t, err)
	require.Equal(t, "standard", plans.For("105290054110001", "10000001").Name)
	own := plans.For("105290054110002", "10000001")
	require.Equal(t, "small", own.Name)
	require.Equal(t, int64(8), own.Fee)
	require.Equal(t, int64(200_00), own.NoPasswordMax)
	require.Equal(t, int64(500_00), plans.For("105290054110001", "10000009").NoPasswordMax)
}

func TestBarcode(t *testing.T) {
	for grade, want := range map[string]int64{"A": 0, "B": 5_000_00, "C": 1_000_00, "D": 500_00} {
		text := strings.NewReplacer("enforced = false", "enforced = true", `grade = "B"`, `grade = "`+grade+`"`).Replace(plan.Document())
		plans, err := plan.Load(text)
		require.NoError(t, err)
		require.Equal(t, want, plans.Caps().Barcode.DayMax(), grade)
	}
}

func TestErrInvalid(t *testing.T) {
	for name, c := range map[string]struct{ from, to, says string }{
		"an unknown key with its line":     {"hold_days = 30", "hold_days = 30\nhold_weeks = 4", "line 15: unknown key plan.hold_weeks"},
		"no number with its line":          {"hold_days = 30", `hold_days = "long"`, "line 14"},
		"a rate above its cap":             {"fee_cap_basis_points = 10", "fee_cap_basis_points = 9\nfee_basis_points = 10", "the cap 9"},
		"a rate above the e-CNY cap":       {"fee_cap_basis_points = 10", "fee_basis_points = 11", "the cap 10"},
		"a negative rate":                  {"fee_cap_basis_points = 10", "fee_basis_points = -1", "fee_basis_points"},
		"a cap above that of e-CNY":        {"fee_cap_basis_points = 10", "fee_cap_basis_points = 11", "at most 10"},
		"an unknown kind":                  {`kind = "e-cny"`, `kind = "barter"`, "kind"},
		"a no-password cap above 1,000.00": {"no_password_max = 100_000", "no_password_max = 100_001", "no_password_max"},
		"four a day":                       {"no_password_count = 10", "no_password_count = 4", "no_password_count"},
		"eleven a day":                     {"no_password_count = 10", "no_password_count = 11", "no_password_count"},
		"a completion of 116 %":            {"hold_cap_percent = 100", "hold_cap_percent = 116", "hold_cap_percent"},
		"a hold of 31 days":                {"hold_days = 30", "hold_days = 31", "hold_days"},
		"721 hours offline":                {"hours_max = 720", "hours_max = 721", "hours_max"},
		"1,001 payments offline":           {"terminal_count_max = 200", "terminal_count_max = 1001", "count"},
		"a share that grows":               {"hours = 168, percent = 20", "hours = 168, percent = 51", "shrink"},
		"a negative amount offline":        {"wallet_max = 500_000", "wallet_max = -1", "amount"},
		"a wallet class twice":             {"class = 3", "class = 2", "twice"},
		"a wallet class 5":                 {"class = 3", "class = 5", "class 5"},
		"a grade E":                        {`grade = "B"`, `grade = "E"`, "grade"},
		"no name":                          {`name = "standard"`, `name = ""`, "name"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, plan.Document(), c.from)
			_, err := plan.Load(strings.Replace(plan.Document(), c.from, c.to, 1))
			require.ErrorIs(t, err, plan.ErrInvalid)
			require.ErrorContains(t, err, c.says)
		})
	}
	for name, behind := range map[string]string{
		"a plan twice":            strings.Replace(small, `name = "small"`, `name = "standard"`, 1),
		"a plan that is not":      strings.Replace(small, `plan = "small"`, `plan = "none"`, 1),
		"a merchant's higher cap": strings.Replace(small, "no_password_max = 20_000", "no_password_max = 50_001", 1),
		"a merchant twice":        small + "[[merchant]]\nid = \"105290054110002\"\nplan = \"small\"\n",
		"a terminal without id":   strings.Replace(small, `id = "10000009"`, `id = ""`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := plan.Load(plan.Document() + behind)
			require.ErrorIs(t, err, plan.ErrInvalid)
		})
	}
	_, err := plan.Load("")
	require.ErrorIs(t, err, plan.ErrInvalid, "a document without a plan")
}

func TestCrossBorderMayCostMore(t *testing.T) {
	text := strings.NewReplacer(`kind = "e-cny"`, `kind = "cross-border"`, "fee_cap_basis_points = 10", "fee_cap_basis_points = 30").
		Replace(plan.Document())
	plans, err := plan.Load(text)
	require.NoError(t, err)
	require.Equal(t, int64(30), plans.For("", "").FeeCap)
}

func TestRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "plans.toml")
	require.NoError(t, os.WriteFile(path, []byte(plan.Document()), 0o600))
	_, err := plan.Read(path)
	require.NoError(t, err)
	_, err = plan.Read(path + ".none")
	require.ErrorIs(t, err, os.ErrNotExist)
}
