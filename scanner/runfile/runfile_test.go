package runfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mxtls/scanner"
	"mxtls/scanner/dane"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
	"mxtls/scanner/verdict"
)

var day = time.Date(2026, 11, 23, 10, 29, 0, 0, time.UTC)

func testHead() Head {
	h := Head{}
	fill(reflect.ValueOf(&h).Elem(), new(int))
	return h
}

// fill sets every exported field below v to something that is not zero, and different each time where it can be: what
// a file forgets shows, also of fields that are added one day.
func fill(v reflect.Value, n *int) {
	*n++
	if special(v, *n) {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8: // enums have at least two words; octets take any
		v.SetUint(1)
	case reflect.Uint16, reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Float64:
		v.SetFloat(float64(*n) + 0.5)
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d é <&> \u2028", *n))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(v.Index(i), n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field, n)
		}
	default:
		panic("no idea how to fill a " + v.Type().String())
	}
}

// special fills what has a form of its own.
func special(v reflect.Value, n int) bool {
	set := func(x any) bool { v.Set(reflect.ValueOf(x)); return true }
	switch v.Interface().(type) {
	case time.Time:
		return set(day.Add(time.Duration(n) * 1001 * time.Microsecond))
	case name.Name:
		host, _ := name.ParseHost(fmt.Sprintf("host-%d.example", n))
		return set(host)
	case netip.Addr:
		return set(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}))
	case netip.AddrPort:
		return set(netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), uint16(n)))
	}
	if v.Type() == reflect.TypeFor[error]() {
		return set(errors.New("cause " + fmt.Sprint(n)))
	}
	return false
}

// full is a result in which every fact is set.
func full(t *testing.T) scanner.Result {
	t.Helper()
	r := scanner.Result{Index: 7, Input: "user\xff", Started: day, Duration: 1234567}
	var err error
	if r.Target, err = name.ParseTarget("[mail.example.com]:587"); err != nil {
		t.Fatal(err)
	}
	n := 0
	var set mx.Set
	fill(reflect.ValueOf(&set).Elem(), &n)
	for _, foreign := range []*string{&set.Detail, &set.Hosts[0].Raw, &set.Err.EDE, &set.Err.Name} {
		*foreign += "\xff\x1b"
	}
	r.Facts = verdict.Facts{Domain: r.Target.Name, Direct: true, Legacy: true, MX: set}
	r.Facts.Servers = scanner.Servers(&r.Facts.MX, 587)
	published(&r.Facts, &n)
	for i := range r.Facts.Servers {
		for _, place := range places(&r.Facts.Servers[i]) {
			*place = session(&n)
			(*place).Addr = r.Facts.Servers[i].Addr
		}
	}
	return r
}

// places are where a server's sessions are.
func places(s *verdict.Server) []**starttls.Session {
	return []**starttls.Session{&s.Session, &s.Named, &s.OtherKey, &s.STS}
}

// published fills in what a domain publishes. The two hosts are of different names, with records each.
func published(f *verdict.Facts, n *int) {
	tlsa := map[name.Name]dane.Records{}
	for i := range f.Servers {
		s := &f.Servers[i]
		if _, ok := tlsa[s.Host]; !ok {
			var records dane.Records
			fill(reflect.ValueOf(&records).Elem(), n)
			tlsa[s.Host] = records
		}
		s.TLSA = tlsa[s.Host]
	}
	fill(reflect.ValueOf(&f.Misplaced).Elem(), n)
	fill(reflect.ValueOf(&f.STS).Elem(), n)
	f.STS.Fetch.Err.Err = nil
	fill(reflect.ValueOf(&f.TLSRPT).Elem(), n)
	for _, a := range []*resolve.Answer{&f.STS.Record, f.TLSRPT} { // what only other questions are answered with
		a.MX, a.Addrs, a.TLSA = nil, nil, nil
	}
	for _, foreign := range []*string{&f.STS.Record.TXT[0], &f.TLSRPT.TXT[1], &f.STS.Fetch.Status, &f.STS.Fetch.Location} {
		*foreign += "\xff\x1b"
	}
}

// session is one in which every fact is set.
func session(n *int) *starttls.Session {
	ses := &starttls.Session{}
	fill(reflect.ValueOf(ses).Elem(), n)
	ses.Err.Err = nil // the cause is in the text; it is the one thing that is not kept
	ses.Raw.Err.Err, ses.Match.Err.Err = nil, nil
	for _, foreign := range []*string{
		&ses.Err.Text, &ses.Raw.Err.Text, &ses.Before[0], &ses.After[1], &ses.Dialogue[0].Reply.Lines[0],
	} {
		*foreign += "\xff\x1b"
	}
	return ses
}

