package pkix

import (
	"bytes"
	"slices"
)

// extensions are those that OpenSSL's path validation looks at (v3_purp.c ossl_x509v3_cache_extensions).
type extensions struct {
	invalid    string // the extension that makes the certificate useless as issuer and as issued (EXFLAG_INVALID)
	critical   string // the first critical one that OpenSSL does not know, its OID
	proxy      bool   // RFC 3820
	resources  bool   // has addresses or AS numbers (RFC 3779)
	basic      bool   // has basicConstraints
	ca         bool
	pathLen    int // -1 without one
	hasUsage   bool
	usage      byte // the first octet of keyUsage
	hasPurpose bool
	purposes   []string // extKeyUsage, OIDs
	hasType    bool
	certType   byte // Netscape's
	subjectKey []byte
	authority  authority
	names      generalNames // subjectAltName
	limits     *constraints // nameConstraints, nil without
}

// Bits of keyUsage's first octet (RFC 5280 4.2.1.3) and of Netscape's certificate type.
const (
	usageSignature    = 0x80
	usageEncipherment = 0x20
	usageAgreement    = 0x08
	usageCertSign     = 0x04

	typeServer = 0x40
	typeCA     = 0x07 // of any kind
	typeTLSCA  = 0x04
)

// authority is an authorityKeyIdentifier (RFC 5280 4.2.1.1).
type authority struct {
	key    []byte // nil without
	issuer *dn    // the issuer's own issuer
	serial []byte // the issuer's
}

// allows reports whether parent may be the certificate that is meant (v3_purp.c X509_check_akid).
func (a authority) allows(parent *certificate) bool {
	return (a.key == nil || parent.subjectKey == nil || bytes.Equal(a.key, parent.subjectKey)) &&
		(a.serial == nil || bytes.Equal(a.serial, parent.serial)) &&
		(a.issuer == nil || a.issuer.equal(parent.issuer))
}

// readExtensions reads the list; the error is about the list itself, not about what is in it.
func (x *extensions) readExtensions(list der) error {
	seen := map[string]bool{}
	err := list.each(func(e element) error {
		if e.tag != tagSequence {
			return errDER
		}
		id, err := e.body.take(tagOID)
		if err != nil {
			return err
		}
		oid, err := objectID(id.body)
		if err != nil {
			return err
		}
		critical, _, err := e.body.optional(tagBoolean)
		if err != nil {
			return err
		}
		value, err := e.body.take(tagOctetString)
		if err != nil || len(e.body) > 0 {
			return errDER
		}
		if x.critical == "" && !handled[oid] && !bytes.Equal(critical.body, []byte{0}) && len(critical.body) > 0 {
			x.critical = oid
		}
		x.read(oid, value.body, seen)
		seen[oid] = true
		return nil
	})
	if x.proxy && x.invalid == "" && (x.ca || seen[oidSubjectAltName] || seen[oidIssuerAltName]) {
		x.invalid = oidProxyCertInfo // RFC 3820 3.2, 3.5, 3.6
	}
	return err
}

// read takes in one extension that is looked at. One that is there twice or cannot be read makes the certificate
// invalid.
func (x *extensions) read(oid string, value der, seen map[string]bool) {
	var err error
	switch oid {
	case oidBasicConstraints:
		err = x.readBasic(value)
	case oidKeyUsage:
		err = x.readUsage(value)
	case oidExtKeyUsage:
		err = x.readPurposes(value)
	case oidNetscapeCertType:
		err = x.readCertType(value)
	case oidSubjectKeyID:
		err = x.readSubjectKey(value)
	case oidAuthorityKeyID:
		err = x.readAuthority(value)
	case oidSubjectAltName:
		err = x.readNames(value)
	case oidNameConstraints:
		err = x.readLimits(value)
	case oidCRLPoints:
		err = readCRLPoints(value)
	case oidProxyCertInfo:
		err = x.readProxy(value)
	case oidASNumbers:
		err = x.readASNumbers(value)
	case oidAddressBlocks:
		err = x.readAddressBlocks(value)
	default:
		return
	}
	if seen[oid] && oid == oidSubjectAltName {
		x.names = nil // X509V3_get_d2i gives none of two, and the CN counts
	}
	if (err != nil || seen[oid]) && x.invalid == "" {
		x.invalid = oid
	}
}

