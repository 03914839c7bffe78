package maillog

import (
	"bytes"
	"encoding/binary"
	"time"
)

// clock turns stamps into Unix seconds. A stamp without a zone is of the clock's own; the offset is worked out once an
// hour of the log, since that is what costs. Most stamps are the one before, which is not read again.
type clock struct {
	zone   *time.Location
	latest int64 // no first line is later than this
	year   int   // of the last RFC 3164 stamp; 0 before the first
	month  int

	lastBSD  [2]uint64 // its octets
	lastUnix int64     // what it came to
	lastISO  [3]uint64 // to the second
	lastTime int64     // what it came to without a zone

	hour   int64 // of the civil time for which offset holds
	offset int64
	known  bool
}

// octets8 are eight octets to be compared at once.
func octets8(b []byte) uint64 { return binary.NativeEndian.Uint64(b) }

// Lengths of "Mar 11 11:18:50" and "2016-03-11T11:18:50".
const bsdLength, isoLength = 15, 19

const day = 24 * 60 * 60

// unix is the second that a civil time is, which is given in seconds as if it were UTC.
func (c *clock) unix(civil int64) int64 {
	hour := floorDiv(civil, 3600)
	if !c.known || hour != c.hour {
		t := time.Unix(hour*3600, 0).UTC()
		at := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), 0, 0, 0, c.zone)
		c.hour, c.offset, c.known = hour, hour*3600-at.Unix(), true
	}
	return civil - c.offset
}

// civilTime is a time of day of a date in seconds as if it were UTC.
func civilTime(year, month, mday int, second int64) int64 {
	return daysSince1970(year, month, mday)*day + second
}

// daysSince1970 counts the days of the Gregorian calendar, years beginning in March so that the leap day comes last.
func daysSince1970(year, month, mday int) int64 {
	if month <= 2 {
		year, month = year-1, month+12
	}
	era := year / 400
	yoe := year - era*400
	doy := (153*(month-3)+2)/5 + mday - 1
	return int64(era*146097+yoe*365+yoe/4-yoe/100+doy) - 719468
}

func leap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// bsd reads "Mar 11 11:18:50", RFC 3164 4.1.2. The first stamp is of the latest year in which it is not later than the
// clock's limit; from then on a stamp half a year back is of the next year. One half a year ahead is of the year before
// where it would be later than the limit, and so is one of December behind one of January, which came late.
func (c *clock) bsd(b []byte) (at int64, rest []byte, ok bool) {
	if len(b) < 16 || b[3] != ' ' || b[6] != ' ' || b[15] != ' ' && b[15] != '.' {
		return 0, nil, false
	}
	stamp, rest := [...]uint64{octets8(b), octets8(b[bsdLength-8:])}, b[bsdLength:]
	if stamp != c.lastBSD {
		if at, ok = c.readBSD(b); !ok {
			return 0, nil, false
		}
		c.lastBSD, c.lastUnix = stamp, at
	}
	if rest[0] == '.' { // a fraction
		i := bytes.IndexByte(rest, ' ')
		if i < 0 {
			return 0, nil, false
		}
		rest = rest[i:]
	}
	return c.lastUnix, rest[1:], true
}

func (c *clock) readBSD(b []byte) (at int64, ok bool) {
	month := monthOf(b[0], b[1], b[2])
	mday := int(b[5] - '0')
	if b[4] != ' ' {
		mday += 10 * int(b[4]-'0')
	}
	second, good := timeOfDay(b[7:15])
	if month == 0 || b[5]-'0' > 9 || b[4] != ' ' && b[4]-'0' > 3 || mday < 1 || mday > 31 || !good {
		return 0, false
	}
	if c.year == 0 {
		c.year = time.Unix(c.latest, 0).In(c.zone).Year() + 1
		for c.unix(civilTime(c.year, month, mday, second)) > c.latest+day || month == 2 && mday == 29 && !leap(c.year) {
			c.year--
		}
		c.month = month
	}
	year := c.year
	switch {
	case month-c.month == 11, month-c.month > 6 && c.unix(civilTime(year, month, mday, second)) > c.latest+day:
		year--
	case c.month-month > 6:
		c.year++
		year, c.month = c.year, month
	default:
		c.month = month
	}
	return c.unix(civilTime(year, month, mday, second)), true
}

