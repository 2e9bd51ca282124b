package profile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/profile"
)

const (
	wholePage = `{"day":"2026-11-23","page":1,"pages":1,"trailer":{"count":1,"paid":5,"returned":0,"disputed":0},"lines":[` + wholeLine + `]}`
	wholeLine = `{"order":"00000000000000000000000000000001","reference":"R1","kind":"payment","amount":5,"currency":"CNY","at":1795363200000}`
)

// noon is in the day of wholePage.
var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

func TestDecodeStatementRefuses(t *testing.T) {
	_, err := profile.DecodeStatementPage([]byte(wholePage))
	require.NoError(t, err)
	for name, change := range map[string][2]string{
		"Day":           {`2026-11-23`, `2026-11-31`},
		"PageZero":      {`"page":1`, `"page":0`},
		"NoPages":       {`"pages":1`, `"pages":0`},
		"TooManyPages":  {`"pages":1`, `"pages":10001`},
		"NegativeSum":   {`"paid":5`, `"paid":-5`},
		"NegativeCount": {`"count":1`, `"count":-1`},
		"Order":         {`0000000000000001"`, `1"`},
		"FollowUp":      {`"reference"`, `"follow_up":"7","reference"`},
		"NoReference":   {`"R1"`, `""`},
		"LongReference": {`"R1"`, `"` + strings.Repeat("R", 65) + `"`},
		"Kind":          {`"payment"`, `"gift"`},
		"AmountZero":    {`"amount":5`, `"amount":0`},
		"NoCurrency":    {`"CNY"`, `""`},
		"UnknownField":  {`"page":1`, `"page":1,"colour":1`},
		"TooManyLines":  {wholeLine, strings.TrimSuffix(strings.Repeat(wholeLine+",", operator.StatementLinesMax+1), ",")},
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.Replace(wholePage, change[0], change[1], 1)
			require.NotEqual(t, wholePage, body)
			_, err := profile.DecodeStatementPage([]byte(body))
			require.ErrorIs(t, err, profile.ErrBody)
		})
	}
	for _, body := range []string{`{"day":"2026-11-23","page":0}`, `{"day":"today","page":1}`, `{"day":"2026-11-23","page":10001}`, `{`} {
		_, err := profile.DecodeStatementRequest([]byte(body))
		require.ErrorIs(t, err, profile.ErrBody, body)
	}
}

func TestLongestStatementPageFits(t *testing.T) {
	page := operator.StatementPage{StatementRequest: operator.StatementRequest{Day: operator.DayOf(noon), Page: 1}, Pages: 1}
	for range operator.StatementLinesMax {
		line := operator.StatementLine{OrderID: operator.OrderID{1}, FollowUp: operator.FollowUpID{2}, Reference: strings.Repeat("R", 64),
			Kind: operator.LineCompletion, Amount: 1 << 60, Currency: "CNY", At: noon}
		require.True(t, page.Trailer.Add(line) || page.Trailer.Count > 0)
		page.Lines = append(page.Lines, line)
	}
	body, err := profile.EncodeStatementPage(page)
	require.NoError(t, err)
	require.LessOrEqual(t, len(body), profile.BodyMax)
	again, err := profile.DecodeStatementPage(body)
	require.NoError(t, err)
	require.Equal(t, page, again)
}

func FuzzDecodeStatementPage(f *testing.F) {
	f.Add([]byte(wholePage))
	f.Fuzz(func(t *testing.T, body []byte) {
		page, err := profile.DecodeStatementPage(body)
		if err != nil {
			require.ErrorIs(t, err, profile.ErrBody)
			return
		}
		encoded, err := profile.EncodeStatementPage(page)
		require.NoError(t, err)
		again, err := profile.DecodeStatementPage(encoded)
		require.NoError(t, err)
		require.Equal(t, page, again)
	})
}