func (x *extensions) readBasic(d der) error {
	seq, err := d.take(tagSequence)
	if err != nil {
		return err
	}
	x.basic = true
	ca, ok, err := seq.body.optional(tagBoolean)
	if err != nil || ok && len(ca.body) != 1 {
		return errDER
	}
	x.ca = ok && ca.body[0] != 0
	length, ok, err := seq.body.optional(tagInteger)
	if err != nil || len(seq.body) > 0 {
		return errDER
	}
	if !ok {
		return nil
	}
	if integer(length.body) != nil || length.body[0] >= 0x80 {
		return errDER
	}
	if len(length.body) <= 4 { // a longer one is no limit
		x.pathLen = 0
		for _, o := range length.body {
			x.pathLen = x.pathLen<<8 | int(o)
		}
	}
	return nil
}

func (x *extensions) readUsage(d der) error {
	octets, err := d.takeBits()
	if err != nil {
		return err
	}
	x.hasUsage = true
	if len(octets) > 0 {
		x.usage = octets[0]
	}
	if x.usage == 0 && (len(octets) < 2 || octets[1] == 0) {
		return errDER // RFC 5280 4.2.1.3: at least one bit
	}
	return nil
}

func (x *extensions) readCertType(d der) error {
	octets, err := d.takeBits()
	if err != nil {
		return err
	}
	x.hasType = true
	if len(octets) > 0 {
		x.certType = octets[0]
	}
	return nil
}

func (d *der) takeBits() ([]byte, error) {
	e, err := d.take(tagBitString)
	if err != nil {
		return nil, err
	}
	return bits(e.body)
}

func (x *extensions) readPurposes(d der) error {
	seq, err := d.take(tagSequence)
	if err != nil {
		return err
	}
	x.hasPurpose = true
	return seq.body.each(func(e element) error {
		if e.tag != tagOID {
			return errDER
		}
		oid, err := objectID(e.body)
		x.purposes = append(x.purposes, oid)
		return err
	})
}

func (x *extensions) readSubjectKey(d der) error {
	e, err := d.take(tagOctetString)
	x.subjectKey = append([]byte{}, e.body...)
	return err
}

func (x *extensions) readAuthority(d der) error {
	seq, err := d.take(tagSequence)
	if err != nil {
		return err
	}
	if key, ok, err := seq.body.optional(tagContext + 0); err != nil {
		return err
	} else if ok {
		x.authority.key = append([]byte{}, key.body...)
	}
	if issuer, ok, err := seq.body.optional(tagConstructed + 1); err != nil {
		return err
	} else if ok {
		names, err := parseNames(issuer.body)
		if err != nil {
			return err
		}
		x.authority.issuer = names.dir()
	}
	if serial, ok, err := seq.body.optional(tagContext + 2); err != nil {
		return err
	} else if ok {
		x.authority.serial = serial.body
		if err := integer(serial.body); err != nil {
			return err
		}
	}
	if len(seq.body) > 0 {
		return errDER
	}
	return nil
}

func (x *extensions) readNames(d der) error {
	seq, err := d.take(tagSequence)
	if err != nil {
		return err
	}
	x.names, err = parseNames(seq.body)
	return err
}

func (x *extensions) readLimits(d der) error {
	seq, err := d.take(tagSequence)
	if err != nil {
		return err
	}
	x.limits, err = parseConstraints(seq.body)
	return err
}

// readProxy only notes that this is a proxy certificate, which nobody takes for a server's (RFC 3820 3.8).
func (x *extensions) readProxy(d der) error {
	x.proxy = true
	seq, err := d.take(tagSequence)
	if err != nil {
		return err
	}
	if length, ok, err := seq.body.optional(tagInteger); err != nil || ok && integer(length.body) != nil {
		return errDER
	}
	policy, err := seq.body.take(tagSequence)
	if err != nil || len(seq.body) > 0 {
		return errDER
	}
	language, err := policy.body.take(tagOID)
	if err != nil {
		return err
	}
	if _, _, err := policy.body.optional(tagOctetString); err != nil || len(policy.body) > 0 {
		return errDER
	}
	_, err = objectID(language.body)
	return err
}

// forServers reports whether extKeyUsage, if any, allows TLS servers: anyExtendedKeyUsage does not.
func (x *extensions) forServers() bool {
	return !x.hasPurpose || slices.ContainsFunc(x.purposes, func(oid string) bool {
		return oid == oidServerAuth || oid == oidNetscapeSGC || oid == oidMicrosoftSGC
	})
}

// forbids reports whether keyUsage is there and has none of the bits.
func (x *extensions) forbids(bits byte) bool { return x.hasUsage && x.usage&bits == 0 }
