package command

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/yuantill/yuantill/protocol"
)

// versionJSON is what `version --json` prints.
type versionJSON struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	// Time is that of the revision: this program cannot be older.
	Time string `json:"time,omitempty"`
	Go   string `json:"go"`
}

func (p *program) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "版本  Version",
		Long:  "版本。--json: version, revision, time, go",
		Args:  noArguments,
		RunE:  func(*cobra.Command, []string) error { return p.sayVersion() },
	}
}

func (p *program) sayVersion() error {
	v := version()
	if p.json {
		return p.printJSON(v)
	}
	fmt.Fprintf(p.Out, "yuantill %s  %s %s  %s\n", v.Version, v.Revision, v.Time, v.Go)
	return nil
}

// version reads what the Go linker wrote into this program.
func version() versionJSON {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return versionJSON{Version: protocol.Release}
	}
	v := versionJSON{Version: protocol.Release, Go: info.GoVersion}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			v.Revision = setting.Value
		case "vcs.time":
			v.Time = setting.Value
		}
	}
	return v
}

// built is when the revision was made; zero when unknown.
func built() time.Time {
	at, err := time.Parse(time.RFC3339, version().Time)
	if err != nil {
		return time.Time{}
	}
	return at
}
