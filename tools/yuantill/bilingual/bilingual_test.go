package bilingual_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
)

func TestPick(t *testing.T) {
	text := bilingual.Text{Chinese: "流水", English: "journal"}
	require.Equal(t, "流水  journal", bilingual.Both.Pick(text))
	require.Equal(t, "流水", bilingual.Chinese.Pick(text))
	require.Equal(t, "journal", bilingual.English.Pick(text))
	t.Run("the other serves where one is missing", func(t *testing.T) {
		require.Equal(t, "journal", bilingual.Chinese.Pick(bilingual.Text{English: "journal"}))
		require.Equal(t, "流水", bilingual.English.Pick(bilingual.Text{Chinese: "流水"}))
		require.Empty(t, bilingual.Both.Pick(bilingual.Text{}))
	})
	t.Run("the same word is not said twice", func(t *testing.T) {
		require.Equal(t, "PN532", bilingual.Both.Pick(bilingual.Text{Chinese: "PN532", English: "PN532"}))
	})
}

func TestSet(t *testing.T) {
	for _, want := range []bilingual.Language{bilingual.Both, bilingual.Chinese, bilingual.English} {
		var got bilingual.Language
		require.NoError(t, got.Set(want.String()))
		require.Equal(t, want, got)
	}
	var l bilingual.Language
	require.ErrorIs(t, l.Set("de"), bilingual.ErrLanguage)
	require.Equal(t, "zh|en|both", l.Type())
}
