# SPDX-License-Identifier: GPL-2.0-or-later

# All eight groups of an IPv6 address with four digits each.
function expand(address,    part, n, i, groups, missing, text) {
	if (index(address, ":") == 0)
		return address
	n = split(address, part, ":")
	missing = 8 - n + (part[1] == "") + (part[n] == "")
	for (i = 1; i <= n; i++) {
		if (part[i] == "" && (i == 1 || i == n))
			continue
		if (part[i] == "") {
			for (; missing >= 0; missing--)
				text = text ":0000"
			continue
		}
		text = text ":" substr("0000" part[i], length(part[i]) + 1)
	}
	return substr(text, 2)
}
