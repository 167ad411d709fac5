# SPDX-License-Identifier: GPL-2.0-or-later
# A port scan of the site's web server, the alert it must raise, and a webhook that is told.
# Needs tests/lib/{common,pg,net,fleet}.sh and site.sh.

SCANNER=192.0.2.200                               # scans nothing else
SCAN_PORTS=40                                     # fewer than a slow scan is made of
SCAN_RULE=8940f969-e1bb-4931-b939-57a2f6c147ae    # vertical port scan from outside
SCAN_LIMIT_MS=5000                                # from the scan's begin to the webhook
HOOK_PORT=8099                                    # in the collector's namespace
SCAN_START=

# Lines of the collector's configuration; the argument is where the page is.
scan_config()
{
	printf '%s\n' "alerts = yes" "rules = $ROOT/packaging/sigma" "[action demo]" \
		"type = webhook" "url = http://127.0.0.1:$HOOK_PORT/" "rules = $SCAN_RULE" \
		"resolved = no" "page = ${1%/}"
}

scan_hook_start()
{
	local ON
	need_programs python3
	in_host coll
	: >"$T/hook"
	spawn hook "${ON[@]}" "${WITH_PARENT[@]}" python3 "$ROOT/tests/demo/hook.py" \
		"$HOOK_PORT" "$T/hook"
	net_addr out to-web $SCANNER/24
}

scan_rules_evaluated()
{
	grep -q 'alert rules are evaluated' "$T/log/collector.log"
}

# All ports at once; by pktgen where there is no nmap.
scan_begin()
{
	local ON
	in_host out
	SCAN_START=$(now_ms)
	if command -v nmap >/dev/null; then
		SCAN_TOOL=nmap
		spawn scan "${ON[@]}" "${WITH_PARENT[@]}" nmap -n -Pn -sS -T4 --max-retries 0 \
			--min-parallelism $SCAN_PORTS -e to-web -S $SCANNER -p 1-$SCAN_PORTS "$WEB"
	else
		SCAN_TOOL=pktgen
		spawn scan "${ON[@]}" "${WITH_PARENT[@]}" "$BIN/pktgen" -n $SCAN_PORTS -r 200 \
			-p 1-$SCAN_PORTS -s 8 -i $((9 << 40)) -f $SCANNER "$WEB"
	fi
}

# scan_posted FIELD: of what the webhook got about the scan, a line for each document.
scan_posted()
{
	python3 - "$T/hook" $SCANNER "$1" <<-'END'
	import json, sys
	path, scanner, field = sys.argv[1:]
	for line in open(path):
	    document = json.loads(line)
	    if document.get("group", {}).get("src_ip") == scanner:
	        value = document[field]
	        print(int(value * 1000) if field == "received" else value)
	END
}

scan_is_told()
{
	[ -n "$(scan_posted link)" ]
}

scan_alerts()
{
	sql "SELECT alert_id, level, title, fwlog.group_text(fields), events FROM fwlog.alert
		WHERE rule_id = '$SCAN_RULE' AND fields->>'src_ip' = '$SCANNER'"
}

# Says what came of the scan.
scan_report()
{
	local link took
	if ! scan_is_told; then
		not_ok "the webhook was not told of the port scan: $(scan_alerts)"
		return 0
	fi
	link=$(scan_posted link | head -n 1)
	took=$(($(scan_posted received | head -n 1) - SCAN_START))
	say "port scan of $SCAN_PORTS ports by $SCAN_TOOL from $SCANNER: the webhook was told after $took ms"
	say "  SELECT alert_id, level, title, \"group\", events FROM fwlog.alert: $(scan_alerts)"
	say "  page:         $link"
	[ "$took" -le $SCAN_LIMIT_MS ] || not_ok "it took more than $SCAN_LIMIT_MS ms"
	[ "$(scan_posted delivery | wc -l)" -eq 1 ] || not_ok "the webhook was told more than once"
	[ "$(scan_alerts | wc -l)" -eq 1 ] || not_ok "it is not one alert"
	curl -sf --max-time 10 --noproxy '*' "$link" | grep -qF $SCANNER ||
		not_ok "the page does not show the alert"
}
