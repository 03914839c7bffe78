package list_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mxtls/scanner/list"
	"mxtls/scanner/name"
)

func TestPresets(t *testing.T) {
	t.Parallel()
	var names []string
	for _, p := range list.Presets() {
		names = append(names, p.Name)
		if _, err := time.Parse(time.DateOnly, p.Date); err != nil {
			t.Errorf("%s: date: %v", p.Name, err)
		}
		if p.Title == "" || p.Source == "" || len(p.Entries) == 0 || strings.ContainsAny(p.Title, "\n\r") {
			t.Errorf("%s: title %q, source %q, %d entries", p.Name, p.Title, p.Source, len(p.Entries))
		}
		seen := map[name.Name]bool{}
		for _, e := range p.Entries {
			if n, err := name.Parse(e.Domain.String()); err != nil || n != e.Domain || seen[n] {
				t.Errorf("%s: %v is no mail domain or there twice: %v", p.Name, e.Domain, err)
			}
			seen[e.Domain] = true
		}
	}
	want := strings.Fields(`jp-carrier jp-isp freemail-us freemail-de freemail-fr freemail-it freemail-uk freemail-ru
		freemail-cn freemail-kr freemail-ca freemail-au freemail-br freemail-eu freemail-in freemail-privacy`)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestPresetsFile: what the reader of the embedded file takes for granted.
func TestPresetsFile(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("presets.csv")
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.DeleteFunc(strings.Split(strings.TrimSuffix(string(file), "\n"), "\n"), func(s string) bool {
		return strings.HasPrefix(s, "#")
	})
	if want := "preset,domain,status,date,title,source"; lines[0] != want {
		t.Fatalf("header %q, want %q", lines[0], want)
	}
	row := regexp.MustCompile(`^([a-z-]+),(?:[a-z0-9.-]+,(?:live|legacy),,,|,,[0-9-]{10},\S.*,\S.*)$`)
	preset := ""
	for _, line := range lines[1:] {
		m := row.FindStringSubmatch(line)
		if m == nil {
			t.Errorf("row %q", line)
			continue
		}
		if begins := strings.HasPrefix(line, m[1]+",,"); begins == (m[1] == preset) {
			t.Errorf("row %q behind one of %q", line, preset)
		}
		preset = m[1]
	}
}

func TestCarriers(t *testing.T) {
	t.Parallel()
	p, err := list.FindPreset("JP-Carrier")
	if err != nil {
		t.Fatal(err)
	}
	for domain, legacy := range map[string]bool{
		"yahoo.co.jp": false, "docomo.ne.jp": false, "ezweb.ne.jp": false, "i.softbank.jp": false, "ymobile.ne.jp": false,
		"vodafone.ne.jp": true, "t.vodafone.ne.jp": true, "jp-c.ne.jp": true, "wm.pdx.ne.jp": true, "sky.tu-ka.ne.jp": true,
	} {
		if !slices.Contains(p.Entries, list.Entry{Domain: name.MustParse(domain), Legacy: legacy}) {
			t.Errorf("%s (legacy %v) is missing", domain, legacy)
		}
	}
}

func TestFindPreset(t *testing.T) {
	t.Parallel()
	for asked, want := range map[string]string{
		"jp-carier":                        `no preset "jp-carier": did you mean jp-carrier?`,
		"jp":                               `no preset "jp": did you mean jp-carrier, jp-isp?`,
		"freemail-fi":                      `no preset "freemail-fi": did you mean `,
		"Freemail":                         `no preset "Freemail": did you mean freemail-us, freemail-de, `,
		"carrier":                          `no preset "carrier": did you mean jp-carrier?`,
		"":                                 `no preset "": there are jp-carrier, jp-isp, `,
		"x":                                `no preset "x": there are jp-carrier, `,
		"nothing\x1b":                      `no preset "nothing\x1b": there are jp-carrier, `,
		strings.Repeat("jp-carrier", 1000): `: there are jp-carrier, `,
	} {
		p, err := list.FindPreset(asked)
		if err == nil || !strings.Contains(err.Error(), want) || p.Name != "" {
			t.Errorf("%.40q: %v, %.200v; want %s", asked, p.Name, err, want)
		}
	}
}
