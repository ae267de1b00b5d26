package gitlabapi

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// looseID is the id of somebody who may be gone: a number or null, or, as
// GitLab's documentation has it for tokens, a number in quotes.
type looseID int64

// UnmarshalJSONFrom reads the three forms; null gives 0.
func (id *looseID) UnmarshalJSONFrom(in *jsontext.Decoder) error {
	value, err := in.ReadValue()
	if err != nil {
		return err
	}
	text := bytes.Trim(value, `"`)
	if len(text) == 0 || string(text) == "null" {
		*id = 0
		return nil
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return errors.New("neither a number nor null")
	}
	*id = looseID(n)
	return nil
}

// decode reads an answer. GitLab's JSON is taken as encoding/json takes it: the last of a name that
// comes twice, and what is no UTF-8 replaced. The library is that of Go's next encoding/json, which
// reads an answer once where today's reads it twice.
func decode(data []byte, out any) error {
	return json.Unmarshal(data, out, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// jsonTrouble describes a failed decoding without repeating the input, which may
// hold a secret: the library's errors quote what they could not read.
func jsonTrouble(err error) string {
	var syntax *jsontext.SyntacticError
	var mismatch *json.SemanticError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("invalid JSON at byte %d", syntax.ByteOffset)
	case errors.As(err, &mismatch) && mismatch.Err == nil:
		return fmt.Sprintf("unexpected type in field %q", clean(string(mismatch.JSONPointer)))
	default:
		return "unexpected value in a field"
	}
}
