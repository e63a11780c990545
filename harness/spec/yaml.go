package spec

import (
	"fmt"
	"os"
	"strings"

	"gopkg.in/yaml.v3"
)

// Load reads a YAML file on top of s. Its fields are the knobs' names; a list is
// a YAML sequence, name=value settings are a mapping. Errors name the file and
// the line.
func (s *Spec) Load(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return &Error{Where: "spec", Value: path, Allowed: "a YAML file that can be read (" + err.Error() + ")"}
	}
	return s.Parse(data, path)
}

// Parse is Load for bytes; name stands for the file in errors.
func (s *Spec) Parse(data []byte, name string) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return &Error{Where: name, Allowed: "YAML (" + strings.TrimPrefix(err.Error(), "yaml: ") + ")"}
	}
	if len(doc.Content) == 0 {
		return nil // an empty file changes nothing
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode {
		return &Error{Where: at(name, root), Allowed: "a mapping of fields to values"}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		field, value := root.Content[i], root.Content[i+1]
		knob, ok := Find(field.Value)
		if !ok {
			return &Error{Where: at(name, field) + ": unknown field", Value: field.Value, Allowed: "one of " + strings.Join(Names(), ", ")}
		}
		if seen[field.Value] {
			return &Error{Where: at(name, field) + ": field given twice", Value: field.Value, Allowed: "each field once"}
		}
		seen[field.Value] = true
		values, ok := texts(value)
		where := at(name, value) + ": " + field.Value
		if !ok || (len(values) == 0 && len(knob.defaults) > 0) {
			return &Error{Where: where, Allowed: knob.Allowed}
		}
		if err := s.assign(knob, values, where); err != nil {
			return err
		}
	}
	return nil
}

// YAML is what was assigned to s, in the form that Parse reads; what was not has its default.
func (s *Spec) YAML() ([]byte, error) { return yaml.Marshal(s.given) }

// texts turns a scalar, a sequence of scalars, a mapping of scalars or of sequences of them, or a sequence of
// mappings (variants) into the texts that a knob takes.
func texts(n *yaml.Node) ([]string, bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		return []string{n.Value}, true
	case yaml.SequenceNode:
		var out []string
		for _, c := range n.Content {
			one, ok := texts(c)
			if !ok || c.Kind == yaml.SequenceNode {
				return nil, false
			}
			if c.Kind == yaml.MappingNode {
				one = []string{strings.Join(one, ",")}
				if len(out) > 0 {
					one = []string{out[len(out)-1] + variant + one[0]}
					out = out[:len(out)-1]
				}
			}
			out = append(out, one...)
		}
		return out, true
	case yaml.MappingNode:
		return pairs(n)
	default:
		return nil, false
	}
}

// pairs turns a mapping into name=value, with / between several values.
func pairs(n *yaml.Node) (out []string, ok bool) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		values, ok := texts(n.Content[i+1])
		if !ok || n.Content[i+1].Kind == yaml.MappingNode {
			return nil, false
		}
		out = append(out, n.Content[i].Value+"="+strings.Join(values, "/"))
	}
	return out, true
}

func at(name string, n *yaml.Node) string { return fmt.Sprintf("%s:%d", name, n.Line) }
