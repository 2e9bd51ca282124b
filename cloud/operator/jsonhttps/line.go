package jsonhttps

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/yuantill/yuantill/cloud/operator/profile"
)

// Bounds of one exchange on a line.
const (
	interimMax = 4                                  // 1xx responses in front of the answer
	answerMax  = headerBytesMax + 2*profile.BodyMax // bytes of an answer, a chunked one included
)

var errInterim = errors.New("jsonhttps: too many interim responses")

// line is one connection to the operator. One call at a time has it and works it on its own goroutine: nothing is written
// but by the call, so that what was not written was certainly not sent, and no other goroutine has to be woken.
type line struct {
	secure *tls.Conn
	raw    net.Conn // below secure
	limit  io.LimitedReader
	reader *bufio.Reader
	since  time.Time // when it was last used
}

func newLine(secure *tls.Conn, raw net.Conn) *line {
	l := &line{secure: secure, raw: raw, limit: io.LimitedReader{R: secure}}
	l.reader = bufio.NewReaderSize(&l.limit, bufferSize)
	return l
}

// dial opens a line. ctx bounds it beside dialTimeout and handshakeTimeout.
func dial(ctx context.Context, dialer *net.Dialer, address string, config *tls.Config) (*line, error) {
	raw, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	secure := tls.Client(raw, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, err
	}
	return newLine(secure, raw), nil
}

// received is a response as it came.
type received struct {
	status int
	header http.Header
	body   []byte
}

// exchange writes a request's bytes and reads its answer, until ctx ends. It reports whether the line can be used again. From the
// first call of Write on nobody knows whether the operator got the request.
func (l *line) exchange(ctx context.Context, request []byte) (got received, again bool, err error) {
	unblock := context.AfterFunc(ctx, func() { _ = l.secure.SetDeadline(time.Unix(1, 0)) })
	defer func() {
		if !unblock() { // the line's deadline is passed, or will be in a moment
			again = false
			if err != nil {
				err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
			}
		}
	}()
	if _, err := l.secure.Write(request); err != nil {
		return received{}, false, fmt.Errorf("write request: %w", err)
	}
	l.limit.N = answerMax
	response, err := l.response()
	if err != nil {
		return received{}, false, fmt.Errorf("read answer: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, profile.BodyMax+1))
	got = received{status: response.StatusCode, header: response.Header, body: body}
	if err != nil {
		return got, false, fmt.Errorf("read answer: %w", err)
	}
	if len(body) > profile.BodyMax {
		return got, false, ErrAnswerTooLong
	}
	return got, !response.Close && l.reader.Buffered() == 0, nil
}

// response reads up to the answer's body.
func (l *line) response() (*http.Response, error) {
	for range interimMax + 1 {
		response, err := http.ReadResponse(l.reader, nil) // to a POST as to a GET
		if err != nil || response.StatusCode >= http.StatusOK {
			return response, err
		}
	}
	return nil, errInterim
}

// alive reports whether an idle line is still open: nobody has closed it, and nothing came that nobody asked for.
func (l *line) alive() bool {
	conn, can := l.raw.(syscall.Conn)
	if !can {
		return false
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	quiet := false
	err = raw.Control(func(fd uintptr) {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = errors.Is(err, syscall.EAGAIN)
	})
	return err == nil && quiet
}

// close says goodbye where that does not take long.
func (l *line) close() {
	_ = l.secure.Close() // nothing depends on it: an idle line has no answer outstanding
}
