package iso7816

import "fmt"

// statusSize is the length of SW1-SW2.
const statusSize = 2

// responseSizeLimit is the longest response APDU.
const responseSizeLimit = ExpectMax + statusSize

// Response is one response APDU.
type Response struct {
	Data   []byte
	Status Status
}

// ParseResponse splits an answer into data (a copy) and status. Error: ErrResponse.
func ParseResponse(apdu []byte) (Response, error) {
	if len(apdu) < statusSize || len(apdu) > responseSizeLimit {
		return Response{}, fmt.Errorf("%w: %d bytes", ErrResponse, len(apdu))
	}
	split := len(apdu) - statusSize
	return Response{
		Data:   append([]byte(nil), apdu[:split]...),
		Status: Status(apdu[split])<<8 | Status(apdu[split+1]),
	}, nil
}

// MarshalBinary returns data ‖ SW1 ‖ SW2. Error: ErrResponse.
func (r Response) MarshalBinary() ([]byte, error) {
	if len(r.Data) > ExpectMax {
		return nil, fmt.Errorf("%w: %d bytes of data", ErrResponse, len(r.Data))
	}
	apdu := make([]byte, 0, len(r.Data)+statusSize)
	apdu = append(apdu, r.Data...)
	return append(apdu, byte(r.Status>>8), byte(r.Status)), nil
}

// Err returns nil for 9000 and the Status itself for anything else.
func (r Response) Err() error {
	if r.Status == StatusOK {
		return nil
	}
	return r.Status
}
