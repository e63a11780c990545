package torture

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"restorebench/harness/subject"
)

// said is what a processor said of its end. The judge looks for each part where it belongs: the advice names the state directory
// anyway, and the log, which an error of the judge ends with, may name anything.
type said struct {
	code   string
	cause  string
	advice string // "" when there is none
}

// startAgain is part of what an error that somebody can mend says is to be done.
const startAgain = "start again"

// ending is a way in which a fault may end a processor.
type ending struct {
	code string // of the error
	why  string // part of its cause, in small letters
	// named says whether a cause names what was struck, which is a what.
	named func(cause string) bool
	what  string
}

// heard splits an error event: behind the cause stands "; " and what is to be done.
func heard(e *subject.Event) said {
	s := said{code: e.Code, cause: e.Message}
	at := strings.LastIndex(s.cause, startAgain)
	if at < 0 {
		return s
	}
	begin := max(0, strings.LastIndex(s.cause[:at], "; "))
	s.cause, s.advice = s.cause[:begin], s.cause[begin:]
	return s
}

// lacks is what a processor that a fault has ended in one of some ways should have said and did not, "" when nothing.
func (s *said) lacks(ways []ending) string {
	var codes []string
	for _, e := range ways {
		if e.code != s.code {
			codes = append(codes, e.code)
			continue
		}
		switch {
		case !strings.Contains(strings.ToLower(s.cause), e.why):
			return fmt.Sprintf("why (%s)", e.why)
		case !e.named(s.cause):
			return e.what
		case s.advice == "":
			return fmt.Sprintf("what to do (%s)", startAgain)
		}
		return ""
	}
	return fmt.Sprintf("the code %s, it has %q", strings.Join(codes, " or "), s.code)
}

// ofErrno is the ending by a system call that failed.
func ofErrno(name string, named func(cause string) bool) ending {
	return ending{errnos[name].code, errnos[name].text, named, "the file"}
}

// names says whether a text has a path, as itself and not as the beginning of a longer one.
func names(text, path string) bool {
	return regexp.MustCompile(regexp.QuoteMeta(path) + `($|[^\w./-])`).MatchString(text)
}

// What a refusal has to have for a code.
const (
	codeCorrupt    = "corrupt"
	codePartitions = "partitions_changed"
	codeOpen       = "open_transaction"
)

// refusalLacks is what a processor that has refused the files of the last kill should have said and did not, "" when nothing.
func (c *campaign) refusalLacks(e *subject.Event) string {
	s, code, lacks := heard(e), codeCorrupt, c.filesLack
	if c.pending[len(c.pending)-1].Kind == FaultTopicGrown {
		code, lacks = codePartitions, c.partitionsLack
	}
	if s.code != code {
		return fmt.Sprintf("the code %s, it has %q", code, s.code)
	}
	if what := lacks(s.cause); what != "" {
		return what
	}
	if !strings.Contains(s.advice, "remove ") || !names(s.advice, c.ground.state) {
		return fmt.Sprintf("what to do (remove what, of %s, and %s)", c.ground.state, startAgain)
	}
	return ""
}

func (c *campaign) partitionsLack(cause string) string {
	if !names(cause, fmt.Sprintf("%s has %d", c.ground.log, grownTo)) || !names(cause, fmt.Sprintf("of one with %d", grownFrom)) {
		return fmt.Sprintf("the changelog's number of partitions (%d), or that of the files' (%d)", grownTo, grownFrom)
	}
	return ""
}

// filesLack looks for any file that was damaged: a restore that was cut short leaves what was damaged before it, too.
func (c *campaign) filesLack(cause string) string {
	if !slices.ContainsFunc(c.pending, func(p *Line) bool {
		path := filepath.Join(c.ground.state, p.File)
		return p.File != "" && (names(cause, path) || names(cause, filepath.Dir(path)))
	}) {
		return fmt.Sprintf("the file %s, or its directory", c.pending[len(c.pending)-1].File)
	}
	return ""
}
