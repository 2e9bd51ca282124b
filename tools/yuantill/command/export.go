package command

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/listing"
)

// exportMode keeps others from reading what customers bought.
const exportMode = 0o600

// exportJSON is what `journal export --json` prints.
type exportJSON struct {
	File    string `json:"file"`
	Format  string `json:"format"`
	Records uint64 `json:"records"`
	Link    string `json:"link"`
}

func (p *program) journalExport(flags *journalFlags) *cobra.Command {
	var out, format string
	cmd := &cobra.Command{
		Use:   "export --out FILE",
		Short: "导出记录原文  Write the records' stored bytes to a new file",
		Long: "导出全部记录的原始字节，不覆盖已有文件。格式：\n" +
			"Writes the stored bytes of all records to a file that does not exist yet. Formats:\n\n" +
			"  jsonl   {\"export\":\"yuantill-journal\",\"version\":1,\"terminal\":\"…\"}, then a line a record\n" +
			"          {\"sequence\":1,\"record\":\"hexadecimal header‖body‖tag\"}, last {\"records\":n,\"link\":\"…\"}\n" +
			"  binary  length[4] big-endian ‖ header‖body‖tag for each record, closed by a length of 0 and the last link[32]\n\n" +
			"An export without its end is cut short. --json: file, format, records, link",
		Args: noArguments,
		RunE: p.looking(func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usage(catalogue.FlagMissing("--out"))
			}
			return p.withJournal(cmd.Context(), flags, func(o *opened) error {
				return p.export(cmd.Context(), o, out, listing.Format(format))
			})
		}),
	}
	cmd.Flags().StringVarP(&out, "out", "o", "", "输出文件，- 为标准输出  file to write, - for standard output")
	cmd.Flags().StringVar(&format, "format", string(listing.JSONLines), "jsonl 或 binary  jsonl or binary")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(
		[]string{string(listing.JSONLines), string(listing.Binary)}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (p *program) export(ctx context.Context, o *opened, out string, format listing.Format) error {
	if format != listing.JSONLines && format != listing.Binary {
		formats := []string{string(listing.JSONLines), string(listing.Binary)}
		return usage(catalogue.FlagValueWrong("--format", string(format), catalogue.OneOf(formats)))
	}
	if out == "-" {
		_, _, err := p.writeExport(ctx, o, p.Out, format)
		return err
	}
	f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, exportMode)
	if err != nil {
		return unwritable(err)
	}
	count, link, err := p.writeExport(ctx, o, f, format)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		// Half an export could be taken for a whole one.
		return unwritable(errors.Join(err, os.Remove(out)))
	}
	if p.json {
		return p.printJSON(exportJSON{File: out, Format: string(format), Records: count, Link: hex.EncodeToString(link[:])})
	}
	p.say(fmt.Sprintf("已导出 %d 条记录到 %s", count, out), catalogue.Counted(count, "record")+" written to "+out)
	return nil
}

func (p *program) writeExport(ctx context.Context, o *opened, w io.Writer, format listing.Format) (
	uint64, seal.Hash, error,
) {
	exporter, err := listing.NewExporter(w, format, o.Terminal(), p.engine)
	if err != nil {
		return 0, seal.Hash{}, unwritable(err)
	}
	err = o.each(ctx, func(r record.Record) error {
		if err := exporter.Add(r); err != nil {
			return unwritable(err)
		}
		return nil
	})
	if err != nil {
		return 0, seal.Hash{}, err
	}
	count, link, err := exporter.Finish()
	if err != nil {
		return 0, seal.Hash{}, unwritable(err)
	}
	return count, link, nil
}

// unwritable keeps an exit code that is already there.
func unwritable(err error) error {
	var failure *Failure
	if errors.As(err, &failure) {
		return err
	}
	return &Failure{Code: CodeUnreadable, Cause: err, Next: bilingual.Text{
		Chinese: "请换一个不存在的文件名，并检查目录权限与剩余空间",
		English: "choose a file that does not exist; check the folder's permissions and room",
	}}
}
