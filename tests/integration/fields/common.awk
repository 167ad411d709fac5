# SPDX-License-Identifier: GPL-2.0-or-later
# Brings lines of fwlog (side=fwlog: kernel text) and of ulogd2's LOGEMU (side=ulogd) to what
# both say. Where ulogd2 2.0.8 deviates from the kernel's format it is adapted here:
#   - a space behind the prefix, TOS without 0x, MARK=0x0 instead of none, an empty MAC for
#     packets without an input interface, SEQ and ACK always, no space behind INCOMPLETE and
#     no number of bytes, IPv6 addresses shortened, "FRAG: 0 ID: 1"
#   - neither RES, CWR, ECE, SPI, GATEWAY, MTU, PARAMETER, POINTER, PHYSIN, PHYSOUT, the
#     embedded packet nor ARP (tcpdump.awk and the script look at those); URGP only with URG;
#     AH and ESP as INCOMPLETE; SCTP by name and with ports
#   - bytes of a later fragment as ports; ID=0 SEQ=0 for ICMP types that have none

# remove(PATTERN): from the line
function remove(pattern) {
	gsub(pattern, "")
}

# Puts the expanded address behind KEY.
function expand_field(key,    at, rest, address) {
	at = index($0, " " key)
	if (at == 0)
		return
	rest = substr($0, at + 1 + length(key))
	address = rest
	sub(/ .*/, "", address)
	$0 = substr($0, 1, at + length(key)) expand(address) substr(rest, length(address) + 1)
}

side == "fwlog" {
	sub(/^[^ ]+ [^ ]+ kernel: /, "")
	remove("\\[SRC=.*\\] ")
	gsub(/INCOMPLETE \[[0-9]+ bytes\]/, "INCOMPLETE")
	sub(/INCOMPLETE ID:/, "ID:")
	remove("(RES=0x[0-9a-f]+|AE|CWR|ECE) ")
	remove("(SPI|GATEWAY|MTU|PARAMETER|POINTER|PHYSIN|PHYSOUT)=[^ ]+ ")
}

side == "ulogd" {
	sub(/^... .. ..:..:.. [^ ]+ /, "")
	sub(/  IN=/, " IN=")
	sub(/ TOS=/, " TOS=0x")
	sub(/ MAC= /, " ")
	sub(/INCOMPLETE/, "INCOMPLETE ")
	sub(/INCOMPLETE  /, "INCOMPLETE ")
	sub(/FRAG: /, "FRAG:")
	sub(/ID: /, "ID:")
	remove("SEQ=[0-9]+ ACK=[0-9]+ ")
	remove("MARK=0x0 ")
	if (/PROTO=(AH|ESP) /)
		remove("INCOMPLETE ")
	if (/PROTO=SCTP /) {
		remove("[SD]PT=[0-9]+ ")
		sub(/SCTP/, "132")
	}
	if (/ FRAG:[1-9]/) {
		remove("([SD]PT=[0-9]+|INCOMPLETE) ")
		sub(/PROTO=UDP LEN=[0-9]+/, "PROTO=UDP")
	}
	if (/PROTO=ICMP TYPE=/ && !/TYPE=[08] /)
		remove("ID=0 SEQ=0 ")
	expand_field("SRC=")
	expand_field("DST=")
}

# ulogd2 says nothing right of ARP but where it came in.
/ ARP HTYPE=/ || /:08:06 / {
	sub(/(ARP HTYPE| MAC=).*/, "")
	$0 = $0 " ARP"
}

{
	if (!/ URG /)
		remove("URGP=[0-9]+ ")
	gsub(/ +/, " ")
	sub(/ $/, "")
	print
}
