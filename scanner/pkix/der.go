package pkix

import (
	"errors"
	"math"
)

// DER tags that certificates are made of (X.690 8.1.2). Context tags are written as they stand on the wire.
const (
	tagBoolean         = 0x01
	tagInteger         = 0x02
	tagBitString       = 0x03
	tagOctetString     = 0x04
	tagNull            = 0x05
	tagOID             = 0x06
	tagUTF8String      = 0x0c
	tagNumericString   = 0x12
	tagPrintableString = 0x13
	tagT61String       = 0x14
	tagIA5String       = 0x16
	tagUTCTime         = 0x17
	tagGeneralizedTime = 0x18
	tagUniversalString = 0x1c
	tagBMPString       = 0x1e
	tagSequence        = 0x30
	tagSet             = 0x31
	tagContext         = 0x80 // + number: [number] IMPLICIT of a primitive type
	tagConstructed     = 0xa0 // + number: [number] EXPLICIT, or IMPLICIT of a constructed type
)

// errDER is all that is said of DER that cannot be read: where it broke helps nobody.
var errDER = errors.New("malformed DER")

// errRefused is DER that OpenSSL is known to refuse, whatever errDER may be to it: a handshake with such a certificate
// fails (statem_clnt.c, tls_process_server_certificate).
var errRefused = errors.New("malformed DER, to OpenSSL as well")

// der is what is left to read of some DER. Unlike cryptobyte, which crypto/x509 reads with, it takes lengths in more
// octets than needed, as OpenSSL does (asn1_lib.c ASN1_get_object). Indefinite lengths and tags above 30 are beyond it.
type der []byte

// An element is one tag, length and value.
type element struct {
	tag  byte
	body der // the value
	raw  der // with tag and length
}

// next reads one element.
func (d *der) next() (element, error) {
	in := *d
	if len(in) < 2 || in[0]&0x1f == 0x1f {
		return element{}, errDER
	}
	size, head := uint64(in[1]), 2
	if size >= 0x80 {
		octets := int(size - 0x80)
		if octets == 0 || octets > 8 || len(in) < 2+octets {
			return element{}, errDER
		}
		size, head = 0, 2+octets
		for _, o := range in[2:head] {
			size = size<<8 | uint64(o)
		}
	}
	if size > math.MaxInt32 || len(in)-head < int(size) {
		return element{}, errDER
	}
	end := head + int(size)
	*d = in[end:]
	return element{in[0], in[head:end:end], in[:end:end]}, nil
}

// take reads one element that must have the tag.
func (d *der) take(tag byte) (element, error) {
	if !d.at(tag) {
		return element{}, errDER
	}
	return d.next()
}

// at reports whether the next element has the tag.
func (d der) at(tag byte) bool { return len(d) > 0 && d[0] == tag }

// optional reads the next element if it has the tag; ok says whether it had.
func (d *der) optional(tag byte) (e element, ok bool, err error) {
	if !d.at(tag) {
		return element{}, false, nil
	}
	e, err = d.next()
	return e, err == nil, err
}

// whole reads one element with the tag, which must be all there is.
func whole(in []byte, tag byte) (element, error) {
	d := der(in)
	e, err := d.take(tag)
	if err == nil && len(d) > 0 {
		err = errDER
	}
	return e, err
}

// each reads the elements of a SEQUENCE OF or SET OF.
func (d der) each(read func(element) error) error {
	for len(d) > 0 {
		e, err := d.next()
		if err != nil {
			return err
		}
		if err := read(e); err != nil {
			return err
		}
	}
	return nil
}

// integer checks an INTEGER's value: shortest two's complement (asn1's a_int.c c2i_ibuf insists as well).
func integer(body der) error {
	if len(body) == 0 || len(body) > 1 && (body[0] == 0 && body[1] < 0x80 || body[0] == 0xff && body[1] >= 0x80) {
		return errDER
	}
	return nil
}

// bits is a BIT STRING's value without the octet that counts its unused bits.
func bits(body der) ([]byte, error) {
	if len(body) == 0 || body[0] > 7 {
		return nil, errDER
	}
	return body[1:], nil
}
