package escpos_test

import (
	"bytes"
	"fmt"
)

// command is one step of an encoded job: a run of text or a command with its parameters.
type command struct {
	name string
	data []byte
}

// fixed gives the parameter bytes of the commands an encoder may use; variable ones are read in walkCommand.
func fixed() map[string]int {
	return map[string]int{
		"\x1b@": 0, "\x1bE": 1, "\x1ba": 1, "\x1bd": 1, "\x1bp": 3, "\x1b2": 0, "\x1b3": 1,
		"\x1c&": 0,
		"\x1da": 1, "\x1d!": 1, "\x1dh": 1, "\x1dw": 1, "\x1dH": 1, "\x1df": 1, "\x1dV": 2,
	}
}

// walk splits a job into commands as a printer would, knowing only what the encoder is allowed to send.
func walk(job []byte) ([]command, error) {
	for i := range len(job) - 1 {
		if job[i] == 0x10 && (job[i+1] == 0x04 || job[i+1] == 0x05 || job[i+1] == 0x14) {
			return nil, fmt.Errorf("real-time command % x at %d", job[i:i+2], i)
		}
	}
	var out []command
	for len(job) > 0 {
		step, size, err := walkStep(job)
		if err != nil {
			return out, fmt.Errorf("%d bytes from the end: %w", len(job), err)
		}
		out, job = append(out, step), job[size:]
	}
	return out, nil
}

func walkStep(job []byte) (command, int, error) {
	switch b := job[0]; {
	case b == 0x1B || b == 0x1C || b == 0x1D:
		return walkCommand(job)
	case b == '\n':
		return command{name: "\n"}, 1, nil
	case b < 0x20 || b == 0x7F || b == 0x80 || b == 0xFF:
		return command{}, 0, fmt.Errorf("stray byte %#02x", b)
	default:
		return walkText(job)
	}
}

func walkText(job []byte) (command, int, error) {
	size := 0
	for size < len(job) && job[size] >= 0x20 {
		step := 1
		if job[size] >= 0x80 {
			step = 2
		}
		if size+step > len(job) || (step == 2 && (job[size+1] < 0x40 || job[size+1] == 0x7F)) {
			return command{}, 0, fmt.Errorf("broken character % x", job[size:min(size+2, len(job))])
		}
		size += step
	}
	return command{name: "text", data: bytes.Clone(job[:size])}, size, nil
}

func walkCommand(job []byte) (command, int, error) {
	if len(job) < 2 {
		return command{}, 0, fmt.Errorf("command cut short")
	}
	name, header, length := string(job[:2]), 2, 0
	if n, ok := fixed()[name]; ok {
		length = n
	} else {
		switch {
		case name == "\x1dk" && len(job) >= 4 && job[2] == 73:
			header, length = 4, int(job[3])
		case name == "\x1d(" && len(job) >= 5 && job[2] == 'k':
			header, length = 5, int(job[3])|int(job[4])<<8
		case name == "\x1dv" && len(job) >= 8 && job[2] == '0':
			header, length = 8, (int(job[4])|int(job[5])<<8)*(int(job[6])|int(job[7])<<8)
		default:
			return command{}, 0, fmt.Errorf("command % x not allowed", job[:2])
		}
	}
	if len(job) < header+length {
		return command{}, 0, fmt.Errorf("command % x cut short", job[:2])
	}
	return command{name: name, data: bytes.Clone(job[2 : header+length])}, header + length, nil
}

// count returns how many commands of a name there are.
func count(commands []command, name string) int {
	n := 0
	for _, c := range commands {
		if c.name == name {
			n++
		}
	}
	return n
}
