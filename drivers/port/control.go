package port

import (
	"errors"
	"fmt"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Device numbers of the slaves of pseudo-terminals (Linux Documentation/admin-guide/devices.txt).
const (
	ptsMajorFirst = 136
	ptsMajorLast  = 143
)

// closingWaitNone is ASYNC_CLOSING_WAIT_NONE of linux/serial.h: do not wait for output when the device is closed.
const closingWaitNone = 65535

// serialInfo is struct serial_struct of linux/serial.h.
type serialInfo struct {
	kind, line                                            int32
	port                                                  uint32
	irq, flags, transmitFIFOSize, customDivisor, baudBase int32
	closeDelay                                            uint16
	ioType, reserved                                      uint8
	hub6                                                  int32
	closingWait, closingWait2                             uint16
	memoryBase                                            uintptr
	memoryShift                                           uint16
	portHigh                                              uint32
	mapBase                                               uintptr
}

// control runs act on the descriptor without taking it from the runtime's poller, as File.Fd would.
func control(file *os.File, act func(fd int) error) error {
	raw, err := file.SyscallConn()
	if err != nil {
		return fmt.Errorf("reach descriptor: %w", err)
	}
	var inner error
	if err := raw.Control(func(fd uintptr) { inner = act(int(fd)) }); err != nil {
		return fmt.Errorf("reach descriptor: %w", err)
	}
	return inner
}

// settle makes a device that was opened and locked ready for use.
func settle(fd int) error {
	var info unix.Stat_t
	if err := unix.Fstat(fd, &info); err != nil {
		return fmt.Errorf("read device number: %w", err)
	}
	// A pseudo-terminal stays exclusive after its opener was killed, until its master goes too: there the lock alone
	// keeps others out. On every other device the kernel clears the mark with the last descriptor.
	if major := unix.Major(info.Rdev); major < ptsMajorFirst || major > ptsMajorLast {
		if err := unix.IoctlSetInt(fd, unix.TIOCEXCL, 0); err != nil {
			return fmt.Errorf("make exclusive: %w", err)
		}
		skipClosingWait(fd)
	}
	if err := unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH); err != nil {
		return fmt.Errorf("flush input: %w", err)
	}
	return nil
}

// skipClosingWait keeps close(2) from waiting for a stalled device, where the driver knows how and the process may.
// Close bounds its own wait for the others.
func skipClosingWait(fd int) {
	var info serialInfo
	if ioctl(fd, unix.TIOCGSERIAL, unsafe.Pointer(&info)) != nil || info.closingWait == closingWaitNone {
		return
	}
	info.closingWait = closingWaitNone
	// Refused to a process without CAP_SYS_ADMIN; nothing else to do then.
	_ = ioctl(fd, unix.TIOCSSERIAL, unsafe.Pointer(&info))
}

func ioctl(fd int, request uintptr, argument unsafe.Pointer) error {
	if _, _, number := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(argument)); number != 0 {
		return number
	}
	return nil
}

var errStalled = errors.New("device takes no more")

// drain waits up to drainMax until the kernel holds no output and drops what is left.
func drain(fd int) error {
	for range drainMax / drainGap {
		held, err := unix.IoctlGetInt(fd, unix.TIOCOUTQ)
		if err != nil {
			return fmt.Errorf("read output queue: %w", err)
		}
		if held == 0 {
			return nil
		}
		time.Sleep(drainGap)
	}
	if err := unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCOFLUSH); err != nil {
		return fmt.Errorf("flush output: %w", err)
	}
	return errStalled
}
