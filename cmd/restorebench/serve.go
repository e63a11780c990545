package main

import (
	"github.com/spf13/cobra"

	"restorebench/harness/processor"
)

func newServeSubject() *cobra.Command {
	return &cobra.Command{
		Use:   "serve-subject",
		Short: "Be the processor that a trial kills and restarts (started by run)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return processor.Run(cmd.Context(), version(), cmd.InOrStdin())
		},
	}
}
