package postfix

import (
	"net/netip"
	"testing"
	"time"

	"mxtls/scanner/mx"
	"mxtls/scanner/pkix"
	"mxtls/scanner/starttls"
)

// Servers of one kind each.
func plain(p uint16) Server {
	return at(p, talk(starttls.EHLO, starttls.StartTLSNotSupported, greets, "EHLO x|250 mx"))
}

func busy(p uint16) Server {
	return at(p, talk(starttls.Connected, starttls.GreetingTemporary, "|450 4.3.2 later"))
}

func broken(p uint16) Server {
	return at(p, talk(starttls.StartTLS, starttls.TLSClosed, greets, offers, starts))
}

func refusing(p uint16) Server {
	return at(p, talk(starttls.EHLO, starttls.StartTLSRefused, greets, offers, "STARTTLS|554 5.7.3 no"))
}

func untested(p uint16) Server { return at(p, talk(starttls.StageNone, starttls.NotTested)) }

func mismatched(p uint16) Server {
	c := chain(pkix.Trusted, pkix.ReasonNone, "other.test")
	return certified(at(p, well()), c, c)
}

// v6 gives a server an IPv6 address.
func v6(s Server, n byte) Server {
	s.Addr = netip.AddrPortFrom(netip.AddrFrom16([16]byte{0x20, 1, 0x0d, 0xb8, 15: n}), 25)
	return s
}

