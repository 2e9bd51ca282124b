package alarm_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/cloud/alarm"
	"github.com/yuantill/yuantill/cloud/payment"
	"github.com/yuantill/yuantill/cloud/reconcile"
	"github.com/yuantill/yuantill/protocol/message"
)

func TestEveryEntryIsInBothLanguages(t *testing.T) {
	kinds, titles := map[string]bool{}, map[string]bool{}
	for _, e := range append(alarm.All(), alarm.Of("new-kind")) {
		require.False(t, kinds[e.Kind], e.Kind)
		require.False(t, titles[e.Title.Chinese], "%s reads as another", e.Kind)
		kinds[e.Kind], titles[e.Title.Chinese] = true, true
		for _, text := range []alarm.Text{e.Title, e.Meaning, e.Next} {
			require.True(t, strings.ContainsFunc(text.Chinese, func(r rune) bool { return unicode.Is(unicode.Han, r) }), e.Kind)
			require.NotEmpty(t, text.English, e.Kind)
			require.False(t, strings.ContainsFunc(text.English, func(r rune) bool { return r >= 0x80 }), "%s: %s", e.Kind, text.English)
			require.Equal(t, text.Chinese+" · "+text.English, text.String())
		}
	}
}

// TestEveryAlarmHasAnEntry reads the cloud's source for the kinds that it raises, so that none is told without words.
func TestEveryAlarmHasAnEntry(t *testing.T) {
	raised := map[string]bool{}
	for number, name := range message.Refusal_Cause_name {
		if number != 0 {
			raised[strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "CAUSE_")), "_", "-")] = true
		}
	}
	for kind := range 256 {
		if name := payment.AlarmKind(kind).String(); name != "invalid" {
			raised["payment-"+name] = true
		}
	}
	for _, kind := range reconcile.Kinds() {
		raised["reconcile-"+string(kind)] = true
	}
	literal := kindsIn(t, "..")
	require.Contains(t, literal, "store-full", "the source was read")
	require.Contains(t, literal, "shift-differs", "and its constants")
	for kind := range literal {
		raised[kind] = true
	}
	known := map[string]bool{}
	for _, e := range alarm.All() {
		known[e.Kind] = true
		require.True(t, raised[e.Kind], "nobody raises %s", e.Kind)
	}
	for kind := range raised {
		require.True(t, known[kind], "%s has no entry", kind)
	}
	require.Contains(t, alarm.Of("new-kind").Title.English, "new-kind")
}

// kindsIn are the literal kinds of alarm in the programs below a folder: those of store.Alarm, and the constants of package
// alarm, of names that begin with alarm, and of what is wrong with a hard wallet.
func kindsIn(t *testing.T, folder string) map[string]bool {
	t.Helper()
	kinds := map[string]bool{}
	add := func(expression ast.Expr) {
		if text, ok := expression.(*ast.BasicLit); ok && text.Kind == token.STRING {
			kind, err := strconv.Unquote(text.Value)
			require.NoError(t, err)
			kinds[kind] = true
		}
	}
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.Contains(path, "store") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.CompositeLit:
				for _, value := range kindOf(n) {
					add(value)
				}
			case *ast.ValueSpec:
				for i, name := range n.Names {
					ours := strings.HasPrefix(name.Name, "alarm") || file.Name.Name == "alarm"
					if (ours || name.Name == "doubleSpent" || name.Name == "replayed") && i < len(n.Values) {
						add(n.Values[i])
					}
				}
			}
			return true
		})
		return nil
	}))
	return kinds
}

// kindOf is what a literal of store.Alarm has for its kind.
func kindOf(literal *ast.CompositeLit) []ast.Expr {
	alarms := strings.HasSuffix(typeName(literal.Type), "Alarm")
	var found []ast.Expr
	for _, element := range literal.Elts {
		if inner, ok := element.(*ast.CompositeLit); ok && inner.Type == nil && alarms {
			inner.Type = literal.Type
		}
		pair, ok := element.(*ast.KeyValueExpr)
		if !ok || !alarms {
			continue
		}
		if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "Kind" {
			found = append(found, pair.Value)
		}
	}
	return found
}

// typeName is the name of a type or of its elements.
func typeName(expression ast.Expr) string {
	switch e := expression.(type) {
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.ArrayType:
		return typeName(e.Elt)
	case *ast.Ident:
		return e.Name
	default:
		return ""
	}
}
