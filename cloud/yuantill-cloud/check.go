package main

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/yuantill/yuantill/protocol/tomlfile"
)

// levels are what may stand in log_level.
const levels = "debug, info, warn, error"

// settingsError is what is wrong with a settings file: a line a mistake, each with its place, in both languages. It is an
// ErrSettings.
type settingsError struct{ lines []string }

// Error implements error.
func (e *settingsError) Error() string {
	return ErrSettings.Error() + ": " + strings.Join(e.lines, "\n  ")
}

// Is reports ErrSettings.
func (e *settingsError) Is(target error) bool { return target == ErrSettings }

// add notes a mistake; said is in Chinese and English with a dot between them.
func (e *settingsError) add(path string, at tomlfile.Place, key, said string) {
	where := path
	if at != (tomlfile.Place{}) {
		where += ":" + at.String()
	}
	if key != "" {
		where += ": " + key
	}
	e.lines = append(e.lines, where+": "+said)
}

// wrong is a mistake of one key that shows only when it is used.
func (s *Settings) wrong(key, said string) error {
	e := &settingsError{}
	e.add(s.path, s.places.At(key), key, said)
	return e
}

// unreadable puts what the file's reader found into words.
func unreadable(path string, err error) error {
	var wrong *tomlfile.Error
	if !errors.As(err, &wrong) {
		return fmt.Errorf("%w: %s: %w", ErrSettings, path, err)
	}
	e := &settingsError{}
	for _, m := range wrong.Mistakes {
		e.add(path, m.Place, m.Key, describe(m))
	}
	return e
}

func describe(m tomlfile.Mistake) string {
	switch m.Kind {
	case tomlfile.Unknown:
		return "没有这个设置，请核对拼写 · there is no such setting, check its spelling"
	case tomlfile.Twice:
		return "出现了两次，请删去一处 · stands twice, remove one of them"
	case tomlfile.Syntax:
		return "不是有效的 TOML · is not valid TOML: " + m.Cause
	}
	switch m.Want {
	case tomlfile.Section, tomlfile.Sections:
		return fmt.Sprintf("须写成一节 · must be a section: [%s]", m.Key)
	case tomlfile.Text:
		return "须为引号中的文本 · must be a text in quotes"
	case tomlfile.Texts:
		return `须为文本列表 · must be a list of texts, such as ["a", "b"]`
	case tomlfile.YesNo:
		return "须为 · must be: true, false"
	case tomlfile.Written:
		return `须为带单位的时长 · must be a duration with its unit, such as "3s"`
	default:
		return "须为整数 · must be a whole number"
	}
}

// mistakes says which settings make no sense, all of them; nil when none.
func (s *Settings) mistakes() error {
	e := &settingsError{}
	wrong := func(key, format string, values ...any) {
		e.add(s.path, s.places.At(key), key, fmt.Sprintf(format, values...))
	}
	for _, at := range [][2]string{{"broker.listen", s.Broker.Listen}, {"api.listen", s.API.Listen}} {
		if _, _, err := net.SplitHostPort(at[1]); err != nil {
			wrong(at[0], "“%s”不是“主机:端口” · %q is not host:port, such as 127.0.0.1:7500", at[1], at[1])
		}
	}
	if len(s.Broker.Names) == 0 {
		wrong("broker.names", `至少一个名称 · at least one is needed, such as ["broker.example.com"]`)
	}
	if _, err := s.level(); err != nil {
		wrong("log_level", "不能为“%s”，可用 · cannot be %q, there is: %s", s.LogLevel, s.LogLevel, levels)
	}
	s.checkTiming(wrong)
	s.checkOperators(wrong)
	if len(e.lines) == 0 {
		return nil
	}
	return e
}

// checkTiming checks what the file can set one by one, and then as the payment machine does, all together.
func (s *Settings) checkTiming(wrong func(key, format string, values ...any)) {
	const queryMin, queryMax, reverseMin, giveUpMax = 3 * time.Second, 5 * time.Second, 15 * time.Second, 45 * time.Second
	t := s.timing()
	outside := func(value, least, most time.Duration) bool { return value < least || value > most }
	switch {
	case outside(t.QueryEvery, queryMin, queryMax):
		wrong("payment.query_every", "%v 须在 %v 至 %v 之间 · must be %v to %v", t.QueryEvery, queryMin, queryMax, queryMin, queryMax)
	case t.ReverseNotBefore < reverseMin:
		wrong("payment.reverse_not_before", "%v 过短，至少 %v · is too short, it is at least %v", t.ReverseNotBefore, reverseMin, reverseMin)
	case outside(t.GiveUpAfter, t.ReverseNotBefore, giveUpMax):
		wrong("payment.give_up_after", "%v 须在 reverse_not_before（%v）至 %v 之间 · must be reverse_not_before (%v) to %v", t.GiveUpAfter,
			t.ReverseNotBefore, giveUpMax, t.ReverseNotBefore, giveUpMax)
	default:
		if err := t.Validate(); err != nil {
			wrong("payment", "各项时限互相矛盾 · %v", err)
		}
	}
}

func (s *Settings) checkOperators(wrong func(key, format string, values ...any)) {
	seen := map[string]bool{}
	for i, o := range s.Operators {
		section := fmt.Sprintf("operator.%d", i)
		for _, needed := range [][2]string{{"code", o.Code}, {"url", o.URL}, {"client", o.Client}, {"public_key", o.PublicKey}} {
			if needed[1] == "" {
				wrong(section+"."+needed[0], "必须填写 · is needed")
			}
		}
		if seen[o.Code] && o.Code != "" {
			wrong(section+".code", "机构 %s 出现了两次 · %s stands twice", o.Code, o.Code)
		}
		seen[o.Code] = true
	}
}
