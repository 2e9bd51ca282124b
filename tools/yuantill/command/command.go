// Package command is the yuantill command line: arguments come in, printed lines or JSON and an exit code leave.
package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
)

// Environment is what a command line runs in.
type Environment struct {
	Out, Err io.Writer
	Clock    func() time.Time
	// Interrupts receives Ctrl-C; nil when there is none.
	Interrupts <-chan os.Signal
}

// program is one run.
type program struct {
	Environment
	out      *output // is also Out
	engine   seal.Engine
	language bilingual.Language
	json     bool
	station  string
	settings string
	// keyProblem says why a journal's tags cannot be checked.
	keyProblem error
	// done is what was asked of the till and what became of it; empty where nothing was.
	done bilingual.Text
}

// Run carries out one command line and returns the exit code.
func Run(ctx context.Context, environment Environment, arguments []string) int {
	p := &program{Environment: environment, out: &output{to: environment.Out}, engine: seal.Portable()}
	p.Out = p.out
	code := p.run(ctx, arguments)
	if p.out.failed != nil {
		return p.lost(code)
	}
	return code
}

func (p *program) run(ctx context.Context, arguments []string) int {
	root := p.root()
	root.SetArgs(arguments)
	root.SetOut(p.Out)
	root.SetErr(p.Err)
	// Tags and links are only worth something when the arithmetic is right.
	if err := seal.SelfTest(p.engine); err != nil {
		return p.fail(&Failure{Code: CodeInternal, Cause: err})
	}
	if used, err := root.ExecuteContextC(ctx); err != nil {
		return p.fail(p.explained(failureOf(err), used, arguments))
	}
	return int(CodeOK)
}

// explained adds to a mistake in the command line where the right one is described.
func (p *program) explained(failure *Failure, used *cobra.Command, arguments []string) *Failure {
	if failure.Code != CodeUsage {
		return failure
	}
	p.overhear(arguments)
	if failure.Next == (bilingual.Text{}) {
		failure.Next = catalogue.AfterUsage(used.CommandPath())
	}
	return failure
}

// overhear finds how the error is wanted where a mistake before those flags ended the reading.
func (p *program) overhear(arguments []string) {
	for i, argument := range arguments {
		name, value, has := strings.Cut(argument, "=")
		switch {
		case name == "--json" && (!has || value == strconv.FormatBool(true)):
			p.json = true
		case name == "--lang" && has:
			_ = p.language.Set(value) // what is no language has been told already, or is not the mistake
		case name == "--lang" && i+1 < len(arguments):
			_ = p.language.Set(arguments[i+1])
		}
	}
}

// looking makes a command that only looks end with Ctrl-C; a sale has its own ways.
func (p *program) looking(act func(*cobra.Command, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, arguments []string) error {
		ctx, release := listen(cmd.Context(), p.Interrupts, 1)
		defer release()
		cmd.SetContext(ctx)
		return act(cmd, arguments)
	}
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "yuantill",
		Short: "收款终端命令行  The till's command line",
		Long: "收款、状态、流水与体检。退出码见 yuantill help exit-codes，JSON 字段见 yuantill help json。\n" +
			"时间为北京时间（UTC+8），与签购单相同；JSON 中为 UTC。\n" +
			"Sales, status, journal and doctor of one terminal. See yuantill help exit-codes and yuantill help json.\n" +
			"Times are those of China (UTC+8), as on the receipts; in JSON they are UTC.",
		SilenceUsage: true, SilenceErrors: true,
		Args: noArguments,
	}
	asked := root.Flags().Bool("version", false, "版本，同 yuantill version  version, as yuantill version has it")
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if *asked {
			return p.sayVersion()
		}
		return cmd.Help()
	}
	flags := root.PersistentFlags()
	flags.StringVar(&p.station, "station", "", "收银程序地址  agent's station (default from settings, else "+stationDefault+")")
	flags.StringVar(&p.settings, "settings", "", "设置文件  agent's settings file (default "+settingsDefault+" if there is one)")
	flags.BoolVar(&p.json, "json", false, "输出 JSON  print JSON")
	flags.BoolP("help", "h", false, "说明  help about the command")
	flags.Var(&p.language, "lang", "语言  language of what is printed")
	_ = root.RegisterFlagCompletionFunc("lang", choices(p.language.Type()))
	root.AddCommand(p.sale(), p.cancel(), p.accept(), p.refund(), p.void(), p.hold(), p.find(), p.reprint(), p.shift(), p.status(), p.journal(),
		p.doctor(), p.completion(), p.version())
	root.AddCommand(topics()...)
	// A variable that is not set must not be taken for the till of the settings.
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return notEmpty(cmd, "station", "settings") }
	root.SetFlagErrorFunc(flagMistake)
	root.SetHelpCommand(help())
	return root
}

// fail prints an error the way the user asked for and returns its exit code.
func (p *program) fail(f *Failure) int {
	if f.Told {
		return int(f.Code)
	}
	if p.json {
		if err := p.printJSON(errorJSON{
			Error: f.Error(), Code: int(f.Code), Name: f.Code.String(), Chinese: f.Code.Text().Chinese,
			English: f.Code.Text().English, Text: f.Text, Next: f.Next,
		}); err != nil {
			fmt.Fprintln(p.Err, err)
		}
		if p.out.failed == nil {
			return int(f.Code)
		}
	}
	fmt.Fprintf(p.Err, "yuantill: %s\n", p.language.Pick(f.Code.Text().With(f.Text)))
	if f.Cause != nil {
		fmt.Fprintf(p.Err, "  %v\n", f.Cause)
	}
	if next := p.language.Pick(f.Next); next != "" {
		fmt.Fprintf(p.Err, "  → %s\n", next)
	}
	return int(f.Code)
}

// errorJSON is what --json prints instead of an answer.
type errorJSON struct {
	Error   string         `json:"error"`
	Code    int            `json:"exit_code"`
	Name    string         `json:"exit"`
	Chinese string         `json:"zh"`
	English string         `json:"en"`
	Text    bilingual.Text `json:"text"`
	Next    bilingual.Text `json:"next"`
}

// printJSON prints one value on one line.
func (p *program) printJSON(v any) error {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return &Failure{Code: CodeInternal, Cause: fmt.Errorf("print JSON: %w", err)}
	}
	_, _ = p.Out.Write(line.Bytes()) // the output keeps what fails
	return nil
}

// say prints one line in the language asked for.
func (p *program) say(chinese, english string) {
	fmt.Fprintln(p.Out, p.text(chinese, english))
}

func (p *program) text(chinese, english string) string {
	return p.language.Pick(bilingual.Text{Chinese: chinese, English: english})
}
