package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"restorebench/bench/model"
	"restorebench/bench/page"
	"restorebench/bench/report"
	"restorebench/harness/record"
	"restorebench/harness/spec"
)

// predictKnobs are the flags of predict that say what is asked.
var predictKnobs = []string{"keys", "value-bytes", "key-bytes", "partitions", "updates-per-key", "tail", "subjects", "stores", "recovery", "out"}

func newPredict() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "predict [RAW.jsonl | DIR]",
		Short: "Say how long a store that was not measured would take to come back",
		Long: `Fits a model to the raw records of a capacity run (restorebench run
specs/capacity.yaml), by default of the newest run in --out, and asks it for a
store of the given size: a typical downtime, an interval that would hold nine
crashes of ten, and what of it lies beyond what was measured. With --rto it says
which stores and recoveries are back in time, and what each costs. The rest of the
setting (tombstones, machine, broker) is that of the run.`,
		Example: `  restorebench predict --keys 80M --value-bytes 200 --partitions 12 --rto 30s --rate 20k
  restorebench predict results/streams --subjects kafka-streams@4.2.1 --keys 20M
  restorebench predict --check 300k`,
		Args: cobra.MaximumNArgs(1),
	}
	given := knobFlags(cmd, predictKnobs)
	rto := cmd.Flags().Duration("rto", 0, "recovery time objective: which ways are back within this time, such as 30s")
	rate := cmd.Flags().String("rate", "0", "records a second that the processor writes, to turn the age of a saved offset into a checkpoint interval")
	check := cmd.Flags().String("check", "", "predict nothing new: fit to the cells of at most this many keys, and compare with the larger ones")
	explain := cmd.Flags().Bool("explain", false, "print what each model is made of")
	html := cmd.Flags().String("html", "", "write the run's report.html to this file too, with the answer on its first screen")
	asJSON := cmd.Flags().Bool("json", false, "print one JSON object")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s := spec.Default()
		if err := given(s); err != nil {
			return err
		}
		q, err := question(cmd, s, *rto, *rate)
		if err != nil {
			return err
		}
		path := s.Out
		if len(args) == 1 {
			path = args[0]
		}
		records, err := rawRecords(path)
		if err != nil {
			return err
		}
		if *check != "" {
			for _, other := range []string{"rto", "rate", "explain", "html"} {
				if cmd.Flags().Changed(other) {
					return errUsage{fmt.Errorf("--%s with --check, which predicts nothing new", other)}
				}
			}
			return checkPrediction(cmd.OutOrStdout(), records, *check, *asJSON)
		}
		models, left, err := model.New(records)
		if err != nil {
			return errUsage{&report.List{Head: fmt.Errorf("%s: %w; a capacity run is: restorebench run specs/capacity.yaml", path, err), Items: left}}
		}
		a, err := ask(models, s, cmd, q)
		var none *report.List
		if errors.As(err, &none) {
			none.Items = append(none.Items, left...)
		}
		if err != nil {
			return errUsage{err}
		}
		a.Left = left
		a.caution(q, records)
		if *html != "" {
			if err := a.page(*html, records, q); err != nil {
				return err
			}
		}
		if *asJSON {
			return json.NewEncoder(cmd.OutOrStdout()).Encode(a)
		}
		if err := a.write(cmd.OutOrStdout(), q); err != nil || !*explain {
			return err
		}
		return model.Explain(cmd.OutOrStdout(), models)
	}
	return cmd
}

// question checks what is asked: one size, not a list of them.
func question(cmd *cobra.Command, s *spec.Spec, rto time.Duration, rate string) (q model.Question, err error) {
	perSecond, err := spec.ParseCount(rate)
	if err != nil || perSecond < 0 {
		return q, &spec.Error{Where: "--rate", Value: rate, Allowed: "records a second, such as 10k"}
	}
	if rto < 0 {
		return q, &spec.Error{Where: "--rto", Value: rto.String(), Allowed: "a duration above 0, such as 30s"}
	}
	if !cmd.Flags().Changed("keys") { // the default is a list
		s.Keys = s.Keys[len(s.Keys)-1:]
	}
	for _, list := range []struct {
		name string
		n    int
	}{
		{"keys", len(s.Keys)},
		{"value-bytes", len(s.ValueBytes)},
		{"partitions", len(s.Partitions)},
		{"updates-per-key", len(s.UpdatesPerKey)},
		{"tail", len(s.Tail)},
	} {
		if list.n != 1 {
			return q, &spec.Error{Where: "--" + list.name, Allowed: "one value, not a list"}
		}
	}
	q.RTO, q.Rate = rto, float64(perSecond)
	q.Cell = record.Cell{
		Keys: s.Keys[0], KeyBytes: int(s.KeyBytes), ValueBytes: int(s.ValueBytes[0]), Partitions: int(s.Partitions[0]),
		UpdatesPerKey: int(s.UpdatesPerKey[0]), Tail: s.Tail[0],
	}
	return q, nil
}

