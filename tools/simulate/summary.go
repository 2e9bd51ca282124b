package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/yuantill/yuantill/tools/simulate/world"
)

// summary is what came of many runs.
type summary struct {
	Seeds      uint64         `json:"seeds"`
	Days       float64        `json:"simulated_terminal_days"`
	Payments   int            `json:"payments"`
	Faults     map[string]int `json:"faults"`
	Losses     int            `json:"documented_losses"`
	Violations int            `json:"violations"`
}

func newSummary() *summary { return &summary{Faults: map[string]int{}} }

func (s *summary) add(r world.Result) {
	s.Seeds++
	s.Days += r.Days
	s.Payments += r.Payments
	s.Losses += r.Losses
	for fault, hits := range r.Faults {
		s.Faults[fault] += hits
	}
	if len(r.Violations) > 0 {
		s.Violations++
	}
}

// print writes the last line, and returns errViolations when there were any.
func (s *summary) print(out io.Writer, asJSON bool) error {
	s.Days = math.Round(s.Days*100) / 100
	if asJSON {
		line, err := json.Marshal(s)
		if err != nil {
			return fmt.Errorf("encode summary: %w", err)
		}
		fmt.Fprintf(out, "%s\n", line)
	} else {
		fmt.Fprintf(out, "%d seeds, %.1f terminal days, %d payments, %d kinds of fault, %d documented losses, %d seeds with violations\n",
			s.Seeds, s.Days, s.Payments, len(s.Faults), s.Losses, s.Violations)
	}
	if s.Violations > 0 {
		return errViolations
	}
	return nil
}
