package postfix

import (
	"io"
	"strings"
)

// tableText says where a table's entries stand as text: for a texthash: table in the file that it names, for an
// indexed one in the source beside it, which postmap(1) made it from.
var tableText = map[string]bool{"texthash": true, "hash": true, "btree": true, "lmdb": true, "cdb": true, "dbm": true,
	"sdbm": true}

// tables reads smtp_tls_policy_maps. A table that cannot be read is a remark.
func (r *reader) tables(c *Config, open func(name string) (io.ReadCloser, error)) {
	for _, table := range splitTables(r.text("smtp_tls_policy_maps")) {
		kind, name, ok := strings.Cut(strings.TrimPrefix(table, "proxy:"), ":")
		if !ok {
			kind, name = r.text("default_database_type"), kind
		}
		unread := func(why string) {
			r.remark(UnreadableMap, "smtp_tls_policy_maps has %s, which was not read: %s; predictions do without it",
				excerpt(table), why)
		}
		switch {
		case !tableText[kind]:
			unread("tables of type " + excerpt(kind) + " have no text to read")
			continue
		case open == nil:
			unread("nothing was given to read it with")
			continue
		}
		f, err := open(name)
		if err != nil {
			unread(err.Error())
			continue
		}
		m, err := ParseMap(f, name, r.postfix)
		f.Close()
		if err != nil {
			unread(err.Error())
			continue
		}
		c.Policies = append(c.Policies, m)
	}
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
