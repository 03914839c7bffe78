package pkix

// readASNumbers reads an ASIdentifiers (RFC 3779 3.2.3): what is none makes the certificate invalid.
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

// value checks an INTEGER or a BIT STRING.
func value(e element) error {
	if e.tag == tagInteger {
		return integer(e.body)
	}
	_, err := bits(e.body)
	return err
}
