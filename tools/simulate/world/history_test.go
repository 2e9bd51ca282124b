package world

import (
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/protocol/message"
)

func TestADefiniteOutcomeStays(t *testing.T) {
	const (
		none, unknown      = message.Outcome_OUTCOME_UNSPECIFIED, message.Outcome_OUTCOME_UNKNOWN
		approved, reversed = message.Outcome_OUTCOME_APPROVED, message.Outcome_OUTCOME_REVERSED
	)
	operation := func(sale byte, call, end int64, output answered) porcupine.Operation {
		return porcupine.Operation{ClientId: int(call), Input: asked{till: "till", sale: order{sale}}, Call: call, Return: end, Output: output}
	}
	said := func(outcomes ...message.Outcome) []porcupine.Operation {
		var all []porcupine.Operation
		for i, outcome := range outcomes {
			all = append(all, operation(1, int64(10*i), int64(10*i+1), answered{outcome: outcome}))
		}
		return all
	}
	doubled := func(operations []porcupine.Operation) []porcupine.Operation {
		for i := range operations {
			key := operations[i].Input.(asked)
			key.doubled = true
			operations[i].Input = key
		}
		return operations
	}
	const declined = message.Outcome_OUTCOME_DECLINED
	for name, c := range map[string]struct {
		history []porcupine.Operation
		fits    bool
	}{
		"OK":                      {said(none, unknown, unknown, approved, approved), true},
		"AtOnce":                  {said(none, reversed), true},
		"CardThatDidNotPay":       {said(none, unknown, none), true},
		"ApprovedThenUnknown":     {said(approved, unknown), false},
		"ApprovedThenReversed":    {said(none, approved, reversed), false},
		"ApprovedThenDeclined":    {said(approved, declined), false},
		"OfACopiedCardItMay":      {doubled(said(approved, declined)), true},
		"AndNothingElse":          {doubled(said(approved, declined, approved)), false},
		"AtTheSameTimeEitherWay":  {[]porcupine.Operation{operation(1, 0, 10, answered{outcome: approved}), operation(1, 1, 11, answered{outcome: unknown})}, true},
		"DeadProcessSaysNothing":  {append(said(unknown), operation(1, 5, 1<<62, answered{silent: true})), true},
		"AnotherSaleIsItsOwn":     {append(said(approved), operation(2, 100, 101, answered{outcome: unknown})), true},
		"AfterTheDeathStillHolds": {append(append(said(approved), operation(1, 5, 1<<62, answered{silent: true})), operation(1, 50, 51, answered{outcome: none})), false},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, c.fits, porcupine.CheckOperations(register(), c.history))
		})
	}
}