// isCause reports the underlying error of a failed lookup, of which the text is kept.
func isCause(p cmp.Path) bool { return p.Last().Type() == reflect.TypeFor[error]() }

// same compares what a file holds of a result.
var same = cmp.Options{
	cmp.FilterPath(isCause, cmp.Comparer(func(a, b error) bool { return fmt.Sprint(a) == fmt.Sprint(b) })),
	cmp.Comparer(func(a, b name.Name) bool { return a == b }),
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b }),
	cmpopts.EquateEmpty(),
}

func write(t *testing.T, compress bool, end *Tail, results ...scanner.Result) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, compress, testHead())
	if err != nil {
		t.Fatal(err)
	}
	for i := range results {
		if err := w.Add("group \xfe", &results[i]); err != nil {
			t.Fatal(err)
		}
	}
	if end != nil {
		err = w.End(*end)
	} else {
		err = w.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// listed gives results their places in a list, one after the other.
func listed(results ...scanner.Result) []scanner.Result {
	for i := range results {
		results[i].Index = i
	}
	return results
}

// read is all that a file holds.
func read(file []byte) (head Head, results []scanner.Result, tail *Tail, err error) {
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		return head, nil, nil, err
	}
	defer r.Close()
	for saved, e := range r.Results() {
		if e != nil {
			err = e
			break
		}
		results = append(results, saved.Result)
	}
	return r.Head(), results, r.Tail(), err
}

