package keyring

import (
	"fmt"

	"github.com/yuantill/yuantill/protocol/enrolment"
	"github.com/yuantill/yuantill/protocol/seal"
)

// Provider unwraps the terminal key. A secure element, a TPM or the kernel's trusted keys are other ones.
type Provider interface {
	// Method is the enrolment's wrap_method that this provider serves.
	Method() string
	// Unwrap returns the key of seal.KeySize bytes that was wrapped with this context, or an error.
	Unwrap(wrapped, context []byte) ([]byte, error)
}

var _ Provider = DeviceFile{}

// DeviceFile unwraps with a key from a file of mode 0600. It stops neither root nor a copied flash.
type DeviceFile struct {
	Path   string
	Engine seal.Engine
}

// Method implements Provider.
func (d DeviceFile) Method() string { return enrolment.MethodDeviceFile }

// Unwrap implements Provider. It returns enrolment.ErrMode, enrolment.ErrDeviceKey and the file system's errors.
func (d DeviceFile) Unwrap(wrapped, context []byte) ([]byte, error) {
	deviceKey, err := enrolment.ReadDeviceKey(d.Path)
	if err != nil {
		return nil, err
	}
	defer clear(deviceKey[:])
	key, err := enrolment.Unwrap(d.Engine, deviceKey, wrapped, context)
	if err != nil {
		return nil, fmt.Errorf("unwrap terminal key with %s: %w", d.Path, err)
	}
	return key, nil
}
