package report

import (
	"encoding/hex"
	"fmt"
	"time"

	"mxtls/scanner/dane"
	"mxtls/scanner/pkix"
	"mxtls/scanner/postfix"
	"mxtls/scanner/truth"
)

// VerdictJSON is what a chain comes to. Line is there in a batch alone, level where one was asked for.
type VerdictJSON struct {
	SchemaVersion int               `json:"schema_version"`
	Type          string            `json:"type"` // "verdict"
	Line          int               `json:"line,omitempty"`
	At            *time.Time        `json:"at"` // as of when it was judged
	Names         []string          `json:"names"`
	NextHop       string            `json:"next_hop"`
	Chain         ChainJSON         `json:"chain"`
	NameMatch     truth.Truth       `json:"name_match"`
	MatchedBy     string            `json:"matched_by"`
	NextHopMatch  truth.Truth       `json:"next_hop_match"`
	WebPKI        WebPKIJSON        `json:"webpki"`
	Postfix       PostfixChainsJSON `json:"postfix"`
	DANE          VerdictDANEJSON   `json:"dane"`
	Level         *VerdictLevelJSON `json:"level,omitempty"`
}

// ChainJSON is the verdict on a chain, and its first certificate.
type ChainJSON struct {
	Status    string     `json:"status"`
	Reason    string     `json:"reason"`
	Text      string     `json:"text"`
	Sent      int        `json:"sent"` // certificates
	Names     []string   `json:"names"`
	Subject   string     `json:"subject"`
	Issuer    string     `json:"issuer"`
	NotBefore *time.Time `json:"not_before"`
	NotAfter  *time.Time `json:"not_after"`
	SHA256    string     `json:"sha256"`
	Key       string     `json:"key"`
	Signature string     `json:"signature"`
	Notes     []string   `json:"notes"`
}

// WebPKIJSON is the verdict of a strict sender.
type WebPKIJSON struct {
	Status    string      `json:"status"`
	Reason    string      `json:"reason"`
	Text      string      `json:"text"`
	NameMatch truth.Truth `json:"name_match"`
}

// PostfixChainsJSON is the verdict of a Postfix client by OpenSSL's security level: 0 at may and encrypt, 1 where a
// match is required.
type PostfixChainsJSON struct {
	Level0 PostfixChainJSON `json:"level0"`
	Level1 PostfixChainJSON `json:"level1"`
}

// PostfixChainJSON is one of them. Num is OpenSSL's number for the error that Postfix keeps (0 = none), depth that of
// the certificate that it is about.
type PostfixChainJSON struct {
	Status     string `json:"status"`
	Reason     string `json:"reason"`
	Text       string `json:"text"`
	Num        int    `json:"num"`
	Depth      int    `json:"depth"`
	Unreadable bool   `json:"unreadable"` // OpenSSL breaks the handshake off
}

// VerdictDANEJSON is what the chain comes to under TLSA records. Matched are those that count and fit.
type VerdictDANEJSON struct {
	Status     string     `json:"status"`
	Matched    []string   `json:"matched"` // "3 1 1 " and the data in hex
	Reason     string     `json:"reason"`
	Text       string     `json:"text"`
	BaseDomain string     `json:"base_domain"`
	Records    []TLSAJSON `json:"records"`
	Notes      []string   `json:"notes"`
}

// VerdictLevelJSON is what Postfix does at a level with a server that shows the chain.
type VerdictLevelJSON struct {
	Level   postfix.Level   `json:"level"`
	Outcome postfix.Outcome `json:"outcome"`
	Word    postfix.Word    `json:"word"`
	Code    string          `json:"code"`
	Text    string          `json:"text"`
	Reason  string          `json:"reason"`
}

// BadLineJSON stands for a line of a batch that could not be judged.
type BadLineJSON struct {
	SchemaVersion int    `json:"schema_version"`
	Type          string `json:"type"` // "error"
	Line          int    `json:"line"` // from 1
	Error         string `json:"error"`
}

func newVerdictJSON(v *Verdict) *VerdictJSON {
	c, r := v.Case, v.Ruling
	out := &VerdictJSON{
		SchemaVersion: SchemaVersion, Type: "verdict", Line: v.Line, At: utc(v.At),
		Names: make([]string, len(c.Names)), NextHop: c.NextHop.String(),
		Chain: newChainJSON(r.Chain), NameMatch: r.NameMatch, MatchedBy: text(r.MatchedBy), NextHopMatch: r.DomainMatch,
		WebPKI:  WebPKIJSON{r.WebPKI.Status.String(), chainReason(r.WebPKI), text(r.WebPKI.Text), r.WebNameMatch},
		Postfix: PostfixChainsJSON{newPostfixChainJSON(r.Level0), newPostfixChainJSON(r.Level1)},
		DANE:    newVerdictDANEJSON(&r.DANE),
	}
	for i, n := range c.Names {
		out.Names[i] = n.String()
	}
	if p := r.Prediction; p != nil {
		out.Level = &VerdictLevelJSON{c.Level, p.Outcome, p.Word, p.Code, text(p.Text), p.Reason}
	}
	return out
}

func newChainJSON(c *pkix.Chain) ChainJSON {
	out := ChainJSON{
		Status: c.Status.String(), Reason: chainReason(c), Text: text(c.Text), Sent: c.Sent,
		Names: texts(c.Names[:min(len(c.Names), maxNames)]), Subject: text(c.Subject), Issuer: text(c.Issuer),
		NotBefore: utc(c.NotBefore), NotAfter: utc(c.NotAfter), SHA256: c.SHA256, Key: text(c.Key),
		Signature: text(c.Signature), Notes: make([]string, len(c.Notes)),
	}
	for i, n := range c.Notes {
		out.Notes[i] = n.String()
	}
	return out
}

func newPostfixChainJSON(c *pkix.Chain) PostfixChainJSON {
	return PostfixChainJSON{c.Status.String(), chainReason(c), text(c.Text), c.Num, c.Depth, c.Unreadable}
}

func newVerdictDANEJSON(o *dane.Outcome) VerdictDANEJSON {
	out := VerdictDANEJSON{
		Status: o.Status.String(), Matched: matched(o), Reason: o.Reason.String(), Text: text(o.Text),
		BaseDomain: o.Base.String(), Records: make([]TLSAJSON, len(o.Records)), Notes: make([]string, len(o.Notes)),
	}
	for i := range o.Records {
		out.Records[i] = newTLSAJSON(&o.Records[i])
		if o.Matches(i) {
			out.Records[i].Matched = true
			if key := o.Chain.Chain.Key; key != "" {
				out.Records[i].Matches = []string{key}
			}
		}
	}
	for i, n := range o.Notes {
		out.Notes[i] = n.String()
	}
	return out
}

// matched are the records that count and fit, as zone files have them.
func matched(o *dane.Outcome) []string {
	all := []string{}
	for i := range o.Records {
		if r := &o.Records[i]; o.Matches(i) {
			all = append(all, fmt.Sprintf("%d %d %d %s", r.Usage, r.Selector, r.Matching,
				hex.EncodeToString(r.Data[:min(len(r.Data), maxText)])))
		}
	}
	return all
}
