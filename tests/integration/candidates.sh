#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120
# What alert rules look at in the database, against all of it: a rule by itself reads only
# what its SQL selects, beside a rule that wants every event it sees all. It must find the
# same, for generated rules over events of every shape; and rule convert.
# shellcheck source-path=SCRIPTDIR
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/common.sh"
. "$here/../lib/pg.sh"
. "$here/../lib/fleet.sh"
need_programs fwlogctl filter-equiv python3
pg_start --fast
db_init

RULES=80
EVENTS=1000
"$BIN/filter-equiv" "$(pg_dsn postgres)" 1 $EVENTS 41 >"$T/log/events.log" 2>&1 ||
	die "events of every shape cannot be made"
sql "INSERT INTO fwlog.list (name, kind) VALUES ('nets', 'address');
	SELECT fwlog.list_put(list_id, v) FROM fwlog.list,
	unnest('{10.0.0.0/24,2001:db8::/48,8.8.8.8}'::text[]) v" >/dev/null

cat >"$T/generate.py" <<'END'
"""generate.py SEED RULES FOLDER: rules with all fields and modifiers, a file each."""
import json, random, sys
seed, rules, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
r = random.Random(seed)
addresses = ["10.0.0.1", "10.1.2.3", "2001:db8::1", "fe80::1", "8.8.8.8", "::1", "203.0.113.7"]
nets = ["10.0.0.0/8", "192.168.0.0/16", "2001:db8::/32", "fe80::/10", "0.0.0.0/0", "::/0"]
texts = ["drop", "DROP ", "input*", "a\\*b", "a?b", "*o*", "café", "back\\slash", "eth0", "eth?",
    "web1", "blue", "(parens)", "x,y", "fw-in-0001", "ETH0", "~^{}$#", "@name", "50% off"]
res = ["^in", "(?i)drop", "[0-9]+$", "a.*b", "(a|b)+$", "\\s$", "o", "^$", "\\\\"]
numbers = [0, 1, 2, 6, 17, 22, 53, 58, 80, 128, 255, 443, 1024, 8080, 65535]
small = [n for n in numbers if n < 256]

def some(values, most=3):
    v = [r.choice(values) for _ in range(r.randint(1, most))]
    return v[0] if len(v) == 1 else v

def item():
    kind = r.randrange(12)
    if kind == 0:
        return r.choice(["src_ip", "dst_ip", "ip", "inner_src"]), some(addresses)
    if kind == 1:
        return r.choice(["src_ip|cidr", "dst_ip|cidr", "inner_dst|cidr"]), some(nets)
    if kind == 2:
        return r.choice(["dst_port", "src_port", "port", "length", "inner_dport"]), some(numbers)
    if kind == 3:
        field = r.choice(["dst_port", "length", "ttl", "tos", "icmp_type"])
        return field + "|" + r.choice(["gt", "gte", "lt", "lte"]), r.choice(small)
    if kind == 4:
        field = r.choice(["log_prefix", "in_iface", "out_iface", "host", "netns", "physin", "if"])
        how = r.choice(["", "|contains", "|startswith", "|endswith", "|cased",
            "|contains|all", "|startswith|cased"])
        return field + how, some(texts)
    if kind == 5:
        return r.choice(["log_prefix", "in_iface", "host"]) + r.choice(["|re", "|re|i"]), some(res, 2)
    if kind == 6:
        return "action", some(["accept", "drop", "reject", "unknown"], 2)
    if kind == 7:
        return r.choice(["src_ip", "dst_port", "log_prefix", "src_mac", "mark", "icmp_type"]) \
            + "|exists", r.random() < .5
    if kind == 8:
        return r.choice([("src_ip|fieldref", "dst_ip"), ("src_port|fieldref", "dst_port"),
            ("in_iface|fieldref", "out_iface"), ("src_mac|fieldref", "dst_mac")])
    if kind == 9:
        return "timestamp|" + r.choice(["hour", "minute", "day", "month"]) \
            + r.choice(["", "|gte", "|lt"]), r.choice([1, 5, 8, 11])
    if kind == 10:
        return r.choice([("protocol", some(["tcp", "udp", "icmp", "ipv6-icmp"])),
            ("tcp_flags", some(["SYN", "SYN+ACK", "FIN"])), ("ct_state", "new"),
            ("family", some(["ipv4", "ipv6", "arp"])), ("hook", some(["input", "forward"])),
            ("src_ip|expand", "%nets%"), ("dst_port", None), ("src_ip", None)])
    return r.choice(["ttl|neq", "dst_port|neq", "vlan_id|neq", "tos|neq"]), r.choice(small)

def expression(names, depth=2):
    if depth == 0 or r.random() < .3:
        word = r.choice(names)
    else:
        word = "(%s %s %s)" % (expression(names, depth - 1), r.choice(["and", "or"]),
            expression(names, depth - 1))
    return "not " + word if r.random() < .25 else word

