package starttls

import "time"

// Time. RFC 5321 4.5.3.2 gives a server minutes for each reply because mail is at stake; here none is.
const (
	defaultTimeout      = 30 * time.Second  // one stage: a busy server answers EHLO within it, and so does its DNS
	defaultGreetTimeout = 40 * time.Second  // greet pauses of up to 30 s are in use against senders that speak first
	defaultHostTimeout  = 120 * time.Second // the whole session, however lively it is
	quitTimeout         = 2 * time.Second   // to hand six octets to the kernel; only a full send buffer takes any time
)

// Octets. A line of ours is below 512 (RFC 5321 4.5.3.1.5), real EHLO replies are below 1 KiB and 40 lines.
const (
	maxLine     = 2048      // with its line end; also the size of the read buffer
	maxLines    = 100       // of one reply
	maxReplies  = 64 * 1024 // of all replies of a session together
	maxInjected = 512       // kept of what stood behind the 220: enough to see what it was
	maxText     = 300       // of a reply quoted in Error.Text; the whole reply stands in the dialogue
)
