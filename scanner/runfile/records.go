package runfile

import (
	"net/netip"
	"time"

	"mxtls/scanner/clienthello"
	"mxtls/scanner/dane"
	"mxtls/scanner/mtasts"
	"mxtls/scanner/mx"
	"mxtls/scanner/name"
	"mxtls/scanner/resolve"
	"mxtls/scanner/starttls"
	"mxtls/scanner/truth"
)

// The lines of a file as JSON has them. Words are the enums' own; what is zero is left out.

const (
	typeRun         = "run"
	typeCertificate = "certificate"
	typeSession     = "session"
	typeHosts       = "hosts"
	typeDomain      = "domain"
	typeEnd         = "end"
)

type runRecord struct {
	Type          string      `json:"type"`
	SchemaVersion int         `json:"schema_version"`
	Program       string      `json:"program"` // "mxtls": what tells the file from others with a type "run"
	Version       string      `json:"version"`
	Started       time.Time   `json:"started"`
	At            time.Time   `json:"at"`
	Resolvers     []string    `json:"resolvers"`
	Validating    truth.Truth `json:"validating"`
	EHLO          string      `json:"ehlo"`
	Port          uint16      `json:"port"`
	Limits        Limits      `json:"limits"`
	Roots         Roots       `json:"roots"`
	AsPostfix     bool        `json:"as_postfix"`
	Hello         string      `json:"hello"`
	MXOnly        bool        `json:"mx_only,omitzero"`
	Shard         string      `json:"shard"`
}

type certificateRecord struct {
	Type   string `json:"type"`
	SHA256 string `json:"sha256"`
	DER    []byte `json:"der"`
}

type sessionRecord struct {
	Type         string            `json:"type"`
	Session      uint64            `json:"session"` // its number
	Address      netip.AddrPort    `json:"address"`
	SNI          string            `json:"sni,omitzero"`
	Key          starttls.Key      `json:"key,omitzero"`
	Started      time.Time         `json:"started,omitzero"`
	Duration     time.Duration     `json:"duration_ns,omitzero"`
	Stage        starttls.Stage    `json:"stage"`
	HELO         bool              `json:"helo,omitzero"`
	Dialogue     []exchangeRecord  `json:"dialogue,omitempty"`
	Before       []text            `json:"before,omitempty"`
	After        []text            `json:"after,omitempty"`
	Offered      bool              `json:"offered,omitzero"`
	TLS          *handshakeRecord  `json:"tls,omitzero"`
	Took         []time.Duration   `json:"took_ns,omitempty"` // by stage
	Injected     []byte            `json:"injected,omitempty"`
	Err          *sessionErrRecord `json:"error,omitzero"`
	Connections  int               `json:"connections,omitzero"`
	PQIntolerant bool              `json:"pq_intolerant,omitzero"`
	Raw          *flightRecord     `json:"raw,omitzero"`
	Match        *flightRecord     `json:"match,omitzero"`
}

type exchangeRecord struct {
	Sent      string        `json:"sent,omitzero"`
	Code      int           `json:"code,omitzero"`
	Lines     []text        `json:"lines,omitempty"`
	Encrypted bool          `json:"encrypted,omitzero"`
	At        time.Duration `json:"at_ns"`
}

type handshakeRecord struct {
	Version              uint16   `json:"version"`
	Suite                uint16   `json:"suite"`
	Group                uint16   `json:"group,omitzero"`
	Signature            uint16   `json:"signature,omitzero"`
	Renegotiation        bool     `json:"renegotiation,omitzero"`
	ExtendedMasterSecret bool     `json:"extended_master_secret,omitzero"`
	CertificateOctets    int      `json:"certificate_octets,omitzero"`
	Chain                []string `json:"chain,omitempty"` // SHA-256 of each, as sent
}

type flightRecord struct {
	handshakeRecord
	DHBits            int              `json:"dh_bits,omitzero"`
	Retry             bool             `json:"retry,omitzero"`
	ClientCertificate bool             `json:"client_certificate,omitzero"`
	Complete          bool             `json:"complete,omitzero"`
	Err               *flightErrRecord `json:"error,omitzero"`
}

type flightErrRecord struct {
	Kind  clienthello.Kind `json:"kind"`
	Alert uint8            `json:"alert,omitzero"`
	Text  text             `json:"text"`
}

type sessionErrRecord struct {
	Stage  starttls.Stage  `json:"stage"`
	Reason starttls.Reason `json:"reason"`
	Text   text            `json:"text"`
}

type domainRecord struct {
	Type     string        `json:"type"`
	Index    int           `json:"index"` // place in the list, from 0
	Input    string        `json:"input,omitzero"`
	Target   string        `json:"target,omitzero"` // as name.ParseTarget reads it; "" = Input
	Invalid  string        `json:"invalid,omitzero"`
	Group    string        `json:"group,omitzero"`
	Legacy   bool          `json:"legacy,omitzero"`
	Hosts    uint64        `json:"hosts,omitzero"` // 0 = invalid
	Defect   text          `json:"defect,omitzero"`
	Started  time.Time     `json:"started"`
	Duration time.Duration `json:"duration_ns"`

	Misplaced []misplacedRecord `json:"misplaced,omitempty"`
	STS       *stsRecord        `json:"mta_sts,omitzero"`
	TLSRPT    *textsRecord      `json:"tlsrpt,omitzero"`

	// Most domains have no such records, which is two words instead of an object: "nodata insecure".
	NoSTS    string `json:"no_mta_sts,omitzero"`
	NoTLSRPT string `json:"no_tlsrpt,omitzero"`

	// What is no UTF-8 stands here. There are a million of these lines, and texts take four times as long as strings.
	InputOctets []byte `json:"input_base64,omitzero"`
	GroupOctets []byte `json:"group_base64,omitzero"`

	Forget forgetRecord `json:"forget,omitzero"`
}

