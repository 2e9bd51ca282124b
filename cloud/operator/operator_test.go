package operator_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/operator"
	"github.com/yuantill/yuantill/protocol/message"
)

func TestReasonsMatchTheProtocol(t *testing.T) {
	require.Len(t, message.Reason_name, int(operator.ReasonMax)+1)
	for reason := operator.ReasonInsufficientFunds; reason <= operator.ReasonMax; reason++ {
		require.Equal(t, "REASON_"+strings.ToUpper(reason.String()), message.Reason(reason).String())
	}
}

func TestMethodsMatchTheProtocol(t *testing.T) {
	for method := operator.MethodCode; method <= operator.MethodShown; method++ {
		require.Equal(t, "METHOD_"+strings.ToUpper(method.String()), message.Method(method).String())
	}
}

func TestNamesReadBack(t *testing.T) {
	for method := operator.MethodCode; method <= operator.MethodShown; method++ {
		again, err := operator.ParseMethod(method.String())
		require.NoError(t, err)
		require.Equal(t, method, again)
	}
	for status := operator.StatusApproved; status <= operator.StatusRefundRefused; status++ {
		again, err := operator.ParseStatus(status.String())
		require.NoError(t, err)
		require.Equal(t, status, again)
	}
	for reason := operator.ReasonNone; reason <= operator.ReasonMax; reason++ {
		again, err := operator.ParseReason(reason.String())
		require.NoError(t, err)
		require.Equal(t, reason, again)
	}
	for _, parse := range []func() error{
		func() error { _, err := operator.ParseMethod("invalid"); return err },
		func() error { _, err := operator.ParseStatus("invalid"); return err },
		func() error { _, err := operator.ParseReason("invalid"); return err },
	} {
		require.Error(t, parse())
	}
}

func TestParseOrderID(t *testing.T) {
	id, err := operator.ParseOrderID("0193b2c4d5e6f708091a2b3c4d5e6f70")
	require.NoError(t, err)
	require.Equal(t, "0193b2c4d5e6f708091a2b3c4d5e6f70", id.String())
	for _, text := range []string{"", "0193", strings.Repeat("g", 32), strings.Repeat("0", 34)} {
		_, err := operator.ParseOrderID(text)
		require.ErrorIs(t, err, operator.ErrInvalidOrderID)
	}
}

func TestRequestNeverShowsTheCode(t *testing.T) {
	const code = "0198765432109876543"
	request := operator.Request{Code: code, Card: []byte("card-transaction"), Merchant: "102290058120001", Amount: 5}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("authorise", "request", request)
	for _, text := range []string{fmt.Sprint(request), fmt.Sprintf("%+v", request), fmt.Sprintf("%#v", request), log.String()} {
		require.NotContains(t, text, code)
		require.NotContains(t, text, "card-transaction")
		require.Contains(t, text, "102290058120001")
	}
}

func TestErrors(t *testing.T) {
	cause := errors.New("connection refused")
	notSent := &operator.NotSentError{Operation: "authorise", Cause: cause}
	require.EqualError(t, notSent, "authorise: not sent: connection refused")
	require.ErrorIs(t, notSent, cause)
	unknown := &operator.UnknownOutcomeError{Operation: "query", HTTPStatus: 503, Code: "busy", Cause: cause}
	require.EqualError(t, unknown, "query: outcome unknown: status 503: busy: connection refused")
	require.ErrorIs(t, unknown, cause)
}
