// Package profile is the byte-exact form of our published operator profile (../API.md): JSON bodies, headers and the
// bytes that are signed. Requests and answers enter as structs and leave as bytes, and the other way round.
package profile

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// The headers of the profile, in the canonical form of net/http.
const (
	HeaderClient    = "Yt-Client"    // who asks: the acquirer's id, up to 32 printable characters
	HeaderKey       = "Yt-Key"       // fingerprint of the signing key, 16 hexadecimal digits
	HeaderRequest   = "Yt-Request"   // request id, 32 hexadecimal digits, for finding a call in both logs
	HeaderTime      = "Yt-Time"      // Unix time in milliseconds
	HeaderNonce     = "Yt-Nonce"     // 32 hexadecimal digits, never used twice
	HeaderSignature = "Yt-Signature" // r‖s, 64 bytes in base64
)

// The paths of the profile; all of them take POST.
const (
	PathAuthorise = "/v1/authorise"
	PathOrder     = "/v1/order"
	PathQuery     = "/v1/query"
	PathReverse   = "/v1/reverse"
	PathRefund    = "/v1/refund"
	PathFollowUp  = "/v1/follow-up"
	PathStatement = "/v1/statement"
)

const (
	// BodyMax is the longest body either side reads, in bytes.
	BodyMax = 64 << 10
	// UID is the SM2 signer identity both sides use.
	UID = "yuantill-operator-1"

	requestLabel = "YT-OPERATOR-1 REQUEST\n"
	answerLabel  = "YT-OPERATOR-1 ANSWER\n"
	tokenLength  = 32
	clientMax    = 32
)

// ErrHeader marks a missing or malformed header of the profile.
var ErrHeader = errors.New("profile: invalid header")

// Stamp is what a request's headers say besides the signature.
type Stamp struct {
	Client  string
	Key     string
	Request string
	Nonce   string
	Millis  int64
}

// SignedRequest returns the bytes a request's signature covers.
func (s Stamp) SignedRequest(path string, body []byte) []byte {
	out := make([]byte, 0, len(requestLabel)+len(path)+len(s.Client)+len(s.Key)+2*tokenLength+32+len(body))
	out = append(out, requestLabel...)
	out = append(append(out, path...), '\n')
	out = append(append(out, s.Client...), '\n')
	out = append(append(out, s.Key...), '\n')
	out = append(append(out, s.Request...), '\n')
	out = append(append(out, s.Nonce...), '\n')
	out = append(strconv.AppendInt(out, s.Millis, 10), '\n')
	return append(out, body...)
}

// SignedAnswer returns the bytes an answer's signature covers. Request id and nonce of the request are part of them, so
// an answer fits one request only.
func (s Stamp) SignedAnswer(status int, answerMillis int64, body []byte) []byte {
	out := make([]byte, 0, len(answerLabel)+2*tokenLength+48+len(body))
	out = append(out, answerLabel...)
	out = append(strconv.AppendInt(out, int64(status), 10), '\n')
	out = append(append(out, s.Request...), '\n')
	out = append(append(out, s.Nonce...), '\n')
	out = append(strconv.AppendInt(out, answerMillis, 10), '\n')
	return append(out, body...)
}

// SetHeader writes the stamp and its seal into header.
func (s Stamp) SetHeader(header http.Header, seal Seal) {
	header[HeaderClient] = []string{s.Client}
	header[HeaderKey] = []string{s.Key}
	header[HeaderRequest] = []string{s.Request}
	header[HeaderNonce] = []string{s.Nonce}
	header[HeaderTime] = []string{strconv.FormatInt(s.Millis, 10)}
	seal.SetHeader(header)
}

// ParseStamp reads a request's headers. Error: ErrHeader.
func ParseStamp(header http.Header) (Stamp, Seal, error) {
	stamp := Stamp{Client: header.Get(HeaderClient), Key: header.Get(HeaderKey), Request: header.Get(HeaderRequest), Nonce: header.Get(HeaderNonce)}
	if len(stamp.Client) == 0 || len(stamp.Client) > clientMax {
		return Stamp{}, Seal{}, fmt.Errorf("%w: %s", ErrHeader, HeaderClient)
	}
	if !isToken(stamp.Request) {
		return Stamp{}, Seal{}, fmt.Errorf("%w: %s", ErrHeader, HeaderRequest)
	}
	if !isToken(stamp.Nonce) {
		return Stamp{}, Seal{}, fmt.Errorf("%w: %s", ErrHeader, HeaderNonce)
	}
	millis, seal, err := ParseAnswerHeader(header)
	if err != nil {
		return Stamp{}, Seal{}, err
	}
	stamp.Millis = millis
	return stamp, seal, nil
}

// ParseAnswerHeader reads time and seal, which requests and answers have in common. Error: ErrHeader.
func ParseAnswerHeader(header http.Header) (millis int64, seal Seal, err error) {
	millis, err = strconv.ParseInt(header.Get(HeaderTime), 10, 64)
	if err != nil {
		return 0, Seal{}, fmt.Errorf("%w: %s", ErrHeader, HeaderTime)
	}
	seal, err = ParseSeal(header)
	return millis, seal, err
}

// isToken reports whether text is 32 hexadecimal digits.
func isToken(text string) bool {
	if len(text) != tokenLength {
		return false
	}
	var raw [tokenLength / 2]byte
	_, err := hex.Decode(raw[:], []byte(text))
	return err == nil
}
