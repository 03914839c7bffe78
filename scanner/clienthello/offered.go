package clienthello

// Suites are the cipher suites of a Postfix client's hello at level may, by OpenSSL's names, in their order.
func Suites() []string {
	hello := Hello{Profile: May}
	var names []string
	for _, id := range hello.offered() {
		names = append(names, CipherName(id))
	}
	return names
}
