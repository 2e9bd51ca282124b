package profile_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/profile"
)

const ids = `"follow_up":"00000000000000000000000000000002","order":"00000000000000000000000000000001"`

func TestDecodeFollowUpRefuses(t *testing.T) {
	const facts = ids + `,"merchant":"M","currency":"CNY"`
	for name, body := range map[string]string{
		"NoJSON":         `{`,
		"NoID":           `{"order":"00000000000000000000000000000001","merchant":"M","currency":"CNY","kind":"refund","amount":1}`,
		"NoOrder":        `{"follow_up":"00000000000000000000000000000001","merchant":"M","currency":"CNY","kind":"refund","amount":1}`,
		"Kind":           `{` + facts + `,"kind":"gift","amount":1}`,
		"AmountZero":     `{` + facts + `,"kind":"refund","amount":0}`,
		"NoMerchant":     `{` + ids + `,"currency":"CNY","kind":"refund","amount":1}`,
		"UndoOfNothing":  `{` + facts + `,"kind":"undo","amount":1}`,
		"UndoesNoID":     `{` + facts + `,"kind":"undo","amount":1,"undoes":"7"}`,
		"RefundUndoes":   `{` + facts + `,"kind":"refund","amount":1,"undoes":"00000000000000000000000000000003"}`,
		"LastOfARefund":  `{` + facts + `,"kind":"refund","amount":1,"last":true}`,
		"UnknownField":   `{` + facts + `,"kind":"refund","amount":1,"colour":1}`,
		"TrailingObject": `{` + facts + `,"kind":"refund","amount":1}{}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := profile.DecodeFollowUp([]byte(body))
			require.ErrorIs(t, err, profile.ErrBody)
		})
	}
}

func TestDecodeFollowUpAnswer(t *testing.T) {
	for name, body := range map[string]string{
		"Status":         `{` + ids + `,"status":"approved","amount":1,"currency":"CNY"}`,
		"NegativeAmount": `{` + ids + `,"status":"refused","amount":-1}`,
		"DoneOfNothing":  `{` + ids + `,"status":"done","amount":0,"currency":"CNY"}`,
		"DoneNoCurrency": `{` + ids + `,"status":"done","amount":1}`,
		"NoIDs":          `{"status":"refused","amount":0}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := profile.DecodeFollowUpAnswer([]byte(body), 0)
			require.ErrorIs(t, err, profile.ErrBody)
		})
	}
	t.Run("UnknownReasonStaysDefinite", func(t *testing.T) {
		answer, err := profile.DecodeFollowUpAnswer([]byte(`{`+ids+`,"status":"refused","amount":0,"reason":"moon_phase"}`), 0)
		require.NoError(t, err)
		require.Equal(t, operator.FollowUpRefused, answer.Status)
		require.Equal(t, operator.ReasonOther, answer.Reason)
	})
}

func FuzzDecodeFollowUp(f *testing.F) {
	f.Add([]byte(`{` + ids + `,"merchant":"M","currency":"CNY","kind":"undo","amount":1,"undoes":"00000000000000000000000000000003"}`))
	f.Add([]byte(`{` + ids + `,"merchant":"M","currency":"CNY","kind":"complete","amount":1,"last":true}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		request, err := profile.DecodeFollowUp(body)
		if err != nil {
			return
		}
		again, err := profile.EncodeFollowUp(request)
		require.NoError(t, err)
		same, err := profile.DecodeFollowUp(again)
		require.NoError(t, err)
		require.Equal(t, request, same)
	})
}

func FuzzDecodeFollowUpAnswer(f *testing.F) {
	f.Add([]byte(`{`+ids+`,"status":"done","amount":1,"currency":"CNY","reference":"R"}`), int64(0))
	f.Fuzz(func(t *testing.T, body []byte, millis int64) {
		answer, err := profile.DecodeFollowUpAnswer(body, millis)
		if err != nil {
			return
		}
		again, err := profile.EncodeFollowUpAnswer(answer)
		require.NoError(t, err)
		same, err := profile.DecodeFollowUpAnswer(again, millis)
		require.NoError(t, err)
		require.Equal(t, answer, same)
	})
}
