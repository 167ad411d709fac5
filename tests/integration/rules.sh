#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 180
# The example rules of fwlog-rules(5) and docs/alerts.md: each is loaded without a warning,
# raises its alert with events that fit and none with events that are just short of it; what
# the page says is refused is refused for that reason.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
need_programs fwlogctl python3

cat >"$T/examples.py" <<'END'
"""examples.py ROOT FOLDER: each example is FOLDER/NUMBER.yml with NUMBER.yes, NUMBER.no and
NUMBER.expect (alerts), or NUMBER.refused with the reason; overrides.yml and vars.yml."""
import datetime, json, re, sys
root, folder = sys.argv[1:]

def event(at=0, **fields):
    when = datetime.datetime(2026, 11, 23, 12) + datetime.timedelta(seconds=at)
    return dict({"time": when.isoformat(timespec="microseconds") + "Z", "host": "fw1",
        "prefix": "drop in", "src_ip": "203.0.113.7", "dst_ip": "198.51.100.1",
        "protocol": "tcp", "src_port": 40000, "dst_port": 22, "tcp_flags": "SYN",
        "length": 60, "hook": "input"}, **fields)

def scans(hosts, ports):
    return [event(h * 61 + p / 10, dst_ip=f"198.51.100.{h + 1}", dst_port=p + 1)
        for h in range(hosts) for p in range(ports)]

# By the first id of an example: alerts, events that raise them, events that raise none.
man, doc = "4b1d3b0a-64cb-4d7a-9e05-1f4a6a6a9b", "7c3c4a4e-1f0b-4a58-9d7e-3c52a3f4b0"
into = dict(in_iface="wan0", dst_ip="198.51.100.1")
out = dict(out_iface="wan0", hook="forward", src_ip="198.51.100.1", dst_ip="203.0.113.99")
night = dict(protocol="udp", dst_port=51820, tcp_flags=None)
ping = dict(protocol="icmp", icmp_type=8, src_port=None, dst_port=None, tcp_flags=None)
cases = {
    man + "01": (2, [event(), event(1), event(src_ip="2001:db8:2::1", dst_ip="2001:db8::1",
            dst_port=3389)],
        [event(src_ip="10.1.2.3"), event(src_ip="2001:db8:1::9", dst_ip="2001:db8::1"),
            event(tcp_flags="SYN,ACK"), event(dst_port=23)]),
    man + "02": (1, [event(i * 300 / 19, src_ip=f"203.0.113.{i}") for i in range(20)],
        [event(i * 300 / 19) for i in range(19)] + [event(300.000001)] +
        [event(i, src_ip="192.0.2.200") for i in range(50)] +
        [event(i, prefix="accept") for i in range(50)]),
    doc + "10": (2, [event(dst_ip="198.51.100.11", dst_port=5432), event(1, host="fw2",
            dst_ip="198.51.100.10", dst_port=5439),
            event(2, src_ip="203.0.113.8", dst_ip="198.51.100.10", dst_port=5433)],
        [event(dst_ip="198.51.100.12", dst_port=5432),
            event(dst_ip="198.51.100.10", dst_port=5440)]),
    doc + "20": (2, [event(10 * 3600, **night), event(12 * 3600, src_ip="203.0.113.9", **night)],
        [event(**night), event(17 * 3600, **night),
            event(11 * 3600, **dict(night, src_ip="192.0.2.9"))]),
    doc + "30": (1, [event(i * 37.5, dst_port=i + 1) for i in range(25)],
        [event(i, dst_port=1 + i % 24) for i in range(100)] +
        [event(i, dst_port=i + 1, prefix="dropped") for i in range(25)]),
    doc + "40": (1, [event(0, **into), event(60, **out)],
        [event(0, **out), event(1, **into), event(61.000001, **out)]),
    doc + "50": (1, scans(5, 10), scans(4, 10) + [event(400 + e, dst_ip="198.51.100.9",
        dst_port=e + 1) for e in range(9)]),
    doc + "60": (1, [event(i / 20, length=1000, **ping) for i in range(1000)],
        [event(i / 20, length=1000, **ping) for i in range(999)]),
}

