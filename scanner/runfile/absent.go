package runfile

import (
	"errors"
	"strings"

	"mxtls/scanner/mtasts"
	"mxtls/scanner/resolve"
)

// absences are what domains without a record have instead, by the words that say so, each once: results share them.
type absences map[string]*mtasts.Facts

// of is what words stand for.
func (all absences) of(words string) (*mtasts.Facts, error) {
	if f, ok := all[words]; ok {
		return f, nil
	}
	status, trust, ok := strings.Cut(words, " ")
	if !ok {
		return nil, errors.New("it takes a status and a trust")
	}
	f := &mtasts.Facts{}
	if err := f.Record.Status.UnmarshalText([]byte(status)); err != nil {
		return nil, err
	}
	if err := f.Record.Trust.UnmarshalText([]byte(trust)); err != nil {
		return nil, err
	}
	all[words] = f
	return f, nil
}

// absenceOf is an answer in words where its status and its trust are all that it says; "" otherwise. How long the absence
// may be kept is not worth an object for each domain.
func absenceOf(a *resolve.Answer) string {
	if a == nil || a.Status != resolve.NoData && a.Status != resolve.NXDomain ||
		len(a.Aliases) > 0 || len(a.TXT) > 0 || a.Dropped > 0 || !a.Expires.IsZero() || a.Err != nil {
		return ""
	}
	return a.Status.String() + " " + a.Trust.String()
}
