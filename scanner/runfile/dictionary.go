package runfile

// What a writer keeps in mind of what it wrote, in octets that it takes a reader, who holds the things themselves and
// is to stay below 250 MiB whatever the run, with the collector at rest: see tuneMemory of the command.
const (
	keptHosts        = 16 << 20 // they hold on to their sessions
	keptSessions     = 32 << 20
	keptCertificates = 32 << 20

	// held is what a reader takes for one of a kind beside the octets of its line.
	held = 1 << 10
)

// dictionary remembers what was written, the oldest forgotten first beyond the limit, after a second chance for what
// was wanted meanwhile.
type dictionary[K comparable] struct {
	limit   int
	octets  int
	entries map[K]*entry
	order   []K
}

type entry struct {
	number uint64
	octets int
	wanted bool
}

func newDictionary[K comparable](limit int) *dictionary[K] {
	return &dictionary[K]{limit: limit, entries: map[K]*entry{}}
}

// number is that of a key that is known.
func (d *dictionary[K]) number(k K) (number uint64, known bool) {
	e, known := d.entries[k]
	if !known {
		return 0, false
	}
	e.wanted = true
	return e.number, true
}

func (d *dictionary[K]) add(k K, number uint64, octets int) {
	d.entries[k] = &entry{number: number, octets: octets}
	d.order = append(d.order, k)
	d.octets += octets
}

// shrink forgets what is beyond the limit and says what.
func (d *dictionary[K]) shrink() (keys []K, numbers []uint64) {
	for d.octets > d.limit && len(d.order) > 0 {
		k := d.order[0]
		d.order = d.order[1:]
		e := d.entries[k]
		if e.wanted {
			e.wanted = false
			d.order = append(d.order, k)
			continue
		}
		d.octets -= e.octets
		delete(d.entries, k)
		keys, numbers = append(keys, k), append(numbers, e.number)
	}
	return keys, numbers
}