func TestSeveralServers(t *testing.T) {
	t.Parallel()
	absent := func(p uint16, n byte) Server { return v6(at(p, talk(starttls.StageNone, starttls.NoIPv6)), n) }
	rejected := chain(pkix.Untrusted, pkix.SelfSigned)
	tests := []struct {
		name    string
		servers []Server
		level   Level
		want    string
		host    string
	}{
		{"the first takes it", []Server{at(10, well()), untested(20)}, Encrypt, "encrypted Trusted", "mx1.example.test"},
		{"soft errors go on", []Server{busy(10), at(20, well())}, Encrypt, "encrypted Trusted", "mx2.example.test"},
		{"a wrong name goes on", []Server{mismatched(10), at(20, well())}, Secure, "encrypted Verified", "mx2.example.test"},
		{"a failed handshake goes on", []Server{broken(10), at(20, well())}, May, "encrypted Trusted", "mx2.example.test"},
		{"not offered goes on", []Server{plain(10), at(20, well())}, Encrypt, "encrypted Trusted", "mx2.example.test"},
		{"a refused STARTTLS does not", []Server{refusing(10), at(20, well())}, Encrypt,
			"bounced 5.7.3 starttls_refused", "mx1.example.test"},
		{"at may it does not matter", []Server{refusing(10), at(20, well())}, May,
			"plaintext starttls_refused", "mx1.example.test"},
		{"the last refusal counts", []Server{broken(10), refusing(20)}, Encrypt,
			"bounced 5.7.3 starttls_refused", "mx2.example.test"},
		{"the last error is told", []Server{broken(10), busy(20)}, Encrypt,
			"deferred 4.3.2 greeting_temporary", "mx2.example.test"},
		{"plain text later, at the first", []Server{broken(10), busy(20)}, May,
			"plaintext after 5m0s tls_closed", "mx1.example.test"},
		{"plain text at once, at the second", []Server{broken(10), refusing(20)}, May,
			"plaintext starttls_refused", "mx2.example.test"},
		{"an untested server first", []Server{untested(10), at(20, well())}, May, "unknown not_tested", "mx1.example.test"},
		{"an untested server behind", []Server{busy(10), untested(20)}, May, "unknown not_tested", "mx2.example.test"},
		{"the sixth address is not tried",
			[]Server{busy(1), busy(2), busy(3), busy(4), busy(5), at(6, well())}, Encrypt,
			"deferred 4.3.2 greeting_temporary", "mx5.example.test"},
		{"the fifth is", []Server{busy(1), busy(2), busy(3), busy(4), at(5, well())}, Encrypt,
			"encrypted Trusted", "mx5.example.test"},
		{"hosts without address do not count",
			[]Server{{Preference: 1, NoAddress: mx.HostNotFound}, {Preference: 2, NoAddress: mx.LookupServFail},
				busy(3), busy(4),
				busy(5), busy(6), at(7, well())}, Encrypt, "encrypted Trusted", "mx7.example.test"},
		{"equal, alike", []Server{at(10, well()), at(10, well())}, Secure, "encrypted Verified", "mx1.example.test"},
		{"equal, one is passed over", []Server{busy(10), at(10, well())}, Encrypt, "encrypted Trusted", "mx2.example.test"},
		{"equal, one without TLS", []Server{at(10, well()), plain(10)}, May, "plaintext depends_on_order",
			"mx2.example.test"},
		{"equal, one without TLS, required", []Server{at(10, well()), plain(10)}, Encrypt, "encrypted Trusted",
			"mx1.example.test"},
		{"equal, one bounces", []Server{at(10, well()), refusing(10)}, Encrypt,
			"bounced 5.7.3 depends_on_order", "mx2.example.test"},
		{"equal, one untested", []Server{at(10, well()), untested(10)}, Encrypt, "unknown not_tested", "mx2.example.test"},
		{"equal, one word worse", []Server{at(10, well()), certified(at(10, well()), rejected, rejected)}, May,
			"encrypted Untrusted depends_on_order", "mx2.example.test"},
		{"equal, six: the limit may come first",
			[]Server{busy(10), busy(10), busy(10), busy(10), busy(10), at(10, well())}, Encrypt,
			"deferred 4.3.2 depends_on_order", "mx5.example.test"},
		{"equal, five: it may not", []Server{busy(10), busy(10), busy(10), busy(10), at(10, well())}, Encrypt,
			"encrypted Trusted", "mx5.example.test"},
		{"the limit falls between preferences",
			[]Server{busy(1), busy(1), busy(1), busy(2), busy(2), at(2, well())}, Encrypt,
			"deferred 4.3.2 depends_on_order", "mx5.example.test"},
		{"neither family is crowded out: three and two",
			[]Server{v6(busy(1), 1), v6(busy(1), 2), v6(busy(1), 3), v6(busy(1), 4), v6(busy(1), 5), at(2, well())}, Encrypt,
			"encrypted Trusted", "mx6.example.test"},
		{"no IPv6 here, IPv4 does", []Server{absent(10, 1), at(10, well())}, Encrypt, "encrypted Trusted",
			"mx2.example.test"},
		{"no IPv6 here, nothing else", []Server{absent(10, 1), absent(20, 2)}, Encrypt, "unknown no_ipv6",
			"mx2.example.test"},
		{"no IPv6 here, IPv4 fails", []Server{busy(10), absent(20, 1)}, Encrypt, "deferred 4.4.1 no_ipv6",
			"mx2.example.test"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := Predict(debian(), destination(t, tt.servers...), tt.level, 0)
			if brief(got) != tt.want || got.Host != tt.host {
				t.Errorf("%s by %s, want %s by %s", brief(got), got.Host, tt.want, tt.host)
			}
		})
	}
}

// TestFamilies: which family comes first, and which are used at all.
func TestFamilies(t *testing.T) {
	t.Parallel()
	both := []Server{at(10, well()), v6(plain(10), 1)}
	crowd := []Server{v6(busy(10), 1), v6(busy(10), 2), v6(busy(10), 3), v6(busy(10), 4), busy(10),
		busy(10), at(10, well())}
	for _, tt := range []struct {
		setting string
		servers []Server
		want    string
	}{
		{"smtp_address_preference = any", both, "plaintext depends_on_order"},
		{"smtp_address_preference = ipv4", both, "encrypted Trusted"},
		{"smtp_address_preference = ipv6", both, "plaintext starttls-not-supported"},
		{"smtp_randomize_addresses = no", both, "encrypted Trusted"},
		{"inet_protocols = ipv4", both, "encrypted Trusted"},
		{"inet_protocols = ipv6", both, "plaintext starttls-not-supported"},
		{"inet_protocols = ipv4, ipv6", both, "plaintext depends_on_order"},
		// Three or two places are IPv4's, by who comes first, and the third host may get none.
		{"smtp_mx_address_limit = 5", crowd, "deferred 4.3.2 depends_on_order"},
		{"smtp_mx_address_limit = 7", crowd, "encrypted Trusted"},
		{"smtp_mx_address_limit = 0", crowd, "encrypted Trusted"},
	} {
		cfg := configured(t, Version{}, tt.setting)
		if got := brief(Predict(cfg, destination(t, tt.servers...), May, 0)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.setting, got, tt.want)
		}
	}
	only6 := destination(t, v6(at(10, well()), 1))
	got := Predict(configured(t, Version{}, "inet_protocols = ipv4"), only6, May, 0)
	if brief(got) != "bounced 5.4.4 host_no_address" {
		t.Errorf("IPv6 alone, without IPv6: %s", brief(got))
	}
}

