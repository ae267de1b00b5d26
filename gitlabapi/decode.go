package gitlabapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// looseID is the id of somebody who may be gone: a number or null, or, as
// GitLab's documentation has it for tokens, a number in quotes.
type looseID int64

// UnmarshalJSON reads the three forms; null gives 0.
func (id *looseID) UnmarshalJSON(data []byte) error {
	text := strings.Trim(string(data), `"`)
	if text == "null" || text == "" {
		*id = 0
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return errors.New("neither a number nor null")
	}
	*id = looseID(n)
	return nil
}

// jsonTrouble describes a failed decoding without repeating the input, which may
// hold a secret: encoding/json and time quote what they could not read.
func jsonTrouble(err error) string {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("invalid JSON at byte %d", syntax.Offset)
	case errors.As(err, &mismatch):
		return fmt.Sprintf("unexpected type in field %q", mismatch.Field)
	default:
		return "unexpected value in a field"
	}
}
