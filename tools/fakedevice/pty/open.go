package pty

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// openPair returns the master and the path of its slave, in raw mode.
//
// The slave is not kept open: only so does the master learn whether a program is there, and only so does a program
// that was killed free what it held on the terminal.
func openPair() (*os.File, string, error) {
	// O_NONBLOCK puts the file under the runtime's poller, so that Close ends a blocked Read.
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, "", fmt.Errorf("open pseudo-terminal: %w", err)
	}
	slave, err := prepare(master)
	if err != nil {
		return nil, "", errors.Join(err, master.Close())
	}
	return master, slave, nil
}

func prepare(master *os.File) (slave string, err error) {
	err = control(master, func(fd int) error {
		if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
			return fmt.Errorf("unlock pseudo-terminal: %w", err)
		}
		number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
		if err != nil {
			return fmt.Errorf("read pseudo-terminal number: %w", err)
		}
		slave = fmt.Sprintf("/dev/pts/%d", number)
		return setRaw(fd)
	})
	if err != nil {
		return "", err
	}
	// A master whose slave was never opened does not report that nobody is there; one opening makes it.
	first, err := os.OpenFile(slave, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return "", fmt.Errorf("open pseudo-terminal: %w", err)
	}
	if err := first.Close(); err != nil {
		return "", fmt.Errorf("close pseudo-terminal: %w", err)
	}
	return slave, nil
}

// setRaw makes the terminal pass all bytes on unchanged, at once and without echo, as termios(3) cfmakeraw does.
// Linux applies what is set on a master to its slave.
func setRaw(fd int) error {
	settings, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return fmt.Errorf("read terminal settings: %w", err)
	}
	settings.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	settings.Oflag &^= unix.OPOST
	settings.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	settings.Cflag &^= unix.CSIZE | unix.PARENB
	settings.Cflag |= unix.CS8
	settings.Cc[unix.VMIN], settings.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(fd, unix.TCSETS, settings); err != nil {
		return fmt.Errorf("set terminal raw: %w", err)
	}
	return nil
}

// control runs act on the file's descriptor without taking it from the runtime's poller, as File.Fd would.
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

// makeLink points link to target in one step, so that a program never sees it missing or half made.
func makeLink(link, target string) error {
	if link == "" {
		return nil
	}
	if info, err := os.Lstat(link); err == nil && info.Mode()&os.ModeSymlink == 0 {
		return fmt.Errorf("link terminal: %s is in the way: %w", link, os.ErrExist)
	}
	fresh := fmt.Sprintf("%s.%d", link, os.Getpid())
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return fmt.Errorf("link terminal: %w", err)
	}
	if err := os.Symlink(target, fresh); err != nil {
		return fmt.Errorf("link terminal: %w", err)
	}
	if err := os.Rename(fresh, link); err != nil {
		return errors.Join(fmt.Errorf("link terminal: %w", err), os.Remove(fresh))
	}
	return nil
}

// removeLink removes link unless somebody else has pointed it elsewhere.
func removeLink(link, target string) error {
	if link == "" {
		return nil
	}
	// No link at all reads as an empty target.
	if now, _ := os.Readlink(link); now != target {
		return nil
	}
	if err := os.Remove(link); err != nil {
		return fmt.Errorf("unlink terminal: %w", err)
	}
	return nil
}
