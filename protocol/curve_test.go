package protocol_test

import (
	"fmt"
	"math/big"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tjfoc/gmsm/sm2"
)

// TestCurveOfTheSpecification: SPEC.md writes the curve out, and the programs sign over it.
func TestCurveOfTheSpecification(t *testing.T) {
	text, err := os.ReadFile("SPEC.md")
	require.NoError(t, err)
	curve := sm2.P256Sm2().Params()
	a := new(big.Int).Sub(curve.P, big.NewInt(3))
	for name, value := range map[string]*big.Int{
		"p": curve.P, "a": a, "b": curve.B, "n": curve.N, "xG": curve.Gx, "yG": curve.Gy,
	} {
		require.Contains(t, string(text), fmt.Sprintf("| %s | %064X |\n", name, value))
	}
}
