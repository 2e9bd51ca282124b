package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/yuantill/yuantill/protocol/tomlfile"
)

// clientMax is how long an id at an operator may be, in bytes, as the connector has it.
const clientMax = 32

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
	s.checkAddresses(wrong)
	s.checkPaths(wrong)
	if _, err := s.level(); err != nil {
		wrong("log_level", "不能为“%s”，可用 · cannot be %q, there is: %s", s.LogLevel, s.LogLevel, levels)
	}
	if at, err := s.Reconcile.at(); err != nil || at == 0 {
		wrong("reconcile.at", "“%s”不是 00:01 至 23:59 的时刻 · %q is no time of day from 00:01 to 23:59, such as 02:00", s.Reconcile.At, s.Reconcile.At)
	}
	s.checkTiming(wrong)
	s.checkOperators(wrong)
	if len(e.lines) == 0 {
		return nil
	}
	return e
}

func (s *Settings) checkAddresses(wrong func(key, format string, values ...any)) {
	for _, at := range [][2]string{{"broker.listen", s.Broker.Listen}, {"api.listen", s.API.Listen}} {
		if _, port, err := net.SplitHostPort(at[1]); err != nil || !isPort(port) {
			wrong(at[0], "“%s”不是“主机:端口” · %q is not host:port, such as 127.0.0.1:7500", at[1], at[1])
		}
	}
	if collide(s.Broker.Listen, s.API.Listen) {
		wrong("api.listen", "%s 已是 broker.listen，请改正其一 · %s is broker.listen already, correct one of them", s.API.Listen, s.API.Listen)
	}
	if len(s.Broker.Names) == 0 {
		wrong("broker.names", `至少一个名称 · at least one is needed, such as ["broker.example.com"]`)
	}
	for i, name := range s.Broker.Names {
		if name == "" || strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' }) {
			wrong("broker.names", "“%s”不是主机名或地址 · %q is no host name or address", name, name)
		}
		if slices.ContainsFunc(s.Broker.Names[:i], func(other string) bool { return strings.EqualFold(other, name) }) {
			wrong("broker.names", "“%s”出现了两次，请删去一处 · %q stands twice, remove one of them", name, name)
		}
	}
}

// isPort reports a number that a port can have. 0 would take a free one, and no terminal could find it.
func isPort(text string) bool {
	port, err := strconv.ParseUint(text, 10, 16)
	return err == nil && port > 0
}

// collide reports that the second of two listeners would find its port taken.
func collide(one, other string) bool {
	host, port, err := net.SplitHostPort(one)
	otherHost, otherPort, wrong := net.SplitHostPort(other)
	everywhere := func(host string) bool { return host == "" || net.ParseIP(host).IsUnspecified() }
	return err == nil && wrong == nil && port == otherPort && (host == otherHost || everywhere(host) || everywhere(otherHost))
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
		if at, err := url.Parse(o.URL); o.URL != "" && (err != nil || at.Scheme != "https" || at.Host == "" || at.Path != "" || at.RawQuery != "" || at.User != nil) {
			wrong(section+".url", "“%s”不是 https://主机[:端口] · %q is not https://host[:port], such as https://pay.example.com", o.URL, o.URL)
		}
		if len(o.Client) > clientMax || strings.ContainsFunc(o.Client, func(c rune) bool { return !strconv.IsPrint(c) }) {
			wrong(section+".client", "%q 须为至多 %d 个可见字符 · must be at most %d characters, all visible", o.Client, clientMax, clientMax)
		}
		if seen[o.Code] && o.Code != "" {
			wrong(section+".code", "机构 %s 出现了两次 · %s stands twice", o.Code, o.Code)
		}
		seen[o.Code] = true
	}
}
