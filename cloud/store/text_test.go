package store_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/store"
)

func TestOneLine(t *testing.T) {
	for text, is := range map[string]bool{"": true, "王芳": true, "王芳芳": false, "a\n": false, "\x1b": false, "\xff": false, "\u0085": false} {
		require.Equal(t, is, store.OneLine(text, 2), "%q", text)
	}
}
