package command

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/agent/catalogue"
)

// shell is one that completes.
type shell struct {
	name string
	// needs is what has to be there before; now loads the script for a session, always for every one.
	needs, now, always string
	script             func(root *cobra.Command, out io.Writer, descriptions bool) error
}

func shells() []shell {
	return []shell{{
		name: "bash", needs: "需要软件包 bash-completion。  Needs the package bash-completion.\n\n",
		now: "source <(yuantill completion bash)", always: "yuantill completion bash > /etc/bash_completion.d/yuantill",
		script: (*cobra.Command).GenBashCompletionV2,
	}, {
		name: "fish",
		now:  "yuantill completion fish | source", always: "yuantill completion fish > ~/.config/fish/completions/yuantill.fish",
		script: (*cobra.Command).GenFishCompletion,
	}, {
		name: "powershell",
		now:  "yuantill completion powershell | Out-String | Invoke-Expression", always: "yuantill completion powershell >> $PROFILE",
		script: func(root *cobra.Command, out io.Writer, descriptions bool) error {
			if descriptions {
				return root.GenPowerShellCompletionWithDesc(out)
			}
			return root.GenPowerShellCompletion(out)
		},
	}, {
		name: "zsh", needs: "先执行一次 Once before:\n  echo \"autoload -U compinit; compinit\" >> ~/.zshrc\n\n",
		now: "source <(yuantill completion zsh)", always: "yuantill completion zsh > \"${fpath[1]}/_yuantill\"",
		script: func(root *cobra.Command, out io.Writer, descriptions bool) error {
			if descriptions {
				return root.GenZshCompletion(out)
			}
			return root.GenZshCompletionNoDesc(out)
		},
	}}
}

// completion stands in for cobra's own command, whose words are English, and which takes a shell that is not known for a
// wish for help.
func (p *program) completion() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "completion",
		Short: "命令补全脚本  Completion script for a shell",
		Long:  "输出命令补全脚本。\nPrints the completion script for a shell.",
		Args:  noArguments,
		RunE:  p.scripting(func(cmd *cobra.Command) error { return cmd.Help() }),
	}
	for _, s := range shells() {
		cmd.AddCommand(p.completionOf(s))
	}
	return cmd
}

func (p *program) completionOf(s shell) *cobra.Command {
	var plain bool
	cmd := &cobra.Command{
		Use:   s.name,
		Short: fmt.Sprintf("%s 的补全脚本  Completion script for %s", s.name, s.name),
		Long: fmt.Sprintf("输出 %s 的补全脚本。\nPrints the completion script for %s.\n\n%s本次会话 This session:\n  %s\n每次会话 Every session:\n  %s",
			s.name, s.name, s.needs, s.now, s.always),
		Args: noArguments,
		RunE: p.scripting(func(cmd *cobra.Command) error { return s.script(cmd.Root(), p.Out, !plain) }),
	}
	cmd.Flags().BoolVar(&plain, "no-descriptions", false, "不带说明  without descriptions")
	return cmd
}

// scripting refuses --json: a script is none.
func (p *program) scripting(act func(*cobra.Command) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		if p.json {
			return usage(catalogue.NoJSON("completion"))
		}
		return act(cmd)
	}
}
