package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/agent/journal"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/tools/yuantill/listing"
)

// Bounds of a listing: what is read from the journal at a time, and what `list` shows when not told.
const (
	readRecords = 500
	readBytes   = 1 << 20
	listDefault = 20
)

// journalFlags say which journal; each is taken from the settings where it is not given.
type journalFlags struct {
	path, enrolment, epochs string
	keyless                 bool
}

func (p *program) journal() *cobra.Command {
	var flags journalFlags
	cmd := &cobra.Command{
		Use:   "journal",
		Short: "流水：查看与校验可在收款时使用  The journal: looking at it and verifying it, also while the agent runs",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	set := cmd.PersistentFlags()
	set.StringVar(&flags.path, "journal", "", "流水文件  journal file (default from settings)")
	set.StringVar(&flags.enrolment, "enrolment", "", "入网文件  enrolment file, for checking tags (default from settings)")
	set.StringVar(&flags.epochs, "epochs", "", "密钥期文件  epochs file, for checking tags (default from settings)")
	set.BoolVar(&flags.keyless, "no-keys", false, "不用密钥  do not use keys: check the chain only")
	cmd.AddCommand(p.journalList(&flags), p.journalShow(&flags), p.journalVerify(&flags), p.journalExport(&flags),
		p.journalAccept(&flags))
	return cmd
}

func (p *program) journalList(flags *journalFlags) *cobra.Command {
	var last int
	var types []string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "列出记录  List records, oldest first",
		Long: "列出记录，旧的在前。--json：数组，字段同 journal show。\n" +
			"Lists records, oldest first. --json: an array; the fields are those of journal show.",
		Args: noArguments,
		RunE: p.looking(func(cmd *cobra.Command, _ []string) error {
			wanted, err := parseTypes(types)
			if err != nil {
				return err
			}
			if last < 0 {
				return usage(catalogue.BelowZero("--last", strconv.Itoa(last)))
			}
			return p.withJournal(cmd.Context(), flags, func(o *opened) error {
				return p.list(cmd.Context(), o, last, wanted)
			})
		}),
	}
	cmd.Flags().IntVar(&last, "last", listDefault, "最近几条，0 为全部  how many of the latest, 0 for all")
	cmd.Flags().StringSliceVar(&types, "type", nil, "只列这些类型  only these types, such as payment-requested")
	_ = cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(typeNames(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func typeNames() []string {
	var names []string
	for _, kind := range listing.Types() {
		names = append(names, kind.String())
	}
	return names
}

func parseTypes(names []string) ([]record.Type, error) {
	var types []record.Type
	for _, name := range names {
		kind, err := listing.ParseType(name)
		if err != nil {
			return nil, usage(catalogue.NoRecordType(name, typeNames()))
		}
		types = append(types, kind)
	}
	return types, nil
}

func (p *program) list(ctx context.Context, o *opened, last int, types []record.Type) error {
	entries := make([]listing.Entry, 0, min(last, readRecords))
	first := true
	// Printing as it is read keeps --last 0 of a journal of any length in little memory.
	flush := func(e listing.Entry) error {
		if !p.json {
			fmt.Fprintln(p.Out, e.Line(p.language))
			return nil
		}
		p.separate(&first)
		return p.printJSON(e.JSON())
	}
	err := o.each(ctx, func(r record.Record) error {
		e, err := listing.Read(p.engine, r)
		if err != nil {
			return o.failure(err)
		}
		if len(types) > 0 && !slices.Contains(types, e.Header.Type) {
			return nil
		}
		if last == 0 {
			return flush(e)
		}
		if len(entries) == last {
			entries = slices.Delete(entries, 0, 1)
		}
		entries = append(entries, e)
		return nil
	})
	if err == nil {
		err = flushAll(entries, flush)
	}
	if err != nil && first {
		return err
	}
	p.closeArray(first)
	if err != nil {
		p.json = false // the array is complete in itself; the error goes to the error stream
	}
	return err
}

func flushAll(entries []listing.Entry, flush func(listing.Entry) error) error {
	for _, e := range entries {
		if err := flush(e); err != nil {
			return err
		}
	}
	return nil
}

// separate writes what stands before an element of a JSON array that is printed piece by piece.
func (p *program) separate(first *bool) {
	if *first {
		fmt.Fprint(p.Out, "[")
	} else {
		fmt.Fprint(p.Out, ",")
	}
	*first = false
}

func (p *program) closeArray(empty bool) {
	switch {
	case !p.json:
	case empty:
		fmt.Fprintln(p.Out, "[]")
	default:
		fmt.Fprintln(p.Out, "]")
	}
}

func (p *program) journalShow(flags *journalFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "show SEQUENCE",
		Short: "显示一条记录  Show one record, masked",
		Long: "显示一条记录，敏感内容已遮盖。--json 字段见 yuantill help json。\n" +
			"Shows one record; wallet ids are masked, payment codes are never in it. --json: see yuantill help json.",
		Args: oneArgument,
		RunE: p.looking(func(cmd *cobra.Command, arguments []string) error {
			sequence, err := strconv.ParseUint(arguments[0], 10, 63)
			if err != nil || sequence == 0 {
				return usage(catalogue.NotASequence(arguments[0]))
			}
			return p.withJournal(cmd.Context(), flags, func(o *opened) error {
				return p.show(cmd.Context(), o, sequence)
			})
		}),
	}
}

func (p *program) show(ctx context.Context, o *opened, sequence uint64) error {
	r, err := o.Get(ctx, sequence)
	if errors.Is(err, journal.ErrNotFound) {
		return &Failure{Code: CodeNoRecord, Text: catalogue.NoRecord(sequence, min(1, o.Tail().Sequence), o.Tail().Sequence)}
	}
	if err != nil {
		return o.failure(err)
	}
	e, err := listing.Read(p.engine, r)
	if err != nil {
		return o.failure(err)
	}
	if p.json {
		return p.printJSON(e.JSON())
	}
	for _, line := range e.Describe(p.language) {
		fmt.Fprintln(p.Out, line)
	}
	return nil
}
