# SPDX-License-Identifier: GPL-2.0-or-later
# Brings lines of fwlog (side=fwlog: kernel text) and of "tcpdump -nn -v" (side=tcpdump) to
# one line a packet of IPv4 or IPv6: header fields, addresses and ports, TCP flags, and for
# ICMP errors of IPv4 the packet they quote. The kernel's text has ports for TCP and UDP alone.

function has_ports(proto) {
	return proto == 6 || proto == 17 || proto == "TCP" || proto == "UDP"
}

# ---- fwlog

# The value behind " KEY" in text, "" when there is none.
function field(text, key,    at) {
	at = index(" " text, " " key)
	if (at == 0)
		return ""
	text = substr(text, at + length(key))
	sub(/ .*/, "", text)
	return text
}

function hex_value(text,    i, v) {
	text = tolower(substr(text, 3))
	for (i = 1; i <= length(text); i++)
		v = v * 16 + index("0123456789abcdef", substr(text, i, 1)) - 1
	return v + 0
}

function number_of(proto) {
	if (proto == "TCP") return 6
	if (proto == "UDP") return 17
	if (proto == "ICMP") return 1
	if (proto == "AH") return 51
	if (proto == "ESP") return 50
	return proto
}

# "A > B", with ports where there are some.
function our_ends(text,    s, d) {
	s = field(text, "SRC=")
	d = field(text, "DST=")
	if (field(text, "SPT=") == "")
		return s " > " d
	return s "." field(text, "SPT=") " > " d "." field(text, "DPT=")
}

function our_flags(text,    i, names, letters, n, out) {
	if (field(text, "WINDOW=") == "")
		return "-"
	n = split("FIN SYN RST PSH ACK URG ECE CWR", names, " ")
	letters = "FSRP.UEW"
	for (i = 1; i <= n; i++)
		if (index(text, " " names[i] " "))
			out = out substr(letters, i, 1)
	return out
}

function ip_flags(text) {
	return (index(text, " MF ") ? "+" : "") (index(text, " DF ") ? "DF" : "")
}

side == "fwlog" && / ARP HTYPE=/ { next }

side == "fwlog" {
	sub(/^[^ ]+ [^ ]+ kernel: /, "")
	inner = ""
	if (match($0, /\[SRC=.*\] /)) {
		inner = substr($0, RSTART + 1, RLENGTH - 3)
		$0 = substr($0, 1, RSTART - 1) substr($0, RSTART + RLENGTH)
	}
}

side == "fwlog" && / HOPLIMIT=/ {
	printf "6 class=%d label=%d hlim=%d len=%d %s %s\n", field($0, "TC="),
		field($0, "FLOWLBL="), field($0, "HOPLIMIT="), field($0, "LEN=") - 40,
		our_ends($0), our_flags($0)
	next
}

side == "fwlog" {
	printf "4 tos=%d ttl=%d id=%d offset=%d flags=%s proto=%d len=%d %s %s %s\n",
		hex_value(field($0, "TOS=")) + hex_value(field($0, "PREC=")), field($0, "TTL="),
		field($0, "ID="), field($0, "FRAG:") * 8, ip_flags($0),
		number_of(field($0, "PROTO=")), field($0, "LEN="), our_ends($0), our_flags($0),
		inner == "" ? "-" : our_ends(inner)
	next
}

# ---- tcpdump; a packet goes from one line that begins with a time to the next

# The value behind KEY up to one of " ,)".
function value(text, key,    at) {
	at = index(text, key)
	if (at == 0)
		return ""
	text = substr(text, at + length(key))
	sub(/[ ,)].*/, "", text)
	return text
}

# The port stands behind the last dot.
function with_groups(address,    port) {
	if (index(address, ":") == 0)
		return address
	if (match(address, /\.[0-9]+$/)) {
		port = substr(address, RSTART)
		address = substr(address, 1, RSTART - 1)
	}
	return expand(address) port
}

# "A > B: …" at the begin of text.
function their_ends(text, proto, family,    word, ports) {
	sub(/^ +/, "", text)
	split(text, word, " ")
	sub(/:$/, "", word[3])
	# Behind extension headers the ports follow later, alone.
	if (family == 6 && match(text, / [0-9]+ > [0-9]+:/)) {
		split(substr(text, RSTART, RLENGTH - 1), ports, " ")
		word[1] = word[1] "." ports[1]
		word[3] = word[3] "." ports[3]
	}
	if (!has_ports(proto) || index(text, "[|tcp]")) {
		if (family == 4) {
			sub(/^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/, "&@", word[1])
			sub(/^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+/, "&@", word[3])
		}
		sub(/@.*/, "", word[1])
		sub(/@.*/, "", word[3])
	}
	return with_groups(word[1]) " > " with_groups(word[3])
}

function their_flags(text) {
	if (!match(text, /Flags \[[^]]*\]/))
		return "-"
	return substr(text, RSTART + 7, RLENGTH - 8)
}

function header_proto(text) {
	return match(text, /proto [^(]*\([0-9]+\)/) ? value(substr(text, RSTART), "(") : ""
}

function their_ip_flags(text) {
	text = substr(text, index(text, "flags [") + 7)
	sub(/\].*/, "", text)
	gsub(/none|,| /, "", text)
	return text
}

function finish_packet(    proto, quoted, tos) {
	if (family == 4) {
		proto = header_proto(header)
		quoted = "-"
		if (proto == 1 && inner_ends != "" && index(body, "parameter problem") == 0)
			quoted = their_ends(inner_ends, header_proto(inner_header), 4)
		tos = hex_value(value(header, "tos "))
		printf "4 tos=%d ttl=%d id=%d offset=%d flags=%s proto=%d len=%d %s %s %s\n", tos,
			value(header, "ttl "), value(header, " id "), value(header, "offset "),
			their_ip_flags(header), proto, value(header, "length "),
			their_ends(body, proto, 4), proto == 6 ? their_flags(body) : "-", quoted
	} else if (family == 6) {
		body = header
		sub(/^[^(]*\([^)]*\([0-9]+\) payload length: [0-9]+\) /, "", body)
		printf "6 class=%d label=%d hlim=%d len=%d %s %s\n", hex_value(value(header, "class ")),
			hex_value(value(header, "flowlabel ")), value(header, "hlim "),
			value(header, "payload length: "), their_ends(body, "UDP", 6),
			their_flags(body)
	}
	family = 0
}

side == "tcpdump" && /^[0-9][0-9]:/ {
	finish_packet()
	header = $0
	body = inner_header = inner_ends = ""
	family = $2 == "IP" ? 4 : $2 == "IP6" ? 6 : 0
	next
}

side == "tcpdump" && /^\tIP / { inner_header = $0; next }
side == "tcpdump" && body == "" { body = $0; next }
side == "tcpdump" && inner_header != "" && inner_ends == "" { inner_ends = $0 }

END { finish_packet() }