def blocks():
    text = open(root + "/docs/man/fwlog-rules.5").read()
    for b in re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed$", text, re.S | re.M):
        yield b.replace("\\e", "\\")
    text = open(root + "/docs/alerts.md").read()
    yield from re.findall(r"^```yaml\n(.*?)^```$", text, re.S | re.M)

def write(name, text):
    with open(f"{folder}/{name}", "w") as f:
        f.write(text)

number = 0
for block in blocks():
    if block.startswith(("# overrides\n", "# vars\n")):
        write(block[2:].split("\n")[0] + ".yml", block)
        continue
    number += 1
    write(f"{number}.yml", block)
    if block.startswith("# refused: "):
        write(f"{number}.refused", block[11:].split("\n")[0])
        continue
    name = re.search(r"^id: (\S+)", block, re.M).group(1)
    if name not in cases:
        print(f"not ok example {name}: no events for it")
        continue
    expect, yes, no = cases.pop(name)
    write(f"{number}.expect", str(expect))
    for kind, events in ("yes", yes), ("no", no):
        events.sort(key=lambda e: e["time"])
        write(f"{number}.{kind}", "".join(json.dumps(dict(e, n=i + 1)) + "\n"
            for i, e in enumerate(events)))
for name in cases:
    print(f"not ok events of {name}: there is no such example")
END
mkdir "$T/examples"
python3 "$T/examples.py" "$ROOT" "$T/examples" || not_ok "the examples are found"
at_least "examples" "$(find "$T/examples" -name '*.expect' | wc -l)" 8
at_least "examples of what is refused" "$(find "$T/examples" -name '*.refused' | wc -l)" 2

# options EXAMPLE: what comes with it; overrides of a rule that is not there are an error.
options()
{
	local id
	OPTIONS=()
	id=$(sed -n 's/^\([0-9a-f-]*\):$/\1/p' "$T/examples/overrides.yml")
	grep -q "^id: $id" "$1" || return 0
	OPTIONS=(--overrides "$T/examples/overrides.yml" --vars "$T/examples/vars.yml")
}

# tested EXAMPLE EVENTS N
tested()
{
	"$BIN/fwlogctl" rule test "$1" ${OPTIONS[@]+"${OPTIONS[@]}"} --events "$2" --expect "$3" \
		>"$T/out" 2>&1
	is "$NAME: $(wc -l <"$2") events, alerts: $3" "$?" 0
	[ ! -s "$T/out" ] || sed 's/^/# /' "$T/out"
}

for rule in "$T"/examples/[0-9]*.yml; do
	at=${rule%.yml}
	NAME=$(sed -n 's/^title: //p' "$rule" | tail -n 1)
	options "$rule"
	"$BIN/fwlogctl" rule lint "$rule" ${OPTIONS[@]+"${OPTIONS[@]}"} >"$T/out" 2>&1
	status=$?
	if [ -e "$at.refused" ]; then
		is "$NAME: refused" "$status" 1
		check "$NAME: for the reason the page says" grep -qF "$(cat "$at.refused")" "$T/out"
		continue
	fi
	is "$NAME: loaded" "$status" 0
	check "$NAME: without a warning" test -z "$(grep -i 'warning' "$T/out")"
	[ -e "$at.expect" ] || continue
	tested "$rule" "$at.yes" "$(cat "$at.expect")"
	tested "$rule" "$at.no" 0
done
is "the overrides are in force" "$("$BIN/fwlogctl" rule test "$T"/examples/*.yml \
	--overrides "$T/examples/overrides.yml" --vars "$T/examples/vars.yml" --json \
	--events "$(grep -lF 198.51.100.11 "$T"/examples/*.yes | head -n 1)" 2>/dev/null |
	grep -o '"level":"high"' | sort -u)" '"level":"high"'
finish
