package main

import (
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"restorebench/bench/peers"
	"restorebench/harness/record"
	"restorebench/harness/spec"
	"restorebench/harness/subject"
	"restorebench/harness/trial"
)

// resolve finds the programs of the subjects that a spec names, and tells the spec what they can do. all
// becomes those that are there; the others are noted.
func resolve(s *spec.Spec) (subjects map[string]trial.Subject, notes []string, err error) {
	subjects, s.Systems = map[string]trial.Subject{}, map[string]spec.System{}
	var names []string
	for _, name := range s.Subjects {
		switch name {
		case spec.SubjectSelf:
			names = append(names, name)
		case spec.SubjectCustom:
			command, err := customCommand(s.SubjectCommand)
			if err != nil {
				return nil, nil, err
			}
			subjects[name], s.Systems[name] = trial.Subject{Command: command}, custom
			names = append(names, name)
		case spec.SubjectsAll:
			names = append(names, spec.SubjectSelf)
			for _, peer := range peers.Names() {
				found, err := add(s, subjects, peer)
				if err != nil {
					notes = append(notes, err.Error())
					continue
				}
				names = append(names, found.Name)
			}
		default:
			peer, err := add(s, subjects, name)
			if err != nil {
				return nil, nil, errUsage{fmt.Errorf("--subjects: %w", err)}
			}
			names = append(names, peer.Name)
		}
	}
	if s.SubjectCommand != "" && !slices.Contains(names, spec.SubjectCustom) {
		return nil, nil, &spec.Error{Where: "--subject-cmd", Value: s.SubjectCommand, Allowed: "a command, together with --subjects custom"}
	}
	s.Subjects = slices.Compact(names)
	return subjects, notes, nil
}

func add(s *spec.Spec, subjects map[string]trial.Subject, name string) (*peers.Peer, error) {
	peer, command, err := peers.Find(name)
	if err != nil {
		return nil, err
	}
	subjects[peer.Name], s.Systems[peer.Name] = trial.Subject{Command: command, Headers: peer.Headers, Settings: peer.InForce}, peer.System
	return peer, nil
}

// custom is what a program of the user's is taken to be able to do; a trial that it can't do is invalid.
var custom = spec.System{
	Stores:   []string{spec.StoreMemory, spec.StoreRocks},
	Recovery: []string{record.Replay, record.Local, record.LocalTail},
	Groups:   []string{spec.GroupNone, spec.GroupClassic, spec.GroupConsumer, spec.GroupStreams},
	Standby:  true,
	Shares:   4,
	Copies:   []string{spec.GroupClassic, spec.GroupConsumer, spec.GroupStreams},
	Client:   spec.ClientAll(),
}

// customCommand splits a command into words, as a shell without quotes and variables would.
func customCommand(line string) (subject.Command, error) {
	words := strings.Fields(line)
	if len(words) == 0 {
		return subject.Command{}, &spec.Error{Where: "--subject-cmd", Value: line, Allowed: "the command of a program that speaks the protocol of harness/subject, for --subjects custom"}
	}
	if _, err := exec.LookPath(words[0]); err != nil {
		return subject.Command{}, &spec.Error{Where: "--subject-cmd", Value: line, Allowed: "a program that is there (" + err.Error() + ")"}
	}
	return subject.Command{Path: words[0], Args: words[1:]}, nil
}

func newSubjects() *cobra.Command {
	return &cobra.Command{
		Use:   "subjects",
		Short: "List the systems that can be measured, and what keeps the others away",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listSubjects(cmd.OutOrStdout())
		},
	}
}

func listSubjects(out io.Writer) error {
	lines := []string{spec.SubjectSelf + "\n  our own processor"}
	for _, name := range peers.Names() {
		peer, _, err := peers.Find(name)
		line := name
		var missing *peers.Unavailable
		switch {
		case errors.As(err, &missing):
			line += fmt.Sprintf("\n  unavailable: %s; %s", missing.Reason, missing.Remedy)
		case err != nil:
			return err
		default:
			line += fmt.Sprintf("\n  stores %s; recovery %s; groups %s", strings.Join(peer.Stores, ", "), strings.Join(peer.Recovery, ", "), strings.Join(peer.Groups, ", "))
			for _, setting := range peer.Differences() {
				line += "\n  " + setting
			}
		}
		lines = append(lines, line)
	}
	_, err := fmt.Fprintln(out, strings.Join(lines, "\n"))
	return err
}
