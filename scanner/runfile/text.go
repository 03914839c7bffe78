package runfile

import (
	"encoding/json"
	"unicode/utf8"
)

// text is octets that others sent, which JSON keeps as a string only when they are UTF-8: {"base64": "..."} otherwise.
type text string

type octets struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSON is a string, or an object with the octets.
func (t text) MarshalJSON() ([]byte, error) {
	if utf8.ValidString(string(t)) {
		return json.Marshal(string(t))
	}
	return json.Marshal(octets{[]byte(t)})
}

// UnmarshalJSON takes both.
func (t *text) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		var o octets
		err := json.Unmarshal(data, &o)
		*t = text(o.Base64)
		return err
	}
	return json.Unmarshal(data, (*string)(t))
}

func texts(all []string) []text {
	if all == nil {
		return nil
	}
	out := make([]text, len(all))
	for i, s := range all {
		out[i] = text(s)
	}
	return out
}

func stringsOf(all []text) []string {
	if all == nil {
		return nil
	}
	out := make([]string, len(all))
	for i, t := range all {
		out[i] = string(t)
	}
	return out
}
