package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"time"
)

// figure is one measured number, as `make bench` prints it: one JSON object a line.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Floor is the same measurement with nothing but the necessary commits and round trips, in the same run.
	Floor float64 `json:"floor,omitempty"`
	// Count is how many samples or items stand behind the value.
	Count int `json:"count,omitempty"`
}

// report prints figures as they come.
type report struct {
	out     io.Writer
	printed []figure
}

func (r *report) add(f figure) error {
	f.Value, f.Floor = round(f.Value), round(f.Floor)
	line, err := json.Marshal(f)
	if err != nil {
		return fmt.Errorf("encode figure: %w", err)
	}
	r.printed = append(r.printed, f)
	_, err = fmt.Fprintf(r.out, "%s\n", line)
	return err
}

// round keeps four significant digits: more would pretend to a precision that a shared machine does not have.
func round(value float64) float64 {
	if value == 0 {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(value))))
	return math.Round(value*scale) / scale
}

// percentile returns the value below which the share (0 to 1) of the samples lies; samples are sorted in place.
func percentile(samples []time.Duration, share float64) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	slices.Sort(samples)
	index := int(math.Ceil(share*float64(len(samples)))) - 1
	return samples[max(index, 0)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
