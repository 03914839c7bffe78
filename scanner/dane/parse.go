package dane

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"mxtls/scanner/resolve"
)

// maxRecord is how many octets the data of a TLSA record can have: what 65,535 octets (RFC 1035 4.1.3) leave behind the
// three of usage, selector and matching type.
const maxRecord = 1<<16 - 1 - 3

// ParseTLSA reads a TLSA record's data as zone files have it (RFC 6698 2.2): usage, selector and matching type in
// decimal, then hex in either letter case, with or without blanks in it. Whether the record can be used is for
// [Classify] to say. The error's words follow the text.
func ParseTLSA(text string) (resolve.TLSA, error) {
	fields := strings.Fields(text)
	if len(fields) < 4 {
		return resolve.TLSA{}, errors.New("is not of the form \"3 1 1 d6a1\": usage, selector, matching type, data in hex")
	}
	var r resolve.TLSA
	for i, number := range []*uint8{&r.Usage, &r.Selector, &r.Matching} {
		n, err := strconv.ParseUint(fields[i], 10, 8)
		if err != nil {
			what := [...]string{"usage", "selector", "matching type"}[i]
			return resolve.TLSA{}, fmt.Errorf("has the %s %.20q, which is no number from 0 to 255", what, fields[i])
		}
		*number = uint8(n)
	}
	digits := strings.Join(fields[3:], "")
	if len(digits) > 2*maxRecord {
		return resolve.TLSA{}, fmt.Errorf("has more data than a record can hold, %d octets", maxRecord)
	}
	var err error
	switch r.Data, err = hex.DecodeString(digits); {
	case errors.Is(err, hex.ErrLength):
		return resolve.TLSA{}, fmt.Errorf("has %d hex digits, and an octet takes two", len(digits))
	case err != nil:
		return resolve.TLSA{}, errors.New("has data that is not in hex")
	}
	return r, nil
}
