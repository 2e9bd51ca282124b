package command

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/yuantill/yuantill/drivers/port"
	"github.com/yuantill/yuantill/drivers/port/hid"
	"github.com/yuantill/yuantill/tools/yuantill/bilingual"
	"github.com/yuantill/yuantill/tools/yuantill/doctor"
	"github.com/yuantill/yuantill/tools/yuantill/stationclient"
)

// doctorJSON is what `doctor --json` prints.
type doctorJSON struct {
	Result doctor.Level     `json:"result"`
	Checks []doctor.Finding `json:"checks"`
}

func (p *program) doctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "体检  Look the terminal over",
		Long: "依次检查设置、密钥、收银程序、时钟、流水、空间、设备和网络，给出原因和下一步。只读，不影响收款。\n" +
			"退出码 7：至少一项失败。\n" +
			"Checks settings, keys, agent, clock, journal, room, devices and network in this order, each with its cause and the\n" +
			"next step. It changes nothing and does not disturb a sale. Exit code 7: at least one check failed.\n\n" +
			"--json: {result, checks:[{check, level, finding{zh,en}, cause, next{zh,en}, command, details}]}",
		Args: noArguments,
		RunE: p.looking(func(cmd *cobra.Command, _ []string) error { return p.runDoctor(cmd.Context()) }),
	}
}

func (p *program) runDoctor(ctx context.Context) error {
	all := doctorJSON{Checks: []doctor.Finding{}}
	report := func(f doctor.Finding) {
		all.Checks = append(all.Checks, f)
		if !p.json {
			p.sayFinding(f)
		}
	}
	var err error
	if all.Result, err = doctor.New(p.doctorSite(), p.doctorTools()).Run(ctx, report); err != nil {
		return &Failure{Code: CodeInternal, Cause: fmt.Errorf("run checks: %w", err)}
	}
	if p.json {
		if err := p.printJSON(all); err != nil {
			return err
		}
	}
	if all.Result == doctor.Fail {
		return &Failure{Code: CodeCheckFailed, Told: true}
	}
	return nil
}

func (p *program) sayFinding(f doctor.Finding) {
	fmt.Fprintf(p.Out, "%-4s  %-11s %s\n", f.Level, f.Check, p.language.Pick(f.Text))
	if f.Cause != "" {
		fmt.Fprintf(p.Out, "%18s%s\n", "", f.Cause)
	}
	next := p.language.Pick(f.Next)
	if f.Command != "" {
		next += "  $ " + f.Command
	}
	if f.Next != (bilingual.Text{}) {
		fmt.Fprintf(p.Out, "%18s→ %s\n", "", next)
	}
}

func (p *program) doctorTools() doctor.Tools {
	return doctor.Tools{
		Engine: p.engine, Clock: p.Clock, Built: built(), Free: freeSpace, ListHID: hid.List, OpenSerial: openSerial,
		Status: func(ctx context.Context) (stationclient.Status, error) {
			client, err := p.client()
			if err != nil {
				return stationclient.Status{}, err
			}
			return client.Status(ctx)
		},
		Dial: func(ctx context.Context, address string, config *tls.Config) (net.Conn, error) {
			dialer := tls.Dialer{Config: config}
			return dialer.DialContext(ctx, "tcp", address)
		},
	}
}

// freeSpace is what this user may still write, in bytes.
func freeSpace(path string) (int64, error) {
	var info unix.Statfs_t
	if err := unix.Statfs(path, &info); err != nil {
		return 0, fmt.Errorf("stat file system: %w", err)
	}
	return int64(info.Bavail) * int64(info.Bsize), nil //nolint:unconvert // int32 on 32-bit ARM
}

func openSerial(path string) error {
	opened, err := port.Open(path, port.Settings{})
	if err != nil {
		return err
	}
	return opened.Close()
}
