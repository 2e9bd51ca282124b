package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestExampleSettings holds the documented example to the program: it is read strictly, and names every key.
func TestExampleSettings(t *testing.T) {
	settings, err := ReadSettings("cloud.example.toml")
	require.NoError(t, err)
	require.Equal(t, []string{"broker.example.com"}, settings.Broker.Names)
	require.Equal(t, 45*time.Second, settings.timing().GiveUpAfter)
	require.Len(t, settings.Operators, 1)
	require.Equal(t, "ICBC", settings.Operators[0].Code)
}
