package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"restorebench/harness/spec"
)

// flagOf adds the flag of a knob.
func flagOf(cmd *cobra.Command, name string) *string {
	k, _ := spec.Find(name)
	value := cmd.Flags().String(k.Name, k.Default(), k.Usage)
	if k.Switch {
		cmd.Flags().Lookup(k.Name).NoOptDefVal = "true"
	}
	return value
}

// knobFlags adds the flags of knobs. What it returns sets those in a spec that were given
// on the command line.
func knobFlags(cmd *cobra.Command, names []string) (given func(*spec.Spec) error) {
	flags := map[string]*string{}
	for _, name := range names {
		flags[name] = flagOf(cmd, name)
	}
	return func(s *spec.Spec) (err error) {
		cmd.Flags().Visit(func(f *pflag.Flag) {
			if text, ok := flags[f.Name]; ok && err == nil {
				err = s.Set(f.Name, *text, "--"+f.Name)
			}
		})
		return err
	}
}
