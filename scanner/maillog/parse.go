package maillog

import "bytes"

// Parse tells what a line says; it reports whether that is anything. Postfix's daemons are known by what follows the last
// slash of the program, whatever its syslog_name. The line must stay as it is while e is used.
func Parse(l *Line, e *Event) bool {
	*e = Event{}
	slash := bytes.LastIndexByte(l.Program, '/')
	if slash >= 0 {
		return parsePostfix(l.Program[slash+1:], l.Text, e)
	}
	switch string(l.Program) {
	case "exim", "exim4":
		text := l.Text
		if len(text) > 20 && text[4] == '-' && text[10] == ' ' { // its own stamp behind syslog's
			text = text[20:]
		}
		return parseExim(text, e)
	case "sendmail", "sm-mta", "sm-msp-queue":
		return parseSendmail(l.Text, e)
	case "qmail", "qmail-send":
		return parseQmail(l.Text, e)
	}
	return false
}
