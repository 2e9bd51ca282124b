package profile_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/cloud/operator/profile"
)

func exampleStamp() profile.Stamp {
	return profile.Stamp{Client: "48021000", Key: "0011223344556677", Request: strings.Repeat("ab", 16), Nonce: strings.Repeat("cd", 16), Millis: 1795392000123}
}

func TestSignedBytes(t *testing.T) {
	stamp := exampleStamp()
	require.Equal(t, "YT-OPERATOR-1 REQUEST\n/v1/query\n48021000\n0011223344556677\nabababababababababababababababab\n"+
		"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\n1795392000123\n{}", string(stamp.SignedRequest("/v1/query", []byte("{}"))))
	require.Equal(t, "YT-OPERATOR-1 ANSWER\n200\nabababababababababababababababab\n"+
		"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\n1795392000456\n{}", string(stamp.SignedAnswer(200, 1795392000456, []byte("{}"))))
}

func TestStamp(t *testing.T) {
	seal := profile.Seal{Signature: [64]byte(bytes.Repeat([]byte{7}, 64)), Proof: profile.Proof{Index: 1, Path: []profile.Hash{{9}}}}
	header := http.Header{}
	exampleStamp().SetHeader(header, seal)
	t.Run("OK", func(t *testing.T) {
		stamp, got, err := profile.ParseStamp(header)
		require.NoError(t, err)
		require.Equal(t, exampleStamp(), stamp)
		require.Equal(t, seal, got)
	})
	for name, value := range map[string]string{profile.HeaderClient: strings.Repeat("x", 33), profile.HeaderRequest: "ab",
		profile.HeaderNonce: strings.Repeat("zz", 16), profile.HeaderTime: "yesterday", profile.HeaderSignature: "AAAA"} {
		for _, value := range []string{value, ""} {
			t.Run("ErrHeader"+name+value, func(t *testing.T) {
				spoiled := header.Clone()
				spoiled.Set(name, value)
				_, _, err := profile.ParseStamp(spoiled)
				require.ErrorIs(t, err, profile.ErrHeader)
			})
		}
	}
}

func TestBodiesReadBack(t *testing.T) {
	id := operator.OrderID{1, 2, 3}
	request := operator.Request{OrderID: id, Merchant: "102290058120001", Terminal: "T0000001", Method: operator.MethodTap, Amount: 1250, Currency: "CNY", Card: []byte{1, 2},
		Verify: true, Offline: true}
	body, err := profile.EncodeRequest(request)
	require.NoError(t, err)
	again, err := profile.DecodeRequest(body)
	require.NoError(t, err)
	require.Equal(t, request, again)

	inquiry := operator.Inquiry{OrderID: id, Merchant: "102290058120001", Amount: 1250, Currency: "CNY"}
	body, err = profile.EncodeInquiry(inquiry)
	require.NoError(t, err)
	sameInquiry, err := profile.DecodeInquiry(body)
	require.NoError(t, err)
	require.Equal(t, inquiry, sameInquiry)

	answer := operator.Answer{OrderID: id, Status: operator.StatusApproved, Amount: 1250, Currency: "CNY", Reference: "R1", AuthCode: "123456",
		PayerOperator: "CCB", WalletMasked: "000200******5678", At: time.UnixMilli(1795392000456).UTC()}
	body, err = profile.EncodeAnswer(answer)
	require.NoError(t, err)
	sameAnswer, err := profile.DecodeAnswer(body, 1795392000456)
	require.NoError(t, err)
	require.Equal(t, answer, sameAnswer)

	undo := operator.FollowUp{ID: operator.FollowUpID{7}, OrderID: id, Merchant: "102290058120001", Kind: operator.KindUndo, Amount: 250, Currency: "CNY",
		Undoes: operator.FollowUpID{8}}
	completion := undo
	completion.Kind, completion.Undoes, completion.Last = operator.KindComplete, operator.FollowUpID{}, true
	for _, f := range []operator.FollowUp{undo, completion} {
		body, err = profile.EncodeFollowUp(f)
		require.NoError(t, err)
		same, err := profile.DecodeFollowUp(body)
		require.NoError(t, err)
		require.Equal(t, f, same)
	}
	done := operator.FollowUpAnswer{ID: operator.FollowUpID{7}, OrderID: id, Status: operator.FollowUpDone, Amount: 250, Currency: "CNY",
		Reference: "F1", At: time.UnixMilli(1795392000456).UTC()}
	body, err = profile.EncodeFollowUpAnswer(done)
	require.NoError(t, err)
	sameDone, err := profile.DecodeFollowUpAnswer(body, 1795392000456)
	require.NoError(t, err)
	require.Equal(t, done, sameDone)

	body, err = profile.EncodeError(profile.CodeBusy, "later")
	require.NoError(t, err)
	sameError, err := profile.DecodeError(body)
	require.NoError(t, err)
	require.Equal(t, profile.ErrorBody{Code: "busy", Message: "later"}, sameError)
}

