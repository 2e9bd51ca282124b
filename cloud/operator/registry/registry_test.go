package registry_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/registry"
)

func TestDefault(t *testing.T) {
	operators, err := registry.Default()
	require.NoError(t, err)
	codes := []string{"ICBC", "ABC", "BOC", "CCB", "BOCOM", "PSBC", "CMB", "CIB", "WEBANK", "MYBANK", "CITIC", "CEB", "HXB", "CMBC",
		"CGB", "SPDB", "CZB", "NBCB", "JSB", "BOB", "NJCB", "SZB"}
	batches := map[int]int{}
	names := map[string]bool{}
	require.Equal(t, len(codes), registry.Size(operators))
	for _, code := range codes {
		entry, err := operators.Get(code)
		require.NoError(t, err)
		batches[entry.Batch]++
		require.EqualValues(t, 10, entry.FeeCapBasisPoints)
		require.False(t, names[entry.Name], "%s appears twice", entry.Name)
		names[entry.Name] = true
		for method := operator.MethodCode; method <= operator.MethodShown; method++ {
			require.True(t, entry.Takes(method, 1))
		}
	}
	require.Equal(t, map[int]int{1: 10, 2: 12}, batches)
	_, err = operators.Get("NOBODY")
	require.ErrorIs(t, err, registry.ErrUnknownOperator)
}

func TestLoadRefusesMistakes(t *testing.T) {
	const good = "[[operator]]\ncode = \"AAA\"\nname = \"甲\"\nname_en = \"A\"\nbatch = 1\n"
	_, err := registry.Load(good)
	require.NoError(t, err)
	for name, c := range map[string]struct{ document, says string }{
		"Empty":          {"", "0 operators"},
		"UnknownKey":     {good + "colour = \"red\"\n", "line 6: unknown key operator.colour"},
		"Syntax":         {good + "= 3\n", "line 6"},
		"Duplicate":      {good + good, "AAA appears twice"},
		"LowerCaseCode":  {strings.Replace(good, "AAA", "aaa", 1), "code must be"},
		"NoName":         {strings.Replace(good, "甲", "", 1), "name and name_en"},
		"Batch":          {strings.Replace(good, "batch = 1", "batch = 3", 1), "batch is 3"},
		"FeeCap":         {good + "fee_cap_basis_points = 10001\n", "fee_cap_basis_points is 10001"},
		"NegativeMax":    {good + "payment_max = -1\n", "payment_max is -1"},
		"UnknownRoute":   {good + "routes = [\"fax\"]\n", "unknown method"},
		"DuplicateRoute": {good + "routes = [\"tap\", \"tap\"]\n", "route tap appears twice"},
		"NoRoutes":       {good + "routes = []\n", "routes is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := registry.Load(c.document)
			require.ErrorIs(t, err, registry.ErrInvalid)
			require.ErrorContains(t, err, c.says)
		})
	}
}

func TestRoute(t *testing.T) {
	operators, err := registry.Load(`
[[operator]]
code = "AAA"
name = "甲"
name_en = "A"
batch = 1
payment_max = 50000
[[operator]]
code = "BBB"
name = "乙"
name_en = "B"
batch = 1
routes = ["code", "shown"]
[[operator]]
code = "CCC"
name = "丙"
name_en = "C"
batch = 2
fee_cap_basis_points = 5
`)
	require.NoError(t, err)
	merchant := registry.Merchant{ID: "M", First: "AAA", BackUps: []string{"BBB", "CCC"}}
	for name, c := range map[string]struct {
		method operator.Method
		amount int64
		down   string
		want   []string
	}{
		"FirstThenBackUps":      {operator.MethodCode, 100, "", []string{"AAA", "BBB", "CCC"}},
		"AboveLimitOfFirst":     {operator.MethodCode, 50_001, "", []string{"BBB", "CCC"}},
		"AtLimitOfFirst":        {operator.MethodCode, 50_000, "", []string{"AAA", "BBB", "CCC"}},
		"MethodNotTaken":        {operator.MethodTap, 100, "", []string{"AAA", "CCC"}},
		"AilingGoesLast":        {operator.MethodCode, 100, "AAA", []string{"BBB", "CCC", "AAA"}},
		"AilingStaysWhenAlone":  {operator.MethodTap, 60_000, "CCC", []string{"CCC"}},
		"EveryoneAilingIsKept":  {operator.MethodCode, 100, "AAA BBB CCC", []string{"AAA", "BBB", "CCC"}},
		"ShownGoesToThoseTwoOn": {operator.MethodShown, 50_001, "", []string{"BBB", "CCC"}},
	} {
		t.Run(name, func(t *testing.T) {
			route, err := operators.Route(merchant, c.method, c.amount, func(code string) bool { return !strings.Contains(c.down, code) })
			require.NoError(t, err)
			require.Equal(t, c.want, route)
		})
	}
	t.Run("ErrNoRoute", func(t *testing.T) {
		_, err := operators.Route(registry.Merchant{ID: "M", First: "BBB"}, operator.MethodTap, 100, nil)
		require.ErrorIs(t, err, registry.ErrNoRoute)
	})
	t.Run("ErrUnknownOperator", func(t *testing.T) {
		_, err := operators.Route(registry.Merchant{ID: "M", First: "ZZZ"}, operator.MethodCode, 100, nil)
		require.ErrorIs(t, err, registry.ErrUnknownOperator)
	})
	t.Run("ErrInvalidOnDouble", func(t *testing.T) {
		require.ErrorIs(t, operators.Check(registry.Merchant{First: "AAA", BackUps: []string{"AAA"}}), registry.ErrInvalid)
	})
	t.Run("ErrInvalidOnTooManyBackUps", func(t *testing.T) {
		require.ErrorIs(t, operators.Check(registry.Merchant{First: "AAA", BackUps: []string{"BBB", "CCC", "BBB", "CCC"}}), registry.ErrInvalid)
	})
}
