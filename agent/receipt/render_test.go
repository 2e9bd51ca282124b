package receipt_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/yuantill/yuantill/drivers"
	"github.com/yuantill/yuantill/drivers/printer/escpos"
)

// render writes a document as plain text of so many columns, large text marked by its scale.
func render(t *testing.T, document drivers.Document, columns int) string {
	t.Helper()
	var out strings.Builder
	for _, block := range document.Blocks {
		switch b := block.(type) {
		case drivers.Text:
			scale := max(b.Scale, 1)
			for _, line := range escpos.Lines(b.Content, columns/scale) {
				out.WriteString(indent(line, b.Align, columns, scale) + mark(line, b.Bold, scale) + "\n")
			}
		case drivers.Pair:
			out.WriteString(pair(b, columns))
		case drivers.Rule:
			out.WriteString(strings.Repeat("-", columns) + "\n")
		case drivers.Barcode:
			out.WriteString(indent(b.Content, drivers.Centre, columns, 1) + "|" + b.Content + "|\n")
		case drivers.QR:
			out.WriteString("[QR " + b.Content + "]\n")
		case drivers.Picture:
			fmt.Fprintf(&out, "[picture %v]\n", b.Image.Bounds().Size())
		case drivers.Feed:
			out.WriteString(strings.Repeat("\n", b.Lines))
		case drivers.Cut:
			out.WriteString("=== cut ===\n")
		default:
			require.Failf(t, "block", "%T has no text form", b)
		}
	}
	return out.String()
}

func indent(line string, align drivers.Align, columns, scale int) string {
	free := max(columns-scale*escpos.Width(line), 0)
	switch align {
	case drivers.Centre:
		return strings.Repeat(" ", free/2)
	case drivers.Right:
		return strings.Repeat(" ", free)
	default:
		return ""
	}
}

func mark(line string, bold bool, scale int) string {
	if scale > 1 {
		line = fmt.Sprintf("%s (x%d)", line, scale)
	}
	if bold {
		line = "**" + line + "**"
	}
	return line
}

func pair(b drivers.Pair, columns int) string {
	gap := columns - escpos.Width(b.Label) - escpos.Width(b.Value)
	if gap >= 1 {
		return b.Label + strings.Repeat(" ", gap) + b.Value + "\n"
	}
	var out strings.Builder
	for _, line := range escpos.Lines(b.Label, columns) {
		out.WriteString(line + "\n")
	}
	for _, line := range escpos.Lines(b.Value, columns) {
		out.WriteString(strings.Repeat(" ", columns-escpos.Width(line)) + line + "\n")
	}
	return out.String()
}
