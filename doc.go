// Package restorebench is the root of a harness that measures how long a stream
// processor is down after a crash, and whether the restored state is right. It
// holds no code of its own: see cmd/restorebench for the command, harness for one
// trial, bench for many, stores for the state stores.
package restorebench
