package maillog

import (
	"strings"
	"testing"
	"time"
)

func TestFrame(t *testing.T) {
	t.Parallel()
	tokyo := time.FixedZone("JST", 9*3600)
	const text = "setting up TLS connection to mx.example"
	for _, tt := range []struct{ name, line, at, host, program, pid, text string }{
		{"RFC 3164", "Mar 11 11:18:50 mail postfix/smtp[21172]: " + text, "2016-03-11T02:18:50Z", "mail", "postfix/smtp", "21172", text},
		{"RFC 3164, one digit", "Mar  1 11:18:50 mail postfix/smtp[1]: x", "2016-03-01T02:18:50Z", "mail", "postfix/smtp", "1", "x"},
		{"BusyBox", "Mar 11 11:18:50 mail mail.info sm-mta[7]: x", "2016-03-11T02:18:50Z", "mail", "sm-mta", "7", "x"},
		{"with a priority", "<22>Mar 11 11:18:50 mail postfix/smtp[21172]: x", "2016-03-11T02:18:50Z", "mail", "postfix/smtp", "21172", "x"},
		{"with a fraction", "Mar 11 11:18:50.123 mail postfix/smtp[21172]: x", "2016-03-11T02:18:50Z", "mail", "postfix/smtp", "21172", "x"},
		{"without a host", "Mar 11 11:18:50 postfix/smtp[21172]: x", "2016-03-11T02:18:50Z", "", "postfix/smtp", "21172", "x"},
		{"carriage return", "Mar 11 11:18:50 mail postfix/smtp[21172]: x\r", "2016-03-11T02:18:50Z", "mail", "postfix/smtp", "21172", "x"},
		{"RFC 5424", "<22>1 2016-03-11T11:18:50.879713+09:00 mail postfix/smtp 21172 - - " + text,
			"2016-03-11T02:18:50Z", "mail", "postfix/smtp", "21172", text},
		{"RFC 5424 with data", `<22>1 2016-03-11T02:18:50Z mail postfix/smtp 21172 ID1 [a@1 b="x ] y\"z"][c d="e"] ` + "\ufeffx",
			"2016-03-11T02:18:50Z", "mail", "postfix/smtp", "21172", "x"},
		{"ISO with a zone", "2016-03-11T11:18:50.879713+09:00 mail postfix/smtp[21172]: x", "2016-03-11T02:18:50Z", "mail", "postfix/smtp", "21172", "x"},
		{"ISO without one", "2016-03-11T11:18:50 mail postfix/smtp[21172]: x", "2016-03-11T02:18:50Z", "mail", "postfix/smtp", "21172", "x"},
		{"journalctl -o short-iso", "2016-03-10T21:18:50-0500 mail postfix/relay/smtp[7]: x", "2016-03-11T02:18:50Z", "mail", "postfix/relay/smtp", "7", "x"},
		{"journalctl -o json", `{"__REALTIME_TIMESTAMP":"1457662730879713","_HOSTNAME":"mail","SYSLOG_IDENTIFIER":"postfix/smtp","_PID":"9",` +
			`"SYSLOG_PID":"21172","MESSAGE":"x \"y\""}`, "2016-03-11T02:18:50Z", "mail", "postfix/smtp", "21172", `x "y"`},
		{"journalctl -o json, not UTF-8", `{"__REALTIME_TIMESTAMP":"1457662730879713","_HOSTNAME":"mail","SYSLOG_IDENTIFIER":"postfix/smtp",` +
			`"_PID":"9","MESSAGE":[120,255]}`, "2016-03-11T02:18:50Z", "mail", "postfix/smtp", "9", "x\xff"},
		{"tabs", "2016-03-11T11:18:50.879713+09:00\tpostfix/smtp[21172]:\tmail\tinfo\t" + text, "2016-03-11T02:18:50Z", "", "postfix/smtp", "21172", text},
		{"Exim", "2016-03-11 11:18:50 1aeCkS-0005pR-8D Completed", "2016-03-11T02:18:50Z", "", "exim", "", "1aeCkS-0005pR-8D Completed"},
		{"Exim with a zone", "2016-03-11 02:18:50.123 +0000 1aeCkS-0005pR-8D Completed", "2016-03-11T02:18:50Z", "", "exim", "", "1aeCkS-0005pR-8D Completed"},
		{"multilog", "@4000000056e22b142c5a4b2c delivery 1: success: x", "2016-03-11T02:18:50Z", "", "qmail", "", "delivery 1: success: x"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := NewFramer(tokyo, time.Date(2016, 12, 31, 0, 0, 0, 0, time.UTC))
			var l Line
			if !f.Frame([]byte(tt.line), &l) {
				t.Fatal("no line")
			}
			at := time.Unix(l.Unix, 0).UTC().Format(time.RFC3339)
			got := [...]string{at, string(l.Host), string(l.Program), string(l.PID), string(l.Text)}
			if want := [...]string{tt.at, tt.host, tt.program, tt.pid, tt.text}; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestNoFrame(t *testing.T) {
	t.Parallel()
	f := NewFramer(nil, time.Now())
	for _, text := range []string{
		"", "-- Logs begin at Fri 2016-03-11 --", "Mar 41 11:18:50 mail postfix/smtp[1]: x", "Mar 11 25:18:50 mail postfix/smtp[1]: x",
		"Mat 11 11:18:50 mail postfix/smtp[1]: x", "Mar 11 11:18:50 mail kernel", "2016-13-11T11:18:50Z mail postfix/smtp[1]: x",
		"2016-03-11T11:18:50+99:00 mail postfix/smtp[1]: x", "<22 Mar 11 11:18:50 mail postfix/smtp[1]: x", "<22>1 2016-03-11T02:18:50Z mail postfix/smtp 1 - [x",
		`{"__REALTIME_TIMESTAMP":"x","SYSLOG_IDENTIFIER":"postfix/smtp","MESSAGE":"x"}`, `{"MESSAGE":"x"`, `{"__REALTIME_TIMESTAMP":"1","MESSAGE":"x"}  `,
		"@4000000056e22a8zzzzzzzzz delivery 1: x", "2016-03-11T11:18:50Z\tpostfix/smtp[1]:\tmail\tx",
		"Mar 11 11:18:50 mail " + strings.Repeat("x", maxProgram) + "/smtp[1]: x", "Mar 11 11:18:50 mail postfix/smtp[" + strings.Repeat("1", maxPID+1) + "]: x",
		"Mar 11 11:18:50 " + strings.Repeat("x", maxHost+1) + " postfix/smtp[1]: x",
		"<22>1 2016-03-11T02:18:50Z " + strings.Repeat("x", maxHost+1) + " postfix/smtp 1 - - x",
		`{"__REALTIME_TIMESTAMP":"1457662730879713","SYSLOG_IDENTIFIER":"` + strings.Repeat("x", maxProgram+1) + `","MESSAGE":"x"}`,
	} {
		var l Line
		if f.Frame([]byte(text), &l) {
			t.Errorf("%q is no line, and was taken for %q", text, l.Text)
		}
	}
}

// TestYears: an RFC 3164 stamp has no year.
func TestYears(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		latest string
		stamps []string
		want   []string
	}{
		{"this year", "2016-06-01", []string{"Mar 11", "May  1"}, []string{"2016-03-11", "2016-05-01"}},
		{"last year's", "2016-06-01", []string{"Jun 20", "Jul  1"}, []string{"2015-06-20", "2015-07-01"}},
		{"over New Year", "2016-01-05", []string{"Dec 30", "Dec 31", "Jan  1", "Jan  2"}, []string{"2015-12-30", "2015-12-31", "2016-01-01", "2016-01-02"}},
		{"one comes late", "2016-01-05", []string{"Dec 31", "Jan  1", "Dec 31", "Jan  2"}, []string{"2015-12-31", "2016-01-01", "2015-12-31", "2016-01-02"}},
		{"one comes late, in an old log", "2016-12-31", []string{"Jan  1", "Dec 31", "Jan  2"}, []string{"2016-01-01", "2015-12-31", "2016-01-02"}},
		{"a silent spring and summer", "2016-12-31", []string{"Jan 10", "Sep 10", "Dec 10", "Feb 10"}, []string{"2016-01-10", "2016-09-10", "2016-12-10", "2017-02-10"}},
		{"logs in the wrong order", "2016-02-05", []string{"Feb  1", "Sep 10", "Feb  2"}, []string{"2016-02-01", "2015-09-10", "2016-02-02"}},
		{"a leap day of long ago", "2018-06-01", []string{"Feb 29", "Mar  1"}, []string{"2016-02-29", "2016-03-01"}},
		{"leap day", "2016-03-05", []string{"Feb 29", "Mar  1"}, []string{"2016-02-29", "2016-03-01"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			latest, err := time.Parse(time.DateOnly, tt.latest)
			if err != nil {
				t.Fatal(err)
			}
			f := NewFramer(nil, latest)
			for i, stamp := range tt.stamps {
				var l Line
				if !f.Frame([]byte(stamp+" 12:00:00 mail postfix/smtp[1]: x"), &l) {
					t.Fatalf("%s: no line", stamp)
				}
				if got := time.Unix(l.Unix, 0).UTC().Format(time.DateOnly); got != tt.want[i] {
					t.Errorf("%d: %s is %s, not %s", i, stamp, got, tt.want[i])
				}
			}
		})
	}
}

// TestZone: civil times are those of package time, over the changes of the clock too.
func TestZone(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata"} {
		z, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		c := clock{zone: z}
		for at := time.Date(2024, 1, 1, 0, 30, 0, 0, z); at.Year() < 2025; at = at.Add(47 * time.Minute) {
			civil := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, z)
			second := int64(at.Hour()*3600 + at.Minute()*60 + at.Second())
			got := c.unix(civilTime(at.Year(), int(at.Month()), at.Day(), second))
			if got != civil.Unix() {
				t.Fatalf("%v: %d, not %d", civil, got, civil.Unix())
			}
		}
	}
}
