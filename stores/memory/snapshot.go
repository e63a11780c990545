package memory

import (
	"context"
	"errors"
	"fmt"

	"restorebench/stores"
)

var errNoDirectory = errors.New("memory: a store without a directory has no snapshots")

// Snapshot writes the store to its file while the writer goes on: it may be called
// by any goroutine, beside Apply. It waits for a snapshot that is being written, and
// for a moment when the store holds what the changelog does up to Offset: after live
// writes (stores.Log) that is the next commit, or Flush. When nothing has changed since the
// last snapshot it does nothing, and when only the offset has, it writes only that.
//
// Until it is done, overwrites and deletes give no room back, and the index may take
// twice its room. After an error, of ctx or of the disk, the last snapshot is still
// there.
func (s *Store) Snapshot(ctx context.Context) error {
	if s.saver == nil {
		return errNoDirectory
	}
	return s.save(ctx, s.committed)
}

// Flush writes a snapshot of the store as it is, live writes included, as Snapshot
// does. Without a directory there are no files, and it does nothing.
func (s *Store) Flush() error {
	if s.saver == nil {
		return nil
	}
	s.setFlushing(true)
	defer s.setFlushing(false)
	return s.save(context.Background(), s.present)
}

// setFlushing keeps snapshots from waiting for a commit while Flush waits for them.
func (s *Store) setFlushing(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushing = on
	s.serve()
}

// save writes the image of the moment that it is given.
func (s *Store) save(ctx context.Context, moment func(context.Context) (*image, error)) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.saver.life, func() { cancel(errClosed) })()
	select {
	case <-s.saver.turn:
		defer func() { s.saver.turn <- struct{}{} }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if err := s.prepare(); err != nil {
		return err
	}
	im, err := moment(ctx)
	if err != nil {
		return errors.Join(err, s.saver.freeCopies())
	}
	defer func() { err = errors.Join(err, im.free(), s.saver.freeCopies()) }()
	switch {
	case im.index != nil:
		err = s.saver.write(ctx, im)
	case im.moved:
		err = s.saver.move(im.next)
	}
	if err != nil {
		return fmt.Errorf("memory: snapshot %s: %w", s.saver.path, err)
	}
	return nil
}

// present is the image of now.
func (s *Store) present(context.Context) (*image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.freeze()
}

// moment is an image, or why there is none.
type moment struct {
	image *image
	err   error
}

// committed is the image of the next moment without uncommitted live writes, which
// the writer itself makes if that is not now: a commit may be followed by the next
// write before any other goroutine is awake.
func (s *Store) committed(ctx context.Context) (*image, error) {
	s.mu.Lock()
	if s.settled() {
		defer s.mu.Unlock()
		return s.freeze()
	}
	wanted := make(chan moment, 1)
	s.wanted = wanted
	s.mu.Unlock()
	select {
	case m := <-wanted:
		return m.image, m.err
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wanted = nil
	if len(wanted) > 0 {
		m := <-wanted
		return m.image, m.err
	}
	return nil, context.Cause(ctx)
}

// applyDone notes what a batch has changed. s.mu is held.
func (s *Store) applyDone(b *stores.Batch) {
	moved := !s.applied || b.Next != s.next
	if b.Len() > 0 {
		s.changes++
		s.ahead = b.Next == s.next
	} else if moved {
		s.ahead = false
	}
	s.next, s.applied = b.Next, true
	s.serve()
}

// settled: there is nothing to wait for before a snapshot. s.mu is held.
func (s *Store) settled() bool { return !s.ahead || s.flushing || s.unchanged() }

// serve makes the image that a snapshot waits for, if now is the moment. s.mu is held.
func (s *Store) serve() {
	if s.wanted == nil || !s.settled() {
		return
	}
	im, err := s.freeze()
	s.wanted <- moment{im, err}
	s.wanted = nil
}
