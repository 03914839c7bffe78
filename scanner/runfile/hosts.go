package runfile

import (
	"fmt"

	"github.com/go-json-experiment/json"

	"mxtls/scanner"
	"mxtls/scanner/dane"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/starttls"
	"mxtls/scanner/verdict"
)

// hosts are a domain's mail hosts, their TLSA records, and the sessions with their addresses in mail's order.
type hosts struct {
	octets   int // that they take
	set      mx.Set
	tlsa     map[name.Name]dane.Records
	sessions [][4]*starttls.Session // as verdict.Server has them
	servers  []verdict.Server       // at the run's port, once a domain had them; nil where memory is short
}

// mailHosts takes the line of a set of hosts in.
func (r *Reader) mailHosts(line []byte) error {
	var record hostsRecord
	if err := json.Unmarshal(line, &record, form); err != nil {
		return err
	}
	if _, known := r.hosts[record.Number]; known || record.Number == 0 {
		return fmt.Errorf("number %d is no new hosts'", record.Number)
	}
	addresses := 0
	for i := range record.MX.Hosts {
		addresses += len(record.MX.Hosts[i].Addrs)
	}
	if len(record.MX.Hosts) > maxHosts || addresses > maxHosts || len(record.Sessions) > addresses {
		return fmt.Errorf("the hosts with number %d are %d, with %d addresses and sessions with %d", record.Number,
			len(record.MX.Hosts), addresses, len(record.Sessions))
	}
	h := &hosts{
		octets: len(line) + record.takes(), set: record.MX.set(), tlsa: map[name.Name]dane.Records{},
		sessions: make([][4]*starttls.Session, len(record.Sessions)),
	}
	for i := range record.MX.Hosts {
		if host := &record.MX.Hosts[i]; host.TLSA != nil {
			h.tlsa[host.Name] = host.TLSA.records()
		}
	}
	for i, shown := range record.Sessions {
		for k, number := range []uint64{shown.Plain, shown.Named, shown.OtherKey, shown.STS} {
			if number == 0 && k > 0 {
				continue
			}
			ses, ok := r.sessions[number]
			if !ok {
				return fmt.Errorf("session %d is not in the file", number)
			}
			h.sessions[i][k] = ses.Session
		}
	}
	r.hosts[record.Number] = h
	return r.hold(h.octets)
}

// serve gives a result its mail hosts and servers. Where a defect of ours spoiled it, it has no servers.
func (r *Reader) serve(result *scanner.Result, number uint64) error {
	h, ok := r.hosts[number]
	if !ok {
		return fmt.Errorf("the hosts with number %d are not in the file", number)
	}
	result.Facts.MX = h.set
	if result.Defect != "" {
		return nil
	}
	if port := result.Target.Port; port != 0 && port != r.head.Port {
		var err error
		result.Facts.Servers, err = h.at(port, number)
		return err
	}
	if result.Facts.Servers = h.servers; h.servers != nil {
		return nil
	}
	var err error
	if result.Facts.Servers, err = h.at(r.head.Port, number); err == nil {
		r.keep(h, result.Facts.Servers)
	}
	return err
}

// at are the hosts' servers at a port.
func (h *hosts) at(port uint16, number uint64) ([]verdict.Server, error) {
	servers := scanner.Servers(&h.set, port)
	sessions := h.sessions
	for i := range servers {
		server := &servers[i]
		server.TLSA = h.tlsa[server.Host]
		if !server.Addr.IsValid() {
			continue
		}
		if len(sessions) == 0 {
			return nil, fmt.Errorf("the hosts with number %d have fewer sessions than addresses", number)
		}
		s := sessions[0]
		sessions = sessions[1:]
		server.Session, server.Named, server.OtherKey, server.STS = s[0], s[1], s[2], s[3]
		for _, ses := range s {
			if ses != nil && (ses.Addr.Addr().Unmap() != server.Addr.Addr().Unmap() || ses.Addr.Port() != server.Addr.Port()) {
				return nil, fmt.Errorf("a session with %s is given for one with %s", ses.Addr, server.Addr)
			}
		}
	}
	return servers, nil
}
