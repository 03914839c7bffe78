package name

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Unicode is n for people: U-labels where that is safe to show, otherwise the A-label form, the whole of it. Safe is a
// name that encodes back to n and whose U-labels are letters and digits of one writing system each (UTS 39 5.2, without
// its leave to mix in Latin: a katakana "no" in Latin text reads as a slash). Cyrillic, Greek and the others whose
// letters pass for Latin ones are shown only under an internationalized TLD, where such names are at home. Scripts
// written from right to left stay A-labels: they would reorder what stands beside them in a table.
func (n Name) Unicode() string {
	if !strings.Contains(n.ascii, "xn--") {
		return n.ascii
	}
	text, err := mapping.ToUnicode(n.ascii)
	if err != nil {
		return n.ascii
	}
	if back, reason := toASCII(text); reason != ReasonNone || back != n.ascii {
		return n.ascii
	}
	latinTLD := isASCII(text[strings.LastIndexByte(text, '.')+1:])
	for label := range strings.SplitSeq(text, ".") {
		if !isASCII(label) && !isSafe(label, latinTLD) {
			return n.ascii
		}
	}
	return text
}

// japanese, chinese and korean are the writing systems of more than one script (UTS 39 5.2, without Latin).
var (
	japanese = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana}
	chinese  = []*unicode.RangeTable{unicode.Han, unicode.Bopomofo}
	korean   = []*unicode.RangeTable{unicode.Han, unicode.Hangul}
)

// alone are the scripts that make a label by themselves and have few letters that pass for Latin ones.
var alone = []*unicode.RangeTable{
	unicode.Bengali, unicode.Devanagari, unicode.Ethiopic, unicode.Georgian, unicode.Gujarati, unicode.Gurmukhi,
	unicode.Kannada, unicode.Khmer, unicode.Lao, unicode.Malayalam, unicode.Myanmar, unicode.Sinhala, unicode.Tamil,
	unicode.Telugu, unicode.Thai, unicode.Tibetan,
}

// lookalikes pass for Latin: whole words can be written in them.
var lookalikes = []*unicode.RangeTable{unicode.Armenian, unicode.Cyrillic, unicode.Greek}

// isSafe reports whether a U-label is of one writing system that can be shown. A script that is named here nowhere is
// not shown; nor are symbols, punctuation and marks that belong to no script.
func isSafe(label string, latinTLD bool) bool {
	if all(label, isPlainLatin) || all(label, isOf(japanese)) || all(label, isOf(chinese)) || all(label, isOf(korean)) {
		return true
	}
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(label, "0123456789-_"))
	scripts := alone
	if !latinTLD {
		scripts = append(lookalikes[:len(lookalikes):len(lookalikes)], alone...)
	}
	for _, script := range scripts {
		if unicode.Is(script, first) {
			return all(label, isOf([]*unicode.RangeTable{script}))
		}
	}
	return false
}

func all(label string, f func(rune) bool) bool {
	return strings.IndexFunc(label, func(r rune) bool { return !f(r) && !strings.ContainsRune("0123456789-_", r) }) < 0
}

// isPlainLatin leaves out the letters for phonetics (U+0250 and on), many of which are look-alikes of a to z.
func isPlainLatin(r rune) bool {
	return (r < 0x250 || r >= 0x1e00 && r < 0x1f00) && unicode.Is(unicode.Latin, r)
}

// isOf takes letters and marks of the scripts, and U+30FC, the long vowel of both kana.
func isOf(scripts []*unicode.RangeTable) func(rune) bool {
	return func(r rune) bool {
		return unicode.In(r, scripts...) && (unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)) ||
			r == 'ー' && unicode.In('ア', scripts...)
	}
}
