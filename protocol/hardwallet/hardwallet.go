// Package hardwallet is our open profile of an NFC hard wallet (碰一碰): a payment request goes to a card, a transaction
// that the card signed with SM2 comes back, and anybody who holds the issuers' public keys can check it.
//
// The bytes are specified in protocol/HARDWALLET.md. The protocol of the real e-CNY hard wallet is not public; this is
// a profile of our own under an AID of our own, standing where a licensed kernel would be plugged in.
package hardwallet

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
)

// AID returns the application identifier: F0 (proprietary, unregistered), "YTILL", "HW" and the profile's version.
func AID() []byte { return []byte{0xF0, 'Y', 'T', 'I', 'L', 'L', 'H', 'W', Version} }

// Version is the profile's version.
const Version = 1

// LogSize is how many of its latest transactions a card keeps for GET TRANSACTION.
const LogSize = 16

// IssuerUID is the SM2 identity under which issuers sign certificates. Cards sign under their wallet id's digits.
const IssuerUID = "yuantill-hardwallet-issuer"

// walletIDSize is the length of a wallet id in digits.
const walletIDSize = 16

var (
	// ErrMalformed marks bytes or fields that the profile does not allow.
	ErrMalformed = errors.New("hardwallet: malformed")
	// ErrVersion marks a profile version this package does not know.
	ErrVersion = errors.New("hardwallet: unknown version")
	// ErrUnknownIssuer marks a certificate of an issuer outside the pool.
	ErrUnknownIssuer = errors.New("hardwallet: unknown issuer")
	// ErrCertificate marks a certificate whose issuer did not sign it.
	ErrCertificate = errors.New("hardwallet: bad certificate")
	// ErrSignature marks a transaction that the card's key did not sign.
	ErrSignature = errors.New("hardwallet: bad signature")
)

// WalletID is a wallet id: 16 ASCII digits starting with 00. Printing and logging show it masked.
type WalletID [walletIDSize]byte

// ParseWalletID reads 16 digits starting with 00. Error: ErrMalformed.
func ParseWalletID(digits string) (WalletID, error) {
	if len(digits) != walletIDSize || digits[:2] != "00" {
		return WalletID{}, fmt.Errorf("%w: wallet id", ErrMalformed)
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return WalletID{}, fmt.Errorf("%w: wallet id", ErrMalformed)
		}
	}
	return WalletID([]byte(digits)), nil
}

// Digits returns the whole id, which goes into no log and onto no screen.
func (w WalletID) Digits() string { return string(w[:]) }

// Masked returns the first 6 and the last 4 digits with stars between.
func (w WalletID) Masked() string {
	if w == (WalletID{}) {
		return ""
	}
	return string(w[:6]) + "******" + string(w[12:])
}

// Format prints the masked id whatever the verb, so that no %x or %#v gives the id away.
func (w WalletID) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, w.Masked()) }

// LogValue is the masked id.
func (w WalletID) LogValue() slog.Value { return slog.StringValue(w.Masked()) }
