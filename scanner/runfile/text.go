package runfile

import (
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// form is how values stand in a line, where encoding/json/v2 leaves that open. A string of ours that is no UTF-8 keeps
// what is readable of it: a run is not lost for that.
var form = json.JoinOptions(jsonv1.FormatDurationAsNano(true), json.FormatNilSliceAsNull(true),
	jsontext.AllowInvalidUTF8(true))

// text is octets that others sent, which JSON keeps as a string only when they are UTF-8: {"base64": "..."} otherwise.
type text string

type octets struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSONTo writes a string, or an object with the octets.
func (t text) MarshalJSONTo(to *jsontext.Encoder) error {
	if utf8.ValidString(string(t)) {
		return to.WriteToken(jsontext.String(string(t)))
	}
	return json.MarshalEncode(to, octets{[]byte(t)})
}

// UnmarshalJSONFrom takes both.
func (t *text) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	if from.PeekKind() == '{' {
		var o octets
		err := json.UnmarshalDecode(from, &o)
		*t = text(o.Base64)
		return err
	}
	return json.UnmarshalDecode(from, (*string)(t))
}

// encoded is a string that others sent, as a string where it is UTF-8 and as octets otherwise.
func encoded(s string) (string, []byte) {
	if utf8.ValidString(s) {
		return s, nil
	}
	return "", []byte(s)
}

// decoded is what was encoded.
func decoded(s string, octets []byte) string {
	if octets != nil {
		return string(octets)
	}
	return s
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
