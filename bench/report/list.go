package report

import (
	"fmt"
	"strings"
)

// List is an error with details, one on each line.
type List struct {
	Head  error
	Items []string
}

// most is the number of items that are written.
const most = 10

func (l *List) Error() string {
	lines := append([]string{l.Head.Error()}, l.Items[:min(len(l.Items), most)]...)
	if more := len(l.Items) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n  ")
}

func (l *List) Unwrap() error { return l.Head }
