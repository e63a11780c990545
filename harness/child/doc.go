// Package child says how the harness starts processes: the broker's JVM and the
// subjects.
package child