for i in range(rules):
    names = ["sel%d" % k for k in range(r.randint(1, 3))]
    detection = {name: dict(item() for _ in range(r.randint(1, 2))) for name in names}
    detection["condition"] = expression(names)
    with open("%s/%03d.yml" % (folder, i), "w") as f:
        # JSON is YAML.
        json.dump({"title": "Rule %d" % i, "id": "r%03d" % i, "level": "low",
            "logsource": {"category": "firewall"}, "detection": detection}, f)
END
mkdir "$T/rules"
python3 "$T/generate.py" 20261123 $RULES "$T/rules" || die "rules cannot be made"
cat >"$T/everything.yml" <<'END'
title: Everything
id: everything
logsource: {category: firewall}
detection:
    sel: {dst_port: 1}
    condition: sel or not sel
END
test_rules()
{
	"$BIN/fwlogctl" rule test "$@" --from 2000-01-01 --json --db "$(pg_dsn fwlog_report)"
}

# ---- every rule at once, with all events; then each by itself
test_rules "$T/rules" "$T/everything.yml" >"$T/all.json" 2>"$T/log/all.log"
at_least "rules loaded, of $RULES" "$(python3 -c 'import json, sys
print(len(json.load(open(sys.argv[1]))["rules"]) - 1)' "$T/all.json")" $((RULES * 8 / 10))
is "all events are looked at" "$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["events"])' "$T/all.json")" $EVENTS
for f in "$T"/rules/*.yml; do
	test_rules "$f" >"${f%.yml}.json" 2>>"$T/log/single.log"
done
cat >"$T/compare.py" <<'END'
import glob, json, sys
def found(path):
    try:
        a = json.load(open(path))
    except ValueError:
        return None, {}, {}
    lists = {}
    for x in a["list"]:
        lists.setdefault(x["rule_id"], []).append(json.dumps([x["fields"], x["first_ts"], x["amount"]]))
    return a["events"], {x["rule_id"]: x["matched"] for x in a["rules"]}, lists
events, matched, lists = found(sys.argv[1])
narrow = some = differ = 0
for path in sorted(glob.glob(sys.argv[2] + "/*.json")):
    rule = "r" + path[-8:-5]
    if rule not in matched:
        continue
    read, single, single_lists = found(path)
    if read is None or single.get(rule) != matched[rule] \
            or sorted(single_lists.get(rule, [])) != sorted(lists.get(rule, [])):
        differ += 1
        print("# %s: %s of %s events by itself, %s among all" % (open(path[:-4] + "yml").read(),
            single.get(rule), read, matched[rule]), file=sys.stderr)
        continue
    narrow += read < events
    some += 0 < matched[rule] < events
print(differ, narrow, some)
END
read -r differ narrow some <<<"$(python3 "$T/compare.py" "$T/all.json" "$T/rules")"
is "a rule by itself finds what it finds among all events" "$differ" 0
at_least "rules for which less was read" "$narrow" $((RULES / 2))
at_least "rules that select some events, not all" "$some" $((RULES / 3))

# ---- rule convert
cat >"$T/old.yml" <<'END'
title: Old
id: 3c0d1d52-6d0f-4d50-b5dd-0f5d3f1c7a01
logsource: {category: firewall}
detection:
    sel: {action: drop}
    timeframe: 5m
    condition: sel | count(dst_port) by src_ip > 20
END
cp "$T/old.yml" "$T/was.yml"
"$BIN/fwlogctl" rule lint "$T/old.yml" >"$T/out" 2>&1
check "an old aggregation is refused, rule convert named" grep -q 'rule convert' "$T/out"
"$BIN/fwlogctl" rule convert "$T/old.yml" >"$T/new.yml" 2>"$T/err"
is "rule convert" $? 0
check "its input is as it was" cmp -s "$T/old.yml" "$T/was.yml"
"$BIN/fwlogctl" rule lint "$T/new.yml" >"$T/out" 2>&1
is "what comes out is loaded" "$?|$(grep -c '2 loaded, 0 not applicable, 0 refused' "$T/out")" "0|1"
check "as a correlation" grep -q 'value_count' "$T/new.yml"
"$BIN/fwlogctl" rule convert "$T/new.yml" >"$T/again.yml" 2>&1
check "converting that changes nothing" cmp -s "$T/new.yml" "$T/again.yml"
printf 'title: [\n' >"$T/bad.yml"
"$BIN/fwlogctl" rule convert "$T/bad.yml" >"$T/out" 2>"$T/err"
is "what is no YAML fails, with the file's name" "$?|$(grep -c 'bad.yml' "$T/err")" "1|1"
"$BIN/fwlogctl" rule convert "$T/none.yml" >"$T/out" 2>"$T/err"
is "and so does a file that is none" "$?|$(grep -c 'none.yml' "$T/err")" "1|1"
finish
