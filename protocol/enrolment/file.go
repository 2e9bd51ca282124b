package enrolment

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	"github.com/yuantill/yuantill/protocol/record"
	"github.com/yuantill/yuantill/protocol/seal"
)

// FileVersion is the only version of the format.
const FileVersion = 1

// FileSizeMax bounds an enrolment file in bytes.
const FileSizeMax = 64 << 10

// MethodDeviceFile says that the terminal key is wrapped under a key in a file beside the enrolment. It keeps the key
// out of a stray copy of the enrolment alone; it stops neither root nor a copied flash.
const MethodDeviceFile = "device-file"

// File is the enrolment as it is stored: one JSON object with these fields and no others, UTF-8.
type File struct {
	Version    int    `json:"version"`
	Terminal   string `json:"terminal"`
	KeyVersion uint16 `json:"key_version"`
	// Method says what unwraps WrappedKey.
	Method string `json:"wrap_method"`
	// WrappedKey is the sealed terminal key in hexadecimal: SM4-GCM(K, 12 zero bytes, context, TMK) with
	// K = CMAC(W, context), W = KDF(device key, "WRP", context) and context = terminal id ‖ key version[16].
	WrappedKey string `json:"wrapped_key"`
	// CheckValue is the terminal key's KCV in hexadecimal.
	CheckValue     string `json:"check_value"`
	Certificate    string `json:"certificate"`
	CertificateKey string `json:"certificate_key"`
	Authority      string `json:"authority"`
	Identity       string `json:"identity"`
}

const labelWrap = "WRP"

// wrapDirection is not used by any stream; K depends on the context, so its one nonce seals one key only.
const wrapDirection seal.Direction = 0

// New wraps an enrolment under a device key. It returns ErrMalformed.
func New(e Enrolment, engine seal.Engine, deviceKey [seal.KeySize]byte) (File, error) {
	if err := e.Validate(); err != nil {
		return File{}, err
	}
	context := wrapContext(e.Terminal, e.KeyVersion)
	check := seal.CheckValue(engine, e.TerminalKey[:])
	wrapped := wrapper(engine, deviceKey, context).Seal(nil, wrapDirection, 0, context, e.TerminalKey[:])
	return File{
		Version: FileVersion, Terminal: e.Terminal.String(), KeyVersion: e.KeyVersion,
		Method: MethodDeviceFile, WrappedKey: hex.EncodeToString(wrapped), CheckValue: hex.EncodeToString(check[:]),
		Certificate: string(e.Certificate), CertificateKey: string(e.CertificateKey),
		Authority: string(e.Authority), Identity: string(e.Identity),
	}, nil
}

// Parse reads a file's bytes. It returns ErrMalformed.
func Parse(text []byte) (File, error) {
	if len(text) > FileSizeMax {
		return File{}, fmt.Errorf("%w: %d bytes", ErrMalformed, len(text))
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var f File
	if err := decoder.Decode(&f); err != nil {
		return File{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return File{}, fmt.Errorf("%w: bytes after the end", ErrMalformed)
	}
	return f, f.Validate()
}

// Marshal returns the file's bytes.
func (f File) Marshal() ([]byte, error) {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("marshal enrolment: %w", err)
	}
	return append(text, '\n'), nil
}

// Validate returns ErrMalformed, with the reason, unless all parts are there and belong together.
func (f File) Validate() error {
	if f.Version != FileVersion {
		return fmt.Errorf("%w: version %d", ErrMalformed, f.Version)
	}
	if f.Method == "" {
		return fmt.Errorf("%w: no wrap method", ErrMalformed)
	}
	if _, err := hex.DecodeString(f.WrappedKey); err != nil || f.WrappedKey == "" {
		return fmt.Errorf("%w: wrapped key is not hexadecimal", ErrMalformed)
	}
	if check, err := hex.DecodeString(f.CheckValue); err != nil || len(check) != 3 {
		return fmt.Errorf("%w: check value is not 3 bytes", ErrMalformed)
	}
	terminal, err := record.ParseTerminal(f.Terminal)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return checkParts(terminal, f.KeyVersion, []byte(f.Certificate), []byte(f.CertificateKey), []byte(f.Authority),
		[]byte(f.Identity))
}

// Sealed returns the wrapped terminal key and the context it was wrapped with, for whatever unwraps it. The file has
// been validated.
func (f File) Sealed() (wrapped, context []byte) {
	wrapped, err := hex.DecodeString(f.WrappedKey)
	if err != nil {
		return nil, nil
	}
	return wrapped, wrapContext(record.Terminal([]byte(f.Terminal)), f.KeyVersion)
}

// CheckKey returns ErrDeviceKey unless key is the terminal key that was enrolled.
func (f File) CheckKey(engine seal.Engine, key []byte) error {
	if len(key) != seal.KeySize {
		return ErrDeviceKey
	}
	check := seal.CheckValue(engine, key)
	if hex.EncodeToString(check[:]) != f.CheckValue {
		return ErrDeviceKey
	}
	return nil
}

// Unwrap opens a wrapped terminal key with the device key, or returns ErrDeviceKey.
func Unwrap(engine seal.Engine, deviceKey [seal.KeySize]byte, wrapped, context []byte) ([]byte, error) {
	key, err := wrapper(engine, deviceKey, context).Open(nil, wrapDirection, 0, context, wrapped)
	if err != nil || len(key) != seal.KeySize {
		return nil, ErrDeviceKey
	}
	return key, nil
}

func wrapper(engine seal.Engine, deviceKey [seal.KeySize]byte, context []byte) *seal.Envelope {
	return seal.NewEnvelope(engine, seal.Derive(engine, deviceKey[:], labelWrap, context, seal.KeySize))
}

func wrapContext(terminal record.Terminal, version uint16) []byte {
	return binary.BigEndian.AppendUint16(terminal[:], version)
}