// iso reads "2016-03-11T11:18:50" with a "T" or a blank, an optional fraction and an optional zone, and returns what
// follows it.
func (c *clock) iso(b []byte) (at int64, rest []byte, ok bool) {
	if len(b) < 20 || b[4] != '-' || b[7] != '-' || b[10] != 'T' && b[10] != ' ' {
		return 0, nil, false
	}
	stamp, rest := [...]uint64{octets8(b), octets8(b[8:]), octets8(b[isoLength-8:])}, b[isoLength:]
	if stamp != c.lastISO {
		if at, ok = readISO(b); !ok {
			return 0, nil, false
		}
		c.lastISO, c.lastTime = stamp, at
	}
	if rest[0] == '.' || rest[0] == ',' {
		i := 1
		for i < len(rest) && rest[i] >= '0' && rest[i] <= '9' {
			i++
		}
		rest = rest[i:]
	}
	if len(rest) > 1 && rest[0] == ' ' && (rest[1] == '+' || rest[1] == '-') { // Exim writes a blank before the zone
		if _, _, zoned := zoneOf(rest[1:]); zoned {
			rest = rest[1:]
		}
	}
	if offset, after, zoned := zoneOf(rest); zoned {
		return c.lastTime - offset, after, true
	}
	return c.unix(c.lastTime), rest, true
}

// readISO reads "2016-03-11T11:18:50" as a civil time.
func readISO(b []byte) (civil int64, ok bool) {
	century, y1 := number2(b[0:2])
	decade, y2 := number2(b[2:4])
	month, m := number2(b[5:7])
	mday, d := number2(b[8:10])
	second, s := timeOfDay(b[11:19])
	if !y1 || !y2 || !m || !d || !s || month < 1 || month > 12 || mday < 1 || mday > 31 || century < 19 {
		return 0, false
	}
	return civilTime(century*100+decade, month, mday, second), true
}

// zoneOf reads "Z", "+09:00" or "+0900".
func zoneOf(b []byte) (offset int64, rest []byte, ok bool) {
	if len(b) > 0 && b[0] == 'Z' {
		return 0, b[1:], true
	}
	if len(b) < 5 || b[0] != '+' && b[0] != '-' {
		return 0, nil, false
	}
	hours, h := number2(b[1:3])
	minutes := b[3:]
	if minutes[0] == ':' {
		minutes = minutes[1:]
	}
	if len(minutes) < 2 {
		return 0, nil, false
	}
	mins, m := number2(minutes[:2])
	if !h || !m || hours > 14 || mins > 59 {
		return 0, nil, false
	}
	offset = int64(hours)*3600 + int64(mins)*60
	if b[0] == '-' {
		offset = -offset
	}
	return offset, minutes[2:], true
}

// tai64n reads multilog's "@" and 24 hexadecimal digits: seconds since 1970 TAI plus 2^62, of which 10 (and the leap
// seconds, which multilog does not count) are to be taken off, then nanoseconds.
func tai64n(b []byte) (at int64, rest []byte, ok bool) {
	const digits, label = 24, 0x400000000000000a
	if len(b) < digits+2 || b[0] != '@' || b[digits+1] != ' ' {
		return 0, nil, false
	}
	var seconds uint64
	for i, c := range b[1 : digits+1] {
		v := hexDigit(c)
		if v > 15 {
			return 0, nil, false
		}
		if i < 16 {
			seconds = seconds<<4 | uint64(v)
		}
	}
	if seconds < label || seconds-label > 1<<36 {
		return 0, nil, false
	}
	return int64(seconds - label), b[digits+2:], true
}

func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 16
}

// timeOfDay reads "11:18:50", with 60 for a leap second, as seconds since midnight.
func timeOfDay(b []byte) (int64, bool) {
	h, ok1 := number2(b[0:2])
	m, ok2 := number2(b[3:5])
	s, ok3 := number2(b[6:8])
	return int64(h)*3600 + int64(m)*60 + int64(s),
		ok1 && ok2 && ok3 && b[2] == ':' && b[5] == ':' && h < 24 && m < 60 && s <= 60
}

// number2 reads two digits.
func number2(b []byte) (int, bool) {
	tens, ones := b[0]-'0', b[1]-'0'
	return int(tens)*10 + int(ones), tens <= 9 && ones <= 9
}

// monthOf is the number of an English month's first three letters; 0 = none.
func monthOf(a, b, c byte) int {
	const months = "JanFebMarAprMayJunJulAugSepOctNovDec"
	for i := 0; i < len(months); i += 3 {
		if months[i] == a && months[i+1] == b && months[i+2] == c {
			return i/3 + 1
		}
	}
	return 0
}
