package gitlabtest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// kind is the type to which GitLab's API framework coerces a parameter.
type kind int

const (
	anyKind kind = iota
	textKind
	integerKind
	booleanKind
)

// param is one declared parameter of a route. Parameters that are not declared are ignored.
type param struct {
	name     string
	kind     kind
	required bool
	// allowed are the only values; empty allows all.
	allowed []string
	// refused are values that may not be given.
	refused []string
}

func textParam(name string) param    { return param{name: name, kind: textKind} }
func integerParam(name string) param { return param{name: name, kind: integerKind} }
func booleanParam(name string) param { return param{name: name, kind: booleanKind} }

// require returns a copy of p that must be given; an empty value or null counts as given.
func (p param) require() param {
	p.required = true
	return p
}

// oneOf returns a copy of p that accepts these values only.
func (p param) oneOf(values ...string) param {
	p.allowed = values
	return p
}

// paged are params and the two of offset pagination.
func paged(params ...param) []param {
	perPage := integerParam("per_page")
	perPage.refused = []string{"0"}
	return append(params, integerParam("page"), perPage)
}

// values are the parameters of a request by name. A nil value is null.
type values map[string]any

// readValues collects the parameters from the address and the body; what stands in the path wins.
func readValues(r *http.Request, body []byte) (values, error) {
	v := values{}
	v.addForm(r.URL.Query())
	if err := v.addBody(r, body); err != nil {
		return nil, err
	}
	for _, name := range []string{"id", "agent_id", "token_id", "user_id", "file_path", "branch", "sha", "url_configuration_id"} {
		if value := r.PathValue(name); value != "" {
			v[name] = value
		}
	}
	return v, nil
}

func (v values) addForm(form url.Values) {
	for name, all := range form {
		v[name] = all[len(all)-1]
	}
}

func (v values) addBody(r *http.Request, body []byte) error {
	contentType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case len(body) == 0:
		return nil
	case contentType == "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return errMalformedBody()
		}
		v.addForm(form)
		return nil
	default:
		return v.addJSON(body)
	}
}

func (v values) addJSON(body []byte) error {
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	var object map[string]any
	if err := dec.Decode(&object); err != nil {
		return errMalformedBody()
	}
	if _, err := dec.Token(); err != io.EOF {
		return errMalformedBody()
	}
	maps.Copy(v, object)
	return nil
}

// check coerces v to params and returns the 400 that names every problem, or nil.
func (v values) check(params []param) error {
	var problems []string
	for _, p := range params {
		if problem := v.checkOne(p); problem != "" {
			problems = append(problems, p.name+" "+problem)
		}
	}
	if problems != nil {
		return refuseParameters(problems...)
	}
	return nil
}

func (v values) checkOne(p param) string {
	raw, given := v[p.name]
	if !given {
		if p.required {
			return "is missing"
		}
		return ""
	}
	value, ok := coerce(p.kind, raw)
	if !ok {
		return "is invalid"
	}
	v[p.name] = value
	said := fmt.Sprint(value)
	switch {
	case value == nil:
		return ""
	case p.allowed != nil && !slices.Contains(p.allowed, said):
		return "does not have a valid value"
	case slices.Contains(p.refused, said):
		return "has a value not allowed"
	}
	return ""
}

// coerce turns a raw value into the kind's own type, or nil for null and for the empty text where
// no text is meant.
func coerce(k kind, raw any) (any, bool) {
	if raw == nil {
		return nil, true
	}
	text, scalar := scalarText(raw)
	switch {
	case k == anyKind:
		return raw, true
	case !scalar:
		return nil, false
	case k == textKind:
		return text, true
	case text == "":
		return nil, true
	case k == integerKind:
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil
	default:
		return coerceBoolean(text)
	}
}

func coerceBoolean(text string) (any, bool) {
	switch strings.ToLower(text) {
	case "true", "t", "1", "on", "yes", "y":
		return true, true
	case "false", "f", "0", "off", "no", "n":
		return false, true
	default:
		return nil, false
	}
}

// scalarText is a scalar as text; ok is false for arrays and objects.
func scalarText(raw any) (text string, ok bool) {
	switch value := raw.(type) {
	case string:
		return value, true
	case json.Number:
		return value.String(), true
	case bool:
		return strconv.FormatBool(value), true
	default:
		return "", false
	}
}

// text is a parameter's text, empty when it is missing or null.
func (v values) text(name string) string {
	text, _ := v[name].(string)
	return text
}

// textOrNull is a parameter's text, nil when it is missing or null.
func (v values) textOrNull(name string) *string {
	text, ok := v[name].(string)
	if !ok {
		return nil
	}
	return &text
}

// integer is a parameter's number, or fallback when it is missing or null.
func (v values) integer(name string, fallback int64) int64 {
	n, ok := v[name].(int64)
	if !ok {
		return fallback
	}
	return n
}

// small is integer for numbers that fit an int; larger ones are cut off.
func (v values) small(name string, fallback int) int {
	return int(min(v.integer(name, int64(fallback)), math.MaxInt32))
}

// boolean is a parameter's truth value and whether it was given.
func (v values) boolean(name string) (value, given bool) {
	value, given = v[name].(bool)
	return value, given
}
