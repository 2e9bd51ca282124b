package iso7816

import "fmt"

// Status is SW1-SW2. Every status but 9000 is an error that errors.Is finds by value.
type Status uint16

// Status words of ISO/IEC 7816-4, 5.6.
const (
	StatusOK                 Status = 0x9000
	StatusMemoryUnchanged    Status = 0x6400
	StatusMemoryFailure      Status = 0x6581
	StatusWrongLength        Status = 0x6700
	StatusSecurity           Status = 0x6982
	StatusBlocked            Status = 0x6983
	StatusConditions         Status = 0x6985
	StatusWrongData          Status = 0x6A80
	StatusUnsupported        Status = 0x6A81
	StatusFileNotFound       Status = 0x6A82
	StatusRecordNotFound     Status = 0x6A83
	StatusWrongParameters    Status = 0x6A86
	StatusDataNotFound       Status = 0x6A88
	StatusInstructionUnknown Status = 0x6D00
	StatusClassUnknown       Status = 0x6E00
	StatusNoDiagnosis        Status = 0x6F00
)

// SW1 values whose SW2 is a length.
const (
	moreDataSW1    = 0x61
	exactLengthSW1 = 0x6C
)

// MoreData reports for 61xx how many more bytes GET RESPONSE can fetch; 6100 stands for 256 or more.
func (s Status) MoreData() (int, bool) {
	return shortLength(byte(s)), s>>8 == moreDataSW1
}

// ExactLength reports for 6Cxx the Le with which the command, aborted now, would succeed.
func (s Status) ExactLength() (int, bool) {
	return shortLength(byte(s)), s>>8 == exactLengthSW1
}

// Error returns the status as four hexadecimal digits with its meaning where the standard gives one.
func (s Status) Error() string { return "iso7816: " + s.String() }

// String returns the digits and the meaning.
func (s Status) String() string {
	if meaning := s.meaning(); meaning != "" {
		return fmt.Sprintf("%04X %s", uint16(s), meaning)
	}
	return fmt.Sprintf("%04X", uint16(s))
}

func (s Status) meaning() string {
	switch s {
	case StatusOK:
		return "ok"
	case StatusMemoryUnchanged:
		return "memory unchanged"
	case StatusMemoryFailure:
		return "memory failure"
	case StatusWrongLength:
		return "wrong length"
	case StatusSecurity:
		return "security status not satisfied"
	case StatusBlocked:
		return "authentication method blocked"
	case StatusConditions:
		return "conditions of use not satisfied"
	case StatusWrongData:
		return "wrong data"
	case StatusUnsupported:
		return "function not supported"
	case StatusFileNotFound:
		return "file or application not found"
	case StatusRecordNotFound:
		return "record not found"
	case StatusWrongParameters:
		return "wrong parameters"
	case StatusDataNotFound:
		return "referenced data not found"
	case StatusInstructionUnknown:
		return "instruction not supported"
	case StatusClassUnknown:
		return "class not supported"
	case StatusNoDiagnosis:
		return "no precise diagnosis"
	}
	switch s >> 8 {
	case moreDataSW1:
		return "more data"
	case exactLengthSW1:
		return "wrong expected length"
	}
	return ""
}
