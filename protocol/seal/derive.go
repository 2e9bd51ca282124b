package seal

import "encoding/binary"

// NonceSize is the size in bytes of each side's contribution to an epoch.
const NonceSize = 16

// The labels under which keys are derived (SPEC.md, "Keys").
const (
	labelTerminal = "TMK"
	labelSignIn   = "SGN"
	labelRecord   = "MAK"
	labelSeal     = "TEK"
	labelPIN      = "PIK"
	labelAnswer   = "ACK"
)

// Derive is the KDF of NIST SP 800-108 in counter mode with SM4-CMAC: block i is
// CMAC(key, [i]32 ‖ label ‖ 00 ‖ context ‖ [bits]32), big-endian. size is in bytes.
func Derive(engine Engine, key []byte, label string, context []byte, size int) []byte {
	mac := NewMAC(engine, key)
	var counter, bits [4]byte
	binary.BigEndian.PutUint32(bits[:], uint32(size)*8)
	out := make([]byte, 0, size+TagSize)
	for i := uint32(1); len(out) < size; i++ {
		binary.BigEndian.PutUint32(counter[:], i)
		tag := mac.Tag(counter[:], []byte(label), []byte{0}, context, bits[:])
		out = append(out, tag[:]...)
	}
	return out[:size]
}

// TerminalKey derives a terminal's TMK from the root key.
func TerminalKey(engine Engine, root []byte, terminal string, version uint16) []byte {
	context := binary.BigEndian.AppendUint16([]byte(terminal), version)
	return Derive(engine, root, labelTerminal, context, KeySize)
}

// SignInMAC returns the MAC that guards sign-in requests and their answers before an epoch's keys exist.
func SignInMAC(engine Engine, terminalKey []byte) *MAC {
	return NewMAC(engine, Derive(engine, terminalKey, labelSignIn, nil, KeySize))
}

// CheckValue is a key's KCV: the first 3 bytes of its encryption of zeros.
func CheckValue(engine Engine, key []byte) [3]byte {
	var block [TagSize]byte
	engine.newBlock(key).Encrypt(block[:], block[:])
	return [3]byte(block[:3])
}

// Keys are the working keys of one terminal's epoch, ready for use. They may be used by several goroutines.
type Keys struct {
	Epoch uint32
	// Record tags records (MAK).
	Record *MAC
	// Answer tags what the cloud sends (ACK).
	Answer *MAC
	// Envelope seals both directions (TEK).
	Envelope *Envelope
	// PIN is the key that PIN blocks' transaction keys derive from (PIK).
	PIN [KeySize]byte

	recordCheckValue [3]byte
}

// RecordCheckValue is the KCV of the record key: both sides compare it after a sign-in.
func (k *Keys) RecordCheckValue() [3]byte { return k.recordCheckValue }

// DeriveKeys derives an epoch's keys from the terminal key and both sides' nonces.
func DeriveKeys(engine Engine, terminalKey []byte, epoch uint32, terminalNonce, cloudNonce [NonceSize]byte) *Keys {
	context := binary.BigEndian.AppendUint32(nil, epoch)
	context = append(context, terminalNonce[:]...)
	context = append(context, cloudNonce[:]...)
	derive := func(label string) []byte { return Derive(engine, terminalKey, label, context, KeySize) }
	recordKey := derive(labelRecord)
	return &Keys{
		Epoch:            epoch,
		Record:           NewMAC(engine, recordKey),
		Answer:           NewMAC(engine, derive(labelAnswer)),
		Envelope:         NewEnvelope(engine, derive(labelSeal)),
		PIN:              [KeySize]byte(derive(labelPIN)),
		recordCheckValue: CheckValue(engine, recordKey),
	}
}
