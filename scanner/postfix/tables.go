package postfix

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
)

// tableText says where a table's entries stand as text: for a texthash: table in the file that it names, for an
// indexed one in the source beside it, which postmap(1) made it from. The value is what postmap appends to the name.
var tableText = map[string]string{"texthash": "", "hash": ".db", "btree": ".db", "lmdb": ".lmdb", "cdb": ".cdb",
	"dbm": ".pag", "sdbm": ".pag"}

// tables reads smtp_tls_policy_maps. A table that cannot be read is a remark.
func (r *reader) tables(c *Config, open func(name string) (io.ReadCloser, error)) {
	c.PolicyTables = splitTables(r.text("smtp_tls_policy_maps"))
	for _, table := range c.PolicyTables {
		m, err := r.table(table, open)
		if err != nil {
			r.remark(UnreadableMap, "smtp_tls_policy_maps has %s, which was not read: %v; predictions do without it, but a "+
				"Postfix that cannot open it either defers all mail", excerpt(table), err)
			continue
		}
		if c.Policies = append(c.Policies, m); m.Refused != "" {
			r.remark(RefusedMap, "smtp_tls_policy_maps has %s, which Postfix refuses whole, since %s: all mail is deferred "+
				"(client TLS configuration problem), except to what stands itself, not its parent, in a table before it",
				excerpt(table), m.Refused)
		}
	}
}

// table reads one table. A relative name begins where Postfix's daemons run, in queue_directory.
func (r *reader) table(table string, open func(name string) (io.ReadCloser, error)) (*Map, error) {
	kind, name, ok := strings.Cut(strings.TrimPrefix(table, "proxy:"), ":")
	made, text := tableText[kind]
	switch {
	case !ok:
		r.fatal("smtp_tls_policy_maps", table)
		return nil, errors.New("it has no \"type:\" before its name, so smtp(8) does not start, and no mail is sent")
	case kind == "inline":
		return parseInline(name, r.postfix), nil
	case kind == "static":
		return parseStatic(name, r.postfix), nil
	case !text:
		return nil, errors.New("tables of type " + excerpt(kind) + " have no text to read")
	case open == nil:
		return nil, errors.New("nothing was given to read it with")
	case !path.IsAbs(name):
		name = path.Join(r.text("queue_directory"), name)
	}
	f, err := open(name)
	if err != nil {
		if f, e := open(name + made); e == nil {
			f.Close()
			return nil, fmt.Errorf("the text that %s was made from is gone, and \"postmap -s %s:%s >FILE\" brings it back",
				name+made, kind, name)
		}
		return nil, err
	}
	defer f.Close()
	m, err := ParseMap(f, name, r.postfix)
	switch {
	case err != nil:
	case made == "":
		m.refuseDuplicates()
	default:
		r.made(kind+":"+name, changed(f), name+made, open)
	}
	return m, err
}

// parseInline reads "{ key=policy, { key = policy } }" (dict_inline.c).
func parseInline(s string, v Version) *Map {
	m := newMap("inline:" + excerpt(s))
	inner, _, _ := bracketed(s)
	for i, item := range splitTables(inner) {
		if pair, _, ok := bracketed(item); ok {
			item = pair
		}
		key, value, _ := strings.Cut(item, "=")
		m.add(logicalLine{i + 1, trimBlanks(key) + " " + trimBlanks(value)},
			func(value string) *meaning { return newMeaning(value, v) })
	}
	return m
}

// parseStatic reads the policy of all destinations, in braces where it has blanks (dict_static.c).
func parseStatic(s string, v Version) *Map {
	m := newMap("static:" + excerpt(s))
	if inner, _, ok := bracketed(s); ok {
		s = inner
	}
	is := newMeaning(trimBlanks(s), v)
	m.all = &Entry{Line: 1, Value: is.value, Policy: &is.policy, Err: is.err}
	if is.err != nil {
		m.problem(1, "", BadPolicy, "Postfix refuses it and defers all mail: "+is.err.Error())
	}
	return m
}

// made tells of a table that postmap has not made yet, or not again since its text was changed: Postfix reads what
// postmap made.
func (r *reader) made(table string, text time.Time, file string, open func(name string) (io.ReadCloser, error)) {
	f, err := open(file)
	if err != nil {
		r.remark(UnmadeMap, "%s has no %s beside it: a Postfix that finds none either defers all mail; \"postmap %s\" "+
			"makes it", excerpt(table), excerpt(file), excerpt(table))
		return
	}
	defer f.Close()
	if at := changed(f); at.Before(text) {
		r.remark(UnmadeMap, "%s was changed after %s was made from it: Postfix has the older entries still, predictions "+
			"have the newer ones; \"postmap %s\" makes it anew", excerpt(table), excerpt(file), excerpt(table))
	}
}

// changed is when a file was changed last; zero where that is not known.
func changed(f io.Reader) time.Time {
	if file, ok := f.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := file.Stat(); err == nil {
			return info.ModTime()
		}
	}
	return time.Time{}
}

// splitTables splits a list of tables, where braces keep an item together.
func splitTables(s string) []string {
	var items []string
	depth, start := 0, -1
	for i := range len(s) {
		switch c := s[i]; {
		case c == '{':
			depth++
		case c == '}':
			depth--
		case depth <= 0 && strings.IndexByte(separators, c) >= 0:
			if start >= 0 {
				items, start = append(items, s[start:i]), -1
			}
			continue
		}
		if start < 0 {
			start = i
		}
	}
	if start >= 0 {
		items = append(items, s[start:])
	}
	return items
}
