package pkix

// Extensions of which only the form matters here: OpenSSL reads them in whole, and what it cannot read makes the
// certificate invalid.

// readASNumbers reads an ASIdentifiers (RFC 3779 3.2.3).
func (x *extensions) readASNumbers(d der) error {
	x.resources = true
	seq, err := d.take(tagSequence)
	if err != nil {
		return err
	}
	for i := range byte(2) { // asnum, rdi
		choice, ok, err := seq.body.optional(tagConstructed + i)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := readChoice(&choice.body, tagInteger); err != nil || len(choice.body) > 0 {
			return errDER
		}
	}
	if len(seq.body) > 0 {
		return errDER
	}
	return nil
}

// readAddressBlocks reads an IPAddrBlocks (RFC 3779 2.2.3).
func (x *extensions) readAddressBlocks(d der) error {
	x.resources = true
	seq, err := d.take(tagSequence)
	if err != nil {
		return err
	}
	return seq.body.each(func(family element) error {
		if family.tag != tagSequence {
			return errDER
		}
		if _, err := family.body.take(tagOctetString); err != nil {
			return err
		}
		if err := readChoice(&family.body, tagBitString); err != nil || len(family.body) > 0 {
			return errDER
		}
		return nil
	})
}

// readChoice reads "inherit", or a list of single values and ranges of a type.
func readChoice(d *der, kind byte) error {
	e, err := d.next()
	switch {
	case err != nil:
		return err
	case e.tag == tagNull && len(e.body) == 0:
		return nil
	case e.tag != tagSequence:
		return errDER
	}
	return e.body.each(func(e element) error {
		if e.tag == kind {
			return value(e)
		}
		if e.tag != tagSequence {
			return errDER
		}
		for range 2 {
			end, err := e.body.take(kind)
			if err != nil {
				return err
			}
			if err := value(end); err != nil {
				return err
			}
		}
		if len(e.body) > 0 {
			return errDER
		}
		return nil
	})
}

// readCRLPoints reads a CRLDistributionPoints (RFC 5280 4.2.1.13): CRLs are not fetched, but what is no list makes the
// certificate invalid, as does a point that is neither a place nor an issuer (v3_purp.c setup_dp).
func readCRLPoints(d der) error {
	seq, err := d.take(tagSequence)
	if err != nil {
		return err
	}
	return seq.body.each(func(point element) error {
		if point.tag != tagSequence {
			return errDER
		}
		place, placed, err := point.body.optional(tagConstructed + 0)
		if err != nil || placed && readPlace(place.body) != nil {
			return errDER
		}
		if reasons, ok, err := point.body.optional(tagContext + 1); err != nil || ok && value(reasons) != nil {
			return errDER
		}
		list, _, err := point.body.optional(tagConstructed + 2)
		if err != nil || len(point.body) > 0 {
			return errDER
		}
		issuers, err := parseNames(list.body)
		if err != nil || !placed && len(issuers) == 0 {
			return errDER
		}
		return nil
	})
}

// readPlace reads a DistributionPointName: names, or what is to be added to the issuer's.
func readPlace(d der) error {
	e, err := d.next()
	switch {
	case err != nil || len(d) > 0:
		return errDER
	case e.tag == tagConstructed+0:
		_, err := parseNames(e.body)
		return err
	case e.tag == tagConstructed+1:
		return e.body.each(func(e element) error {
			_, err := parseAttribute(e)
			return err
		})
	}
	return errDER
}

// value checks an INTEGER or a BIT STRING.
func value(e element) error {
	if e.tag == tagInteger {
		return integer(e.body)
	}
	_, err := bits(e.body)
	return err
}
