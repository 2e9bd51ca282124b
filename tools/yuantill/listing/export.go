package listing

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// ErrFormat marks a format that is neither jsonl nor binary.
var ErrFormat = errors.New("listing: format is not jsonl or binary")

// Format is a container of stored records.
type Format string

// The formats. JSONLines is one JSON object a line: first
//
//	{"export":"yuantill-journal","version":1,"terminal":"10000001"}
//
// then for each record, in rising sequence, its stored bytes (header ‖ body ‖ tag) in hexadecimal
//
//	{"sequence":1,"record":"0101…"}
//
// and last {"records":1,"link":"…"}, with the chain link of the last record: without that line it is cut short.
//
// Binary is, for each record, length[4] big-endian ‖ stored bytes, closed by a length of 0 ‖ the last record's link[32].
const (
	JSONLines Format = "jsonl"
	Binary    Format = "binary"
)

// Exporter writes records into a container.
type Exporter struct {
	w      *bufio.Writer
	format Format
	engine seal.Engine
	count  uint64
	link   seal.Hash
}

type exportHead struct {
	Export   string `json:"export"`
	Version  int    `json:"version"`
	Terminal string `json:"terminal"`
}

type exportRecord struct {
	Sequence uint64 `json:"sequence"`
	Record   string `json:"record"`
}

type exportTail struct {
	Records uint64 `json:"records"`
	Link    string `json:"link"`
}

const (
	exportName    = "yuantill-journal"
	exportVersion = 1
)

// NewExporter begins an export. It returns ErrFormat and the writer's errors.
func NewExporter(w io.Writer, format Format, terminal record.Terminal, engine seal.Engine) (*Exporter, error) {
	e := &Exporter{w: bufio.NewWriter(w), format: format, engine: engine, link: record.Genesis(engine, terminal)}
	switch format {
	case JSONLines:
		return e, e.line(exportHead{Export: exportName, Version: exportVersion, Terminal: terminal.String()})
	case Binary:
		return e, nil
	default:
		return nil, fmt.Errorf("%w: %q", ErrFormat, format)
	}
}

// Add writes one record.
func (e *Exporter) Add(r record.Record) error {
	_, header, err := record.Parse(r)
	if err != nil {
		return fmt.Errorf("parse record: %w", err)
	}
	e.count++
	e.link = r.Link(e.engine)
	if e.format == JSONLines {
		return e.line(exportRecord{Sequence: header.Sequence, Record: hex.EncodeToString(r)})
	}
	return e.write(binary.BigEndian.AppendUint32(nil, uint32(len(r))), r)
}

// Finish writes the end and returns how many records there are and the last one's link.
func (e *Exporter) Finish() (uint64, seal.Hash, error) {
	var err error
	if e.format == JSONLines {
		err = e.line(exportTail{Records: e.count, Link: hex.EncodeToString(e.link[:])})
	} else {
		err = e.write(make([]byte, 4), e.link[:])
	}
	if err == nil {
		err = e.w.Flush()
	}
	if err != nil {
		return 0, seal.Hash{}, fmt.Errorf("write export: %w", err)
	}
	return e.count, e.link, nil
}

func (e *Exporter) line(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode export: %w", err)
	}
	return e.write(text, []byte{'\n'})
}

func (e *Exporter) write(parts ...[]byte) error {
	for _, part := range parts {
		if _, err := e.w.Write(part); err != nil {
			return fmt.Errorf("write export: %w", err)
		}
	}
	return nil
}