// TestEveryOrder compares settle with all permutations tried one by one.
func TestEveryOrder(t *testing.T) {
	t.Parallel()
	kinds := []Outcome{Encrypted, Deferred, Bounced}
	cfg := configured(t, Version{}, "smtp_mx_address_limit = 3")
	const n = 4
	for code := range 3 * 3 * 3 * 3 * 16 * 2 {
		steps := make([]step, n)
		pick := code
		for i := range steps {
			steps[i].outcome, pick = kinds[pick%3], pick/3
		}
		for i := range steps {
			s := at(10, nil)
			s.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 25)
			if pick>>i&1 == 1 {
				s = v6(s, byte(i))
			}
			if pick>>n == 1 && i >= 2 {
				s.Preference = 20
			}
			steps[i].server = &s
		}
		want := map[Outcome]bool{}
		permute(steps, 0, func(order []step) {
			if order[0].server.Preference <= order[1].server.Preference &&
				order[1].server.Preference <= order[2].server.Preference &&
				order[2].server.Preference <= order[3].server.Preference {
				want[tryAll(order, cfg.AddressLimit)] = true
			}
		})
		got := settle(cfg, append([]step(nil), steps...))
		for o := range want {
			if o.Worse(got.Outcome) {
				t.Fatalf("case %d: %s, but %s is possible", code, got.Outcome, o)
			}
		}
		if !want[got.Outcome] || (len(want) > 1) != (got.Reason == DependsOnOrder) {
			t.Fatalf("case %d: %s %s, want one of %v", code, got.Outcome, got.Reason, want)
		}
	}
}

func permute(s []step, from int, each func([]step)) {
	if from == len(s) {
		each(s)
		return
	}
	for i := from; i < len(s); i++ {
		s[from], s[i] = s[i], s[from]
		permute(s, from+1, each)
		s[from], s[i] = s[i], s[from]
	}
}

// tryAll is smtp_balance_inet_proto and the loop of smtp_connect_inet over one order, written down once more.
func tryAll(order []step, limit int) Outcome {
	var count [2]int
	for i := range order {
		count[family(&order[i])]++
	}
	keep := count
	if count[0] > 0 && count[1] > 0 && len(order) > limit {
		switch first := family(&order[0]); {
		case count[1] <= limit/2:
			keep[0] = limit - count[1]
		case count[0] <= limit/2:
			keep[1] = limit - count[0]
		case first == 0:
			keep = [2]int{(limit + 1) / 2, limit / 2}
		default:
			keep = [2]int{limit / 2, (limit + 1) / 2}
		}
	}
	tried := 0
	for i := range order {
		f := family(&order[i])
		if keep[f] == 0 {
			continue
		}
		keep[f]--
		if order[i].outcome != Deferred {
			return order[i].outcome
		}
		if tried++; tried == limit {
			break
		}
	}
	return Deferred
}

// TestManyServers: the number of orders must not be the number of steps.
func TestManyServers(t *testing.T) {
	t.Parallel()
	var servers []Server
	for i := range 250 {
		s := busy(uint16(i % 3))
		if i%2 == 1 {
			s = v6(s, byte(i))
		}
		servers = append(servers, s)
	}
	cfg := configured(t, Version{}, "smtp_mx_address_limit = 0")
	begun := time.Now()
	d := destination(t, servers...)
	if got := brief(Predict(cfg, d, May, 0)); got != "deferred 4.3.2 greeting_temporary" {
		t.Errorf("got %s", got)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("%v for %d servers", took, len(servers))
	}
}