type misplacedRecord struct {
	Host name.Name `json:"host"`
	At   name.Name `json:"at"`
	Port uint16    `json:"port"`
	Note dane.Note `json:"note"`
}

type stsRecord struct {
	Record textsRecord  `json:"record"`
	Fetch  *fetchRecord `json:"fetch,omitzero"`
}

// textsRecord is an answer to a question for TXT records.
type textsRecord struct {
	Status  resolve.Status   `json:"status"`
	Trust   resolve.Trust    `json:"trust,omitzero"`
	Aliases []name.Name      `json:"aliases,omitempty"`
	TXT     []text           `json:"txt,omitempty"`
	Dropped int              `json:"dropped,omitzero"`
	TTL     time.Duration    `json:"ttl_ns,omitzero"`
	Expires time.Time        `json:"expires,omitzero"`
	Err     *lookupErrRecord `json:"error,omitzero"`
}

type fetchRecord struct {
	Host     name.Name       `json:"host"`
	Started  time.Time       `json:"started"`
	Duration time.Duration   `json:"duration_ns"`
	Aliases  []name.Name     `json:"aliases,omitempty"`
	Addr     netip.AddrPort  `json:"address,omitzero"`
	TLS      uint16          `json:"tls,omitzero"`
	Chain    []string        `json:"chain,omitempty"`
	Code     int             `json:"code,omitzero"`
	Status   text            `json:"status,omitzero"`
	Type     text            `json:"content_type,omitzero"`
	Encoding text            `json:"content_encoding,omitzero"`
	Location text            `json:"location,omitzero"`
	Body     text            `json:"body,omitzero"`
	Err      *fetchErrRecord `json:"error,omitzero"`
}

type fetchErrRecord struct {
	Fault mtasts.Fault `json:"fault"`
	Text  text         `json:"text"`
}

// forgetRecord is what no later line refers to.
type forgetRecord struct {
	Hosts        []uint64 `json:"hosts,omitempty"`
	Sessions     []uint64 `json:"sessions,omitempty"`
	Certificates []string `json:"certificates,omitempty"` // SHA-256
}

// IsZero reports whether there is nothing to forget.
func (f forgetRecord) IsZero() bool {
	return f.Hosts == nil && f.Sessions == nil && f.Certificates == nil
}

type hostsRecord struct {
	Type     string        `json:"type"`
	Number   uint64        `json:"number,omitzero"`
	MX       mxRecord      `json:"mx"`
	Sessions []shownRecord `json:"sessions,omitempty"` // of the addresses, in mail's order
}

// shownRecord are the numbers of one address's sessions, as verdict.Server has them; 0 = none.
type shownRecord struct {
	Plain    uint64 `json:"plain"`
	Named    uint64 `json:"named,omitzero"`
	OtherKey uint64 `json:"other_key,omitzero"`
	STS      uint64 `json:"mta_sts,omitzero"`
}

type tlsaRecords struct {
	Found   bool             `json:"found,omitzero"`
	Status  dane.Status      `json:"status,omitzero"`
	Reason  dane.Reason      `json:"reason,omitzero"`
	Base    name.Name        `json:"base,omitzero"`
	Aliases []name.Name      `json:"aliases,omitempty"`
	TLSA    []tlsaRecord     `json:"records,omitempty"`
	Dropped int              `json:"dropped,omitzero"`
	Expires time.Time        `json:"expires,omitzero"`
	Err     *lookupErrRecord `json:"error,omitzero"`
}

type tlsaRecord struct {
	Usage    uint8  `json:"usage"`
	Selector uint8  `json:"selector"`
	Matching uint8  `json:"matching"`
	Data     []byte `json:"data"`
}

type mxRecord struct {
	Kind       mx.Kind          `json:"kind"`
	Reason     mx.Reason        `json:"reason,omitzero"`
	Detail     text             `json:"detail,omitzero"`
	Trust      resolve.Trust    `json:"trust,omitzero"`
	Aliases    []name.Name      `json:"aliases,omitempty"`
	Hosts      []hostRecord     `json:"hosts,omitempty"`
	Dropped    int              `json:"dropped,omitzero"`
	NullBeside bool             `json:"null_beside,omitzero"`
	Err        *lookupErrRecord `json:"error,omitzero"`
}

type hostRecord struct {
	Preference uint16           `json:"preference"`
	Name       name.Name        `json:"name,omitzero"`
	Raw        text             `json:"raw"`
	Literal    netip.Addr       `json:"literal,omitzero"`
	Aliases    []name.Name      `json:"aliases,omitempty"`
	Addrs      []netip.Addr     `json:"addresses,omitempty"`
	Dropped    int              `json:"dropped,omitzero"`
	Trust      resolve.Trust    `json:"trust,omitzero"`
	Reason     mx.Reason        `json:"reason,omitzero"`
	Err        *lookupErrRecord `json:"error,omitzero"`
	TLSA       *tlsaRecords     `json:"tlsa,omitzero"` // nil = not asked for
}

type lookupErrRecord struct {
	Kind     resolve.Kind `json:"kind"`
	Name     text         `json:"name"`
	Type     string       `json:"lookup,omitzero"`
	Resolver string       `json:"resolver,omitzero"`
	Rcode    string       `json:"rcode,omitzero"`
	EDE      text         `json:"ede,omitzero"`
	Cause    text         `json:"cause,omitzero"`
}

type endRecord struct {
	Type    string  `json:"type"`
	Results *int    `json:"results,omitzero"` // that were written; nil in a file of a version that did not count them
	CRC32C  *uint32 `json:"crc32c,omitzero"`  // of all lines before (RFC 9260 appendix A); likewise
	Tail
}