func TestDecodeAnswerRefuses(t *testing.T) {
	const order = `"order":"00000000000000000000000000000001"`
	for name, body := range map[string]string{
		"NoJSON":             `{`,
		"Trailing":           `{` + order + `,"status":"not_found","amount":0}{}`,
		"UnknownField":       `{` + order + `,"status":"not_found","amount":0,"colour":1}`,
		"UnknownStatus":      `{` + order + `,"status":"perhaps","amount":0}`,
		"NoOrder":            `{"status":"not_found","amount":0}`,
		"Fraction":           `{` + order + `,"status":"not_found","amount":0.5}`,
		"NegativeAmount":     `{` + order + `,"status":"declined","amount":-1}`,
		"ApprovedNoRef":      `{` + order + `,"status":"approved","amount":1,"currency":"CNY","auth_code":"123456"}`,
		"ApprovedNoAuthCode": `{` + order + `,"status":"approved","amount":1,"currency":"CNY","reference":"R"}`,
		"AuthCodeLength":     `{` + order + `,"status":"approved","amount":1,"reference":"R","auth_code":"12345"}`,
		"FullWallet":         `{` + order + `,"status":"declined","amount":1,"wallet":"0002000012345678"}`,
		"LongReference":      `{` + order + `,"status":"declined","amount":1,"reference":"` + strings.Repeat("R", 65) + `"}`,
		"TooLong":            `{"order":"` + strings.Repeat("0", profile.BodyMax) + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := profile.DecodeAnswer([]byte(body), 0)
			require.ErrorIs(t, err, profile.ErrBody)
			require.NotContains(t, err.Error(), "0002000012345678")
		})
	}
	t.Run("UnknownReasonStaysDefinite", func(t *testing.T) {
		answer, err := profile.DecodeAnswer([]byte(`{`+order+`,"status":"declined","amount":1,"reason":"moon_phase"}`), 0)
		require.NoError(t, err)
		require.Equal(t, operator.ReasonOther, answer.Reason)
	})
}

func TestDecodeRequestRefuses(t *testing.T) {
	const facts = `"order":"00000000000000000000000000000001","merchant":"M","terminal":"T","currency":"CNY"`
	for name, body := range map[string]string{
		"CodeMissing": `{` + facts + `,"method":"code","amount":1}`,
		"CodeOnShown": `{` + facts + `,"method":"shown","amount":1,"code":"0112345678901234567"}`,
		"CardMissing": `{` + facts + `,"method":"tap","amount":1}`,
		"OfflineCode": `{` + facts + `,"method":"code","amount":1,"code":"0112345678901234567","offline":true}`,
		"AmountZero":  `{` + facts + `,"method":"shown","amount":0}`,
		"Method":      `{` + facts + `,"method":"fax","amount":1}`,
		"Order":       `{"order":"1","merchant":"M","terminal":"T","currency":"CNY","method":"shown","amount":1}`,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := profile.DecodeRequest([]byte(body))
			require.ErrorIs(t, err, profile.ErrBody)
			require.NotContains(t, err.Error(), "0112345678901234567")
		})
	}
	_, err := profile.DecodeInquiry([]byte(`{"order":"00000000000000000000000000000001","merchant":"M","amount":0,"currency":"CNY"}`))
	require.ErrorIs(t, err, profile.ErrBody)
	_, err = profile.DecodeError([]byte(`{}`))
	require.ErrorIs(t, err, profile.ErrBody)
}

func TestNeverProcessed(t *testing.T) {
	for code, want := range map[string]bool{profile.CodeBadSignature: true, profile.CodeUnknownKey: true, profile.CodeStale: true,
		profile.CodeMalformed: true, profile.CodeUnknownMerchant: true, profile.CodeReplayed: false, profile.CodeOrderConflict: false,
		profile.CodeBusy: false, profile.CodeInternal: false, "": false, "new": false} {
		require.Equal(t, want, profile.NeverProcessed(code), code)
	}
}

func FuzzDecodeAnswer(f *testing.F) {
	f.Add([]byte(`{"order":"00000000000000000000000000000001","status":"approved","amount":1,"currency":"CNY","reference":"R","auth_code":"123456","wallet":"000200******5678"}`))
	f.Add([]byte(`{"order":"00000000000000000000000000000001","status":"declined","reason":"other","amount":0}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		answer, err := profile.DecodeAnswer(body, 1)
		if err != nil {
			require.ErrorIs(t, err, profile.ErrBody)
			return
		}
		encoded, err := profile.EncodeAnswer(answer)
		require.NoError(t, err)
		again, err := profile.DecodeAnswer(encoded, 1)
		require.NoError(t, err)
		require.Equal(t, answer, again)
	})
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add([]byte(`{"order":"00000000000000000000000000000001","merchant":"M","terminal":"T","method":"code","amount":1,"currency":"CNY","code":"0112345678901234567"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		request, err := profile.DecodeRequest(body)
		if err != nil {
			require.ErrorIs(t, err, profile.ErrBody)
			return
		}
		require.Positive(t, request.Amount)
		require.Equal(t, request.Method == operator.MethodCode, request.Code != "")
	})
}
