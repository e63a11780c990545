package subject

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

// Emitter is the subject's side of the event protocol.
type Emitter struct {
	mu   sync.Mutex
	file *os.File
}

// OpenEvents opens the pipe that EnvEvents names.
func OpenEvents(path string) (*Emitter, error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", EnvEvents, err)
	}
	return &Emitter{file: f}, nil
}

// Emit writes one event as one line.
func (e *Emitter) Emit(ev Event) error {
	line, err := json.Marshal(ev)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, err := e.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("event %s: %w", ev.Event, err)
	}
	return nil
}

// Close closes the pipe.
func (e *Emitter) Close() error { return e.file.Close() }
