package pkix

import (
	"encoding/hex"
	"slices"
	"time"
)

// A departure is roots that Mozilla took out of its bundle together, by their SHA-256 fingerprints.
type departure struct {
	after   string   // the day after which Mozilla no longer believed what they issue; "" = none was set
	removed string   // the day by which they were gone, where there was no such day
	roots   []string // in the order of the names in the comment above
}

// departures are those since 2022 of which a date is known. A root that is neither here nor in Mozilla's bundle left
// earlier, or was never Mozilla's: the operator's own, perhaps.
var departures = []departure{
	// TrustCor RootCert CA-1, CA-2, ECA-1: Mozilla's dev-security-policy list, 2022-11-30.
	{after: "2022-11-30", roots: []string{
		"d40e9c86cd8fe468c1776959f49ea774fa548684b6c406f3909261f4dce2575c",
		"0753e940378c1bd5e3836e395daea5cb839e5046f1bd0eae1951cf10fec7c965",
		"5a885db19c01d912c5759388938cafbbdf031ab2d48e91ee15589b42971d039c",
	}},
	// E-Tugra Certification Authority, Global Root CA RSA v3, ECC v3; Hongkong Post Root CA 1: NSS 3.93.
	{removed: "2023-06-29", roots: []string{
		"b0bfd52bb0d7d9bd92bf5d4dc13da255c02c542f378365ea893911f55e55f23c",
		"ef66b0b10a3cdb9f2e3648c76bd2af18ead2bfe6f117655e28c4060da1a3f4c2",
		"873f4685fa7f563625252e6d36bcd7f16fc24951f264e47e1b954f4908cdca13",
		"f9e67d336c51002ac054c632022d66dda2e7e3fff10ad061ed31d8bbb410cfb2",
	}},
	// GLOBALTRUST 2020: Mozilla's dev-security-policy list, 2024.
	{after: "2024-06-30", roots: []string{"9a296a5182d1d451a2e37f439b74daafa267523329f90f9a0d2007c334e23c9a"}},
	// Entrust Root Certification Authority, G2, EC1, G4, AffirmTrust Commercial, Networking, Premium, Premium ECC: the
	// same list, 2024.
	{after: "2024-11-30", roots: []string{
		"73c176434f1bc6d5adf45b0e76e727287c8de57616c1e6e6141a2b2cbc7d8e4c",
		"43df5774b03e7fef5fe40d931a7bedf1bb2e6b42738c4e6d3841103d3aa7f339",
		"02ed0eb28c14da45165c566791700d6451d7fb56f0b2ab1d3b8eb070e56edff5",
		"db3517d1f6732a2d5ab97c533ec70779ee3270a62fb4ac4238372460e6f01e88",
		"0376ab1d54c5f9803ce4b2e201a0ee7eef7b57b636e8a93c9b8d4860c96f5fa7",
		"0a81ec5a929777f145904af38d5d509f66b5e2c58fcdb531058b0e17f3f0b41b",
		"70a73f7f376b60074248904534b11482d5bf0e698ecc498df52577ebf2e93b9a",
		"bd71fdf6da97e4cf62d1647add2581b07d79adf8397eb4ecba9c5e8488821423",
	}},
	// AAA Certificate Services, Baltimore CyberTrust Root, Entrust.net (2048), GlobalSign Root CA, Go Daddy Class 2,
	// Starfield Class 2, XRamp Global: keys from before 2006 (Mozilla Root Store Policy 7.4, bug 1957685).
	{removed: "2025-04-30", roots: []string{
		"d7a7a0fb5d7e2731d771e9484ebcdef71d5f0c3e0a2948782bc83ee0ea699ef4",
		"16af57a9f676b0ab126095aa5ebadef22ab31119d644ac95cd4b93dbf3f26aeb",
		"6dc47172e01cbcb0bf62580d895fe2b8ac9ad4f873801e0c10b9c837d21eb177",
		"ebd41040e4bb3ec742c9e381d31ef2a41a48b6685c96e7cef3c1df6cd4331c99",
		"c3846bf24b9e93ca64274c0ec67c1ecc5e024ffcacd2d74019350e81fe546ae4",
		"1465fa205397b876faa6f0a9958e5590e40fcc7faa4fb7c2c8677521fb5fb658",
		"cecddc905099d8dadfc5b1d209b737cbe2c18cfb2c10c0ff0bcf0d3286fc1aa2",
	}},
	// Certigna, COMODO Certification Authority, DigiCert Assured ID, Global and High Assurance EV Root CA, GTS Root R2,
	// QuoVadis Root CA 2 and 3, Secure Global CA: the same policy, or their owners' wish (webpki-roots 1.0.7).
	{removed: "2026-04-16", roots: []string{
		"e3b6a2db2ed7ce48842f7ac53241c7b71d54144bfb40c11f3f1d0b42f5eea12d",
		"0c2cd63df7806fa399ede809116b575bf87989f06518f9808c860503178baf66",
		"3e9099b5015e8f486c00bcea9d111ee721faba355a89bcf1df69561e3dc6325c",
		"4348a0e9444c78cb265e058d5e8944b4d84f9662bd26db257f8934a443c70161",
		"7431e5f4c3c1ce4690774f0b61e05440883ba9a01ed00ba6abd7806ed3b118cf",
		"8d25cd97229dbf70356bda4eb3cc734031e24cf00fafcfd32dc76eb5841c7ea8",
		"85a0dd7dd720adb7ff05f83d542b209dc7ff4528f7d677b18389fea5e5c49e86",
		"18f1fc7f205df8adddeb7fe007dd57e3af375a9c4d8d73546bf4f1fed1e18d35",
		"4200f5043ac8590ebb527d209ed1503029fbcbd41ca1b506ec27f15ade7dac69",
	}},
}

// history is what is known of a root that Mozilla took out: zero times for what is not.
func history(sum [32]byte) (after, removed time.Time) {
	text := hex.EncodeToString(sum[:])
	for i := range departures {
		if d := &departures[i]; slices.Contains(d.roots, text) {
			after, _ = time.Parse(time.DateOnly, d.after)
			removed, _ = time.Parse(time.DateOnly, d.removed)
		}
	}
	return after, removed
}