func TestEveryFactSurvives(t *testing.T) {
	t.Parallel()
	want := full(t)
	bad := scanner.Result{Index: 8, Started: day, Duration: 5, Invalid: &name.Error{Input: "https://x", Reason: name.URL}}
	bad.Input, bad.Facts.MX.Kind = bad.Invalid.Input, mx.Invalid
	broken := scanner.Result{Index: 9, Input: "x.example", Started: day, Defect: "boom"}
	broken.Target, _ = name.ParseTarget("x.example")
	broken.Facts = verdict.Facts{Domain: broken.Target.Name, MX: mx.Set{Kind: mx.Failed}}
	end := Tail{Duplicates: 3, Sessions: 4, Partial: "because"}
	for _, compress := range []bool{false, true} {
		file := write(t, compress, &end, want, bad, broken)
		head, results, tail, err := read(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(testHead(), head); diff != "" {
			t.Errorf("head (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]scanner.Result{want, bad, broken}, results, same); diff != "" {
			t.Errorf("results (-want +got):\n%s", diff)
		}
		if tail == nil || *tail != end {
			t.Errorf("tail %+v", tail)
		}
		if compress && bytes.Contains(file, []byte("session")) {
			t.Error("it is not compressed")
		}
	}
}

// TestOnce: what many domains share stands in the file once.
func TestOnce(t *testing.T) {
	t.Parallel()
	r := full(t)
	file := string(write(t, false, &Tail{}, listed(r, r, r)...))
	if got, want := strings.Count(file, `{"type":"session"`), 4*len(r.Facts.Servers); got != want {
		t.Errorf("%d session lines for %d sessions", got, want)
	}
	if got := strings.Count(file, `{"type":"hosts"`); got != 1 {
		t.Errorf("%d hosts lines", got)
	}
	if got := strings.Count(file, `{"type":"domain"`); got != 3 {
		t.Errorf("%d domain lines", got)
	}
	certificates := map[string]bool{}
	for line := range strings.Lines(file) {
		if strings.HasPrefix(line, `{"type":"certificate"`) {
			if certificates[line] {
				t.Errorf("twice: %s", line)
			}
			certificates[line] = true
		}
	}
	if len(certificates) == 0 {
		t.Error("no certificates")
	}
}

// TestForgotten: with next to no memory the same comes back, and the reader holds no more than the writer.
func TestForgotten(t *testing.T) {
	t.Parallel()
	var results []scanner.Result
	for i := range 16 {
		r := full(t)
		r.Index = i
		for j := range r.Facts.Servers {
			for _, place := range places(&r.Facts.Servers[j]) {
				(*place).Started = day.Add(time.Duration(i%5) * time.Second)
				(*place).TLS = &starttls.Handshake{Version: 0x304, Chain: [][]byte{{byte(i % 7)}, {200}}}
			}
		}
		results = append(results, r)
	}
	var file bytes.Buffer
	w, err := NewWriter(&file, false, testHead())
	if err != nil {
		t.Fatal(err)
	}
	w.hosts.limit, w.sessions.limit, w.certificates.limit = 1000, 9000, 300
	for i := range results {
		if err := w.Add("", &results[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.End(Tail{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(file.String(), `"forget":{`) || !strings.Contains(file.String(), `"certificates":[`) {
		t.Error("nothing is forgotten")
	}
	r, err := NewReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []scanner.Result
	for saved, err := range r.Results() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, saved.Result)
		if len(r.hosts) > 10 || len(r.sessions) > 40 || len(r.certificates) > 40 {
			t.Fatalf("the reader holds %d hosts, %d sessions and %d certificates", len(r.hosts), len(r.sessions), len(r.certificates))
		}
	}
	if diff := cmp.Diff(results, got, same); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestUnbegun: sessions that never began are the same only where their reasons are.
func TestUnbegun(t *testing.T) {
	t.Parallel()
	refused := func(text string) scanner.Result {
		r := full(t)
		for i := range r.Facts.Servers {
			r.Facts.Servers[i].Session = &starttls.Session{
				Addr: r.Facts.Servers[i].Addr, Err: &starttls.Error{Reason: starttls.OptedOut, Text: text},
			}
		}
		return r
	}
	want := listed(refused("the address"), refused("the host"), refused("the address"))
	_, got, _, err := read(write(t, false, &Tail{}, want...))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestCutOff: wherever a crash cut a file off, all that was written whole before is there, and no more.
func TestCutOff(t *testing.T) {
	t.Parallel()
	r := full(t)
	file := write(t, false, &Tail{}, listed(r, r, r)...)
	first := bytes.IndexByte(file, '\n') + 1
	for n := first; n < len(file); n += 311 {
		_, results, tail, err := read(file[:n])
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		whole := 0
		for line := range bytes.Lines(file[:n]) {
			if bytes.HasPrefix(line, []byte(`{"type":"domain"`)) && bytes.HasSuffix(line, []byte("\n")) {
				whole++
			}
		}
		if len(results) != whole || tail != nil {
			t.Fatalf("cut at %d: %d results of %d, tail %v", n, len(results), whole, tail)
		}
	}
	for n := range first {
		want := ErrForeign
		if n == 0 {
			want = ErrEmpty
		}
		if _, _, _, err := read(file[:n]); !errors.Is(err, want) {
			t.Fatalf("cut at %d, within the first line: %v", n, err)
		}
	}
}

func TestCutOffCompressed(t *testing.T) {
	t.Parallel()
	r := full(t)
	file := write(t, true, nil, r)
	whole := len(file)
	more := write(t, true, &Tail{}, listed(r, r)...)
	if _, results, tail, err := read(file); err != nil || len(results) != 1 || tail != nil {
		t.Errorf("after a flush: %d results, tail %v, %v", len(results), tail, err)
	}
	for n := whole / 2; n < len(more); n += 211 {
		_, results, tail, err := read(more[:n])
		if err != nil && !errors.Is(err, ErrForeign) {
			t.Fatalf("cut at %d of %d: %v", n, len(more), err)
		}
		if len(results) > 2 || tail != nil && len(results) != 2 {
			t.Fatalf("cut at %d: %d results, tail %v", n, len(results), tail)
		}
	}
}

func TestDamaged(t *testing.T) {
	t.Parallel()
	r := full(t)
	good := string(write(t, false, &Tail{}, r))
	lines := strings.SplitAfter(good, "\n")
	second := lines[1]
	if !strings.HasPrefix(second, `{"type":"certificate"`) {
		t.Fatalf("line 2 is %s", second)
	}
	hosts := lines[len(lines)-4]
	for _, tt := range []struct{ name, file, want string }{
		{"empty", "", "there is nothing in it"},
		{"a line and no octet in it", "\n", "it is no saved run"},
		{"a list", "example.com\nexample.net\n", "it is no saved run"},
		{"a report", `{"schema_version":1,"type":"run","version":"devel"}` + "\n", "it is no saved run"},
		{"binary", "\x00\x01\x02\n", "it is no saved run"},
		{"a long line", strings.Repeat("x", maxLine+bufferSize+1), "it is no saved run"},
		{"newer", strings.Replace(good, `"schema_version":1`, `"schema_version":2`, 1), "a later version of mxtls saved it"},
		{"head with another time", strings.Replace(good, `"started":"2026`, `"started":"soon`, 1), `line 1: started: parsing time "soon`},
		{"no JSON", lines[0] + "{\"type\":\"domain\"\n", "line 2: it is no JSON: unexpected EOF after offset"},
		{"another run", lines[0] + lines[0], "line 2: another run begins here"},
		{"a certificate that was changed", strings.Replace(good, `"der":"`, `"der":"AAAA`, 1), "line 2: the certificate is not the one with SHA-256"},
		{"a certificate missing", strings.Replace(good, second, "", 1), "the certificate with SHA-256"},
		{"hosts missing", lines[0] + lines[len(lines)-3], "line 2: the hosts with number 17 are not in the file"},
		{"a session missing", lines[0] + lines[len(lines)-4], "line 2: session 1 is not in the file"},
		{"too few sessions", strings.Replace(good, `"sessions":[`, `"sessions":[],"was":[`, 1), "have fewer sessions than addresses"},
		{"an unknown word", strings.Replace(good, `"stage":"connected"`, `"stage":"beamed"`, 1), `stage: no value "beamed"`},
		{"too many stages", strings.Replace(good, `"took_ns":[`, `"took_ns":[1,1,1,1,1,1,1,1,1,`, 1), "session 1 has"},
		{"a long line later", lines[0] + strings.Repeat("x", maxLine+bufferSize+1), "line 2: the line is longer than 4 MiB"},
		{"two runs in a file", good + good, fmt.Sprintf("line %d: the run ended on the line before", len(lines))},
		{"a session with no number", strings.Replace(good, `"session":1,`, `"session":0,`, 1), "number 0 is no new session's"},
		{"two sessions with a number", strings.Replace(good, `"session":2,`, `"session":1,`, 1), "number 1 is no new session's"},
		{"hosts with no number", strings.Replace(good, `"number":17,`, `"number":0,`, 1), "number 0 is no new hosts'"},
		{"hosts twice", strings.Replace(good, hosts, hosts+hosts, 1), "number 17 is no new hosts'"},
		{"a session with somebody else", strings.Replace(good, `"address":"192.0.2.`, `"address":"192.0.2.2`, 1), "is given for one with 192.0.2."},
		{"a session at another port", strings.Replace(good, `:587"`, `:588"`, 1), ":588 is given for one with 192.0.2."},
		{"more sessions than addresses", strings.Replace(good, `"sessions":[`, `"sessions":[{"plain":1},`, 1), "addresses and sessions with"},
		{"hosts without end", strings.Replace(good, `"hosts":[`, `"hosts":[`+strings.Repeat("{},", maxHosts), 1), "the hosts with number 17 are 100"},
		{"a wrong target", strings.Replace(good, `"target":"[mail`, `"target":"[[mail`, 1), "target: "},
	} {
		_, _, _, err := read([]byte(tt.file))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	_, _, _, err := read(append([]byte{0x28, 0xb5, 0x2f, 0xfd}, "not really compressed"...))
	if err == nil {
		t.Error("a damaged compressed file is read without complaint")
	}
}

// TestDamagedCompressed: one octet of a compressed file changes, and what is read is what was written, or there is an
// error, or the file counts as cut off. The checksum stands at the very end.
func TestDamagedCompressed(t *testing.T) {
	t.Parallel()
	r := full(t)
	file := write(t, true, &Tail{}, listed(r, r)...)
	_, want, _, err := read(file)
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(file); n += 7 {
		bad := bytes.Clone(file)
		bad[n] ^= 0x10
		_, got, tail, err := read(bad)
		if err == nil && tail != nil && !cmp.Equal(got, want, same) {
			t.Errorf("octet %d of %d is another, and so is what is read, without complaint", n, len(file))
		}
	}
}

// unsummed is a file without its checksum, as one has it that was changed on purpose.
func unsummed(file string) string { return checksum.ReplaceAllString(file, "") }

var checksum = regexp.MustCompile(`"crc32c":[0-9]+,`)

// TestDamagedPlain: one octet before the last line changes, and it is told, by an error if not by the end that is missing.
func TestDamagedPlain(t *testing.T) {
	t.Parallel()
	r := full(t)
	file := write(t, false, &Tail{}, listed(r, r)...)
	end := bytes.LastIndexByte(file[:len(file)-1], '\n')
	if n := len(checksum.FindAll(file[end:], -1)); n != 1 {
		t.Fatalf("%d checksums in the last line", n)
	}
	for n := 0; n < end; n += 7 {
		bad := bytes.Clone(file)
		bad[n] ^= 2
		if _, _, tail, err := read(bad); err == nil && tail != nil {
			t.Errorf("octet %d of %d is another, without complaint: %q", n, len(file), bad[max(n-20, 0):n+20])
		}
	}
	if _, _, tail, err := read([]byte(unsummed(string(file)))); err != nil || tail == nil {
		t.Errorf("without a checksum: tail %v, %v", tail, err)
	}
}

// TestOrder: each item of the list is there once and in its order, and what is lost is told, by the line.
func TestOrder(t *testing.T) {
	t.Parallel()
	r := full(t)
	good := string(write(t, false, &Tail{}, listed(r, r, r)...))
	part := string(write(t, false, &Tail{}, func() []scanner.Result { l := listed(r, r, r); l[1].Index, l[2].Index = 5, 9; return l }()...))
	whole := func(file string) string {
		return unsummed(strings.Replace(file, `"shard":"text`, `"shard":"","was":"text`, 1))
	}
	lines := strings.SplitAfter(good, "\n")
	end := len(lines) - 1 // the number of the last line
	first, second := lines[end-4], lines[end-3]
	without := func(file, line string) string { return strings.Replace(file, line, "", 1) }
	old := func(file string) string { return unsummed(strings.Replace(file, `"results":3,`, "", 1)) }
	for _, tt := range []struct{ name, file, want string }{
		{"a part", part, ""},
		{"a whole run", whole(good), ""},
		{"a part that was not counted", old(part), ""},
		{"a whole run that was not counted", old(whole(good)), ""},
		{"a damaged type", strings.Replace(good, `{"type":"domain","index":1`, `{"type":"domaim","index":1`, 1),
			fmt.Sprintf(`line %d: there is no line of type "domaim": the file is damaged`, end-2)},
		{"a damaged type at the end of what was cut off", strings.Join(lines[:end-2], "") + `{"type":"domaim","index":2}` + "\n",
			`there is no line of type "domaim"`},
		{"a lost line", without(good, second), fmt.Sprintf("line %d: the run had 3 results, and 2 are in the file", end-1)},
		{"a lost line of a whole run", without(whole(good), second), "the run came to its end, and item 2 of its list is not in the file"},
		{"a lost line that was not counted", without(old(whole(good)), first), "item 1 of its list is not in the file"},
		{"an item twice", strings.Replace(good, `"index":2`, `"index":1`, 1), fmt.Sprintf("line %d: item 2 of the list is there twice", end-1)},
		{"an item out of order", strings.Replace(part, `"index":5`, `"index":11`, 1), "item 10 of the list stands behind item 12"},
		{"an item before the list", strings.Replace(good, `"index":0`, `"index":-5`, 1), "the list has no item -4"},
		{"an item behind the list", strings.Replace(whole(good), `"index":2`, `"index":3`, 1), "item 3 of its list is not in the file"},
		{"a count that is none", strings.Replace(good, `"results":3`, `"results":"3"`, 1), "results: a JSON string has no place here"},
	} {
		_, results, tail, err := read([]byte(tt.file))
		switch {
		case tt.want == "" && (err != nil || tail == nil || len(results) != 3):
			t.Errorf("%s: %d results, tail %v, %v", tt.name, len(results), tail, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || tail != nil):
			t.Errorf("%s: tail %v, %v, want %q", tt.name, tail, err, tt.want)
		}
	}
}

// TestUnknownFields: what a later version adds is passed over.
func TestUnknownFields(t *testing.T) {
	t.Parallel()
	r := full(t)
	good := string(write(t, false, &Tail{}, r))
	added := unsummed(strings.ReplaceAll(good, `{"type":"`, `{"colour":{"a":[1]},"type":"`))
	_, results, tail, err := read([]byte(added))
	if err != nil || tail == nil || len(results) != 1 {
		t.Fatalf("%d results, tail %v, %v", len(results), tail, err)
	}
	if diff := cmp.Diff(r, results[0], same); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// failing is a file that takes only so much.
type failing struct{ room int }

var errFull = errors.New("no space left on device")

func (f *failing) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, errFull
	}
	return len(b), nil
}

func TestFullDisk(t *testing.T) {
	t.Parallel()
	r := full(t)
	for _, compress := range []bool{false, true} {
		for room := 0; room < 120_000; room += 40_000 {
			w, err := NewWriter(&failing{room}, compress, testHead())
			for i := 0; err == nil && i < 1000; i++ {
				ses := *r.Facts.Servers[0].Session
				ses.Started = day.Add(time.Duration(i) * time.Second)
				ses.Injected = bytes.Repeat([]byte(ses.Started.String()), 10)
				r.Facts.Servers[0].Session = &ses
				err = w.Add(fmt.Sprint(i*i), &r)
			}
			if err == nil {
				err = w.End(Tail{})
			}
			if !compress && !errors.Is(err, errFull) {
				t.Errorf("room for %d: %v", room, err)
			}
		}
	}
}

func FuzzRead(f *testing.F) {
	h := Head{Validating: truth.Yes, Started: day, At: day}
	var file bytes.Buffer
	w, err := NewWriter(&file, false, h)
	if err != nil {
		f.Fatal(err)
	}
	r := scanner.Result{Input: "x.example", Started: day}
	r.Target, _ = name.ParseTarget("x.example")
	host, _ := name.ParseHost("mx.x.example")
	r.Facts.MX = mx.Set{Kind: mx.Listed, Hosts: []mx.Host{{Name: host, Raw: "mx.x.example", Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}}
	r.Facts.Servers = scanner.Servers(&r.Facts.MX, 25)
	r.Facts.Servers[0].Session = &starttls.Session{Addr: r.Facts.Servers[0].Addr, Started: day, TLS: &starttls.Handshake{Chain: [][]byte{{1}}}}
	if err := errors.Join(w.Add("g", &r), w.End(Tail{})); err != nil {
		f.Fatal(err)
	}
	f.Add(file.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		head, results, tail, err := read(data)
		if err != nil || tail == nil {
			return
		}
		// What can be read can be written, and is then the same.
		var again bytes.Buffer
		w, err := NewWriter(&again, false, head)
		if err != nil {
			return // a year that JSON does not have
		}
		for i := range results {
			if err := w.Add("", &results[i]); err != nil {
				t.Fatalf("%v", err)
			}
		}
		if err := w.End(*tail); err != nil {
			t.Fatal(err)
		}
		_, second, _, err := read(again.Bytes())
		if err != nil {
			t.Fatalf("reading it again: %v", err)
		}
		if diff := cmp.Diff(results, second, same); diff != "" {
			t.Errorf("(-first +second):\n%s", diff)
		}
	})
}

// TestFlushLate: what was added is in the file soon, whether or not something follows, and an error there is not lost.
func TestFlushLate(t *testing.T) {
	t.Parallel()
	for _, compress := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			file := &lockedBuffer{}
			w, err := NewWriter(file, compress, testHead())
			if err != nil {
				t.Fatal(err)
			}
			all := listed(full(t), full(t), full(t), full(t), full(t), full(t))
			for n, pause := range []time.Duration{0, flushAfter / 2, 10 * flushAfter} {
				time.Sleep(pause)
				if err := w.Add("", &all[n]); err != nil {
					t.Fatal(err)
				}
				time.Sleep(flushAfter)
				synctest.Wait()
				_, got, _, err := read(file.octets())
				if err != nil || len(got) != n+1 {
					t.Errorf("compressed: %t: %d results after %d, %v", compress, len(got), n+1, err)
				}
			}
			if err := w.Add("", &all[3]); err != nil { // at once, so that the next one waits
				t.Fatal(err)
			}
			file.fail(io.ErrShortWrite)
			if err := w.Add("", &all[4]); err != nil {
				t.Fatal(err)
			}
			time.Sleep(flushAfter)
			synctest.Wait()
			if err := w.Add("", &all[5]); !errors.Is(err, io.ErrShortWrite) {
				t.Errorf("compressed: %t: %v after an error behind the back", compress, err)
			}
			if err := w.End(Tail{}); !errors.Is(err, io.ErrShortWrite) {
				t.Errorf("compressed: %t: it ends with %v", compress, err)
			}
		})
	}
}

// lockedBuffer is a file in memory for two goroutines, which may break.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
	err    error
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return 0, b.err
	}
	return b.buffer.Write(p)
}

func (b *lockedBuffer) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = err
}

func (b *lockedBuffer) octets() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buffer.Bytes())
}