// answer is what --json prints.
type answer struct {
	Predictions []model.Prediction `json:"predictions"`
	Options     []model.Option     `json:"options,omitempty"`
	Left        []string           `json:"not_fitted,omitempty"` // kinds that were measured at too few sizes
	Cautions    []string           `json:"cautions"`
}

// caution says what the answer leaves out, in the words of the page.
func (a *answer) caution(q model.Question, records []record.Record) {
	if model.Own(a.Predictions) {
		a.Cautions = append(a.Cautions, "These are times of restorebench's own processor and not of Kafka Streams, which specs/capacity-streams.yaml measures.")
	}
	var memory int64
	for i := range records {
		if env := records[i].Environment; env != nil { // of a trial that failed early there is none
			memory = env.MemBytes
		}
	}
	a.Cautions = append(a.Cautions, q.Cautions(a.Predictions, memory)...)
}

// ask asks for every subject, store and recovery that was given, or for all that were measured.
func ask(models []*model.Model, s *spec.Spec, cmd *cobra.Command, q model.Question) (a answer, err error) {
	of := func(flag string, values []string) []string {
		if cmd.Flags().Changed(flag) {
			return values
		}
		return []string{""} // stands for any
	}
	for _, subject := range of("subjects", s.Subjects) {
		for _, store := range of("stores", s.Stores) {
			for _, recovery := range of("recovery", s.Recovery) {
				c := q.Cell
				c.Subject, c.Store, c.Recovery = subject, store, recovery
				found, err := model.Ask(models, c)
				if err != nil {
					return a, err
				}
				a.Predictions = append(a.Predictions, found...)
				if q.RTO > 0 {
					options, err := model.Options(models, c, float64(q.RTO), q.Rate)
					if err != nil {
						return a, err
					}
					a.Options = append(a.Options, options...)
				}
			}
		}
	}
	model.Rank(a.Options)
	return a, nil
}

func (a answer) write(out io.Writer, q model.Question) error {
	if err := model.Table(out, q, a.Predictions); err != nil {
		return err
	}
	for _, line := range a.Left {
		fmt.Fprintln(out, "not fitted:", line)
	}
	all := slices.Clone(a.Predictions)
	for _, o := range a.Options {
		all = append(all, o.Prediction)
	}
	if err := model.Extrapolations(out, all); err != nil {
		return err
	}
	if q.RTO > 0 {
		if err := model.WriteOptions(out, q, a.Options); err != nil {
			return err
		}
	}
	return model.WriteCautions(out, a.Cautions)
}

// page writes the report of the run that the answer was derived from, which begins with it.
func (a answer) page(path string, records []record.Record, q model.Question) error {
	s, err := report.New(records)
	if err != nil {
		return err
	}
	asked := &page.Asked{Question: q, Options: a.Options}
	if q.RTO == 0 {
		for _, p := range a.Predictions {
			asked.Options = append(asked.Options, model.Option{Prediction: p})
		}
	}
	if err := page.WriteHTML(path, page.Run{Summary: s, Records: records, Asked: asked}); err != nil {
		return &spec.Error{Where: "--html", Value: path, Allowed: "a file that can be written (" + err.Error() + ")"}
	}
	fmt.Fprintln(os.Stderr, "wrote", path)
	return nil
}

func checkPrediction(out io.Writer, records []record.Record, upTo string, asJSON bool) error {
	n, err := spec.ParseCount(upTo)
	if err != nil || n < 1 {
		return &spec.Error{Where: "--check", Value: upTo, Allowed: "a number of keys, such as 1M"}
	}
	held, left, err := model.HoldOut(records, n)
	if err != nil {
		return errUsage{&report.List{Head: fmt.Errorf("--check %s: %w", upTo, err), Items: left}}
	}
	if asJSON {
		return json.NewEncoder(out).Encode(map[string]any{"held": held, "not_predicted": left})
	}
	return model.WriteHeld(out, held, left)
}
