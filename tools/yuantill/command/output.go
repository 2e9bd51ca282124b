package command

import (
	"fmt"
	"io"

	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
)

// output is what a command prints to. It keeps its first error until the command is over: an answer that could not be written
// changes nothing of what happened, and must not be taken for an answer that says so.
type output struct {
	to     io.Writer
	failed error
}

var _ io.Writer = (*output)(nil)

// Write implements io.Writer.
func (o *output) Write(b []byte) (int, error) {
	n, err := o.to.Write(b)
	if err != nil && o.failed == nil {
		o.failed = err
	}
	return n, err
}

// did keeps what became of something that was asked of the till, for who does not get to read the answer: what names it (an
// idempotency key as --key has it, or an id), and the exit code that stands for the outcome.
func (p *program) did(name string, code Code) {
	text := code.Text()
	p.done = bilingual.Text{Chinese: name + "：" + text.Chinese, English: name + ": " + text.English}
}

// lost tells of output that was not written and returns the exit code. What was done keeps its own; what was only looked at
// was not shown.
func (p *program) lost(code int) int {
	fmt.Fprintf(p.Err, "yuantill: %s\n  %v\n", p.text("输出没有写出", "the output was not written"), p.out.failed)
	switch {
	case p.done != bilingual.Text{}:
		fmt.Fprintf(p.Err, "  → %s\n", p.language.Pick(p.done))
	case code == int(CodeOK):
		return int(CodeUnreadable)
	}
	return code
}
