package maillog

import "bytes"

// queueID cuts "QID: " off: letters and digits, in short and long form (enable_long_queue_ids). Real ones are never shorter
// than five; where people cut them short for a reader, a digit tells them from a word.
func queueID(text []byte) (id, rest []byte, ok bool) {
	const longest = 25
	i := bytes.IndexByte(text[:min(len(text), longest+1)], ':')
	if i < 1 || i+1 == len(text) || text[i+1] != ' ' {
		return nil, nil, false
	}
	var is octetKind
	for _, c := range text[:i] {
		is |= octetKinds[c]
	}
	digit := is&aDigit != 0
	if is&noAlnum != 0 || i < 5 && !digit {
		return nil, nil, false
	}
	if !digit {
		switch string(text[:i]) {
		case "warning", "fatal", "panic", "Verified", "Unverified", "TLSRPT":
			return nil, nil, false
		}
	}
	return text[:i], text[i+2:], true
}

// octetKind is what an octet is in a queue identifier.
type octetKind uint8

const (
	aDigit octetKind = 1 << iota
	noAlnum
)

var octetKinds = func() (kinds [256]octetKind) {
	for c := range kinds {
		switch {
		case c >= '0' && c <= '9':
			kinds[c] = aDigit
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z':
		default:
			kinds[c] = noAlnum
		}
	}
	return kinds
}()

// cut is bytes.Cut at an octet.
func cut(b []byte, at byte) (before, after []byte, found bool) {
	if i := bytes.IndexByte(b, at); i >= 0 {
		return b[:i], b[i+1:], true
	}
	return b, nil, false
}

// addressEnd is where an address's ">" stands, past a quoted local part as a whole (RFC 5321 4.1.2); -1 = nowhere.
func addressEnd(b []byte) int {
	from := 0
	if len(b) > 0 && b[0] == '"' {
		for from = 1; from < len(b) && b[from] != '"'; from++ {
			if b[from] == '\\' {
				from++
			}
		}
		if from >= len(b) {
			return -1
		}
	}
	i := bytes.IndexByte(b[from:], '>')
	if i < 0 {
		return -1
	}
	return from + i
}

// nextByte is where the next such octet is from a place on; -1 = nowhere.
func nextByte(b []byte, from int, c byte) int {
	i := bytes.IndexByte(b[from:], c)
	if i < 0 {
		return -1
	}
	return from + i
}

// domainOf is what stands behind the last at sign; nil without one.
func domainOf(address []byte) []byte {
	i := bytes.LastIndexByte(address, '@')
	if i < 0 || i == len(address)-1 {
		return nil
	}
	return address[i+1:]
}

// parsePeer reads "H[A]:P", "H[A]" or "H".
func parsePeer(b []byte) Peer {
	before, rest, ok := cut(b, '[')
	if !ok {
		return Peer{Host: b}
	}
	p := Peer{Host: before}
	shut := bytes.IndexByte(rest, ']')
	if shut < 0 {
		return p
	}
	p.Addr = rest[:shut]
	if len(rest) > shut+2 && rest[shut+1] == ':' {
		p.Port = rest[shut+2:]
	}
	return p
}

// peerEnd is the length of "H[A]" or "H[A]:P" at the start of b; 0 where there is none.
func peerEnd(b []byte) int {
	i := bytes.IndexByte(b, ']')
	if i < 0 {
		return 0
	}
	i++
	if i < len(b) && b[i] == ':' {
		end := i + 1
		for end < len(b) && b[end] >= '0' && b[end] <= '9' {
			end++
		}
		if end > i+1 {
			return end
		}
	}
	return i
}

// delaysTook is c+d of "delays=a/b/c/d" in seconds, rounded up: from the begin of the connection's setup to the end of
// the transmission; -1 where that is not what stands there.
func delaysTook(b []byte) int64 {
	for range 2 {
		i := bytes.IndexByte(b, '/')
		if i < 0 {
			return -1
		}
		b = b[i+1:]
	}
	c, d, ok := cut(b, '/')
	if !ok {
		return -1
	}
	return (millis(c) + millis(d) + 999) / 1000
}

// millis reads "12" or "0.34" as thousandths.
func millis(b []byte) (n int64) {
	whole, fraction, _ := cut(b, '.')
	if len(whole) > 9 {
		return 1 << 40
	}
	for _, c := range whole {
		if c >= '0' && c <= '9' {
			n = n*10 + int64(c-'0')
		}
	}
	for i := range 3 {
		n *= 10
		if i < len(fraction) && fraction[i] >= '0' && fraction[i] <= '9' {
			n += int64(fraction[i] - '0')
		}
	}
	return n
}

// cutField is what stands behind a key up to a blank or comma; nil where the key is not there.
func cutField(text []byte, key string) []byte {
	i := bytes.Index(text, []byte(key))
	if i < 0 {
		return nil
	}
	value := text[i+len(key):]
	if end := bytes.IndexAny(value, ", "); end >= 0 {
		value = value[:end]
	}
	return value
}
