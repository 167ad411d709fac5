#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 120 120 600
# While records come, each role of the database tries what it must not, over the connection
# its program uses: every verb on every relation, DDL, files, programs, other roles, names
# that shadow the schema's. All of it is refused, and not a record is the worse for it.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "$0")/lib.sh"

ROUNDS=$(by_form 1 10 100)
RATE=$(by_form 1000 2000 2000)
ROLES=(ingest report web admin)

# What is not refused, as ROLE VERB RELATION patterns (partitions are called event_pDAY).
# Beyond that list: ingest may add to what is its own and never take away; report reads
# views and what a filter is looked up in; web reads nothing; admin reads all and clears the quarantine.
ALLOWED='
ingest INSERT event
ingest SELECT (host|host_mark|stream|host_status|dict_.*|loss|quarantine|schema_version|agent_key|rule_count|filter.*)
ingest SELECT (rollup_(minute|hour)|rollup_hour_(port|src|dst|distinct)|prefix_timeline|list|list_entry)
ingest INSERT (stream|host_status|loss|quarantine|rule_count|filter_applied|filtered_minute|rollup_(minute|hour)|rollup_hour_(port|src|dst|distinct))
ingest (UPDATE|LOCK) (stream|host_status|host_mark|rule_count|filter_applied|filtered_minute|rollup_(minute|hour)|rollup_hour_(port|src|dst|distinct))
report SELECT .*(_full|_overview|_verdict|schema_version|filter_history|filter_host)
ingest SELECT import_(seen|secret)
ingest SELECT (rule_state|alert|alert_(digest|delivery|mark)|silence)
ingest INSERT (import|import_seen)
ingest (UPDATE|LOCK) import_seen
report SELECT (ulog|event|host|host_mark|dict_(iface|netns|prefix))
admin SELECT .*
admin (DELETE|LOCK) quarantine
admin INSERT list_entry
'

relations()
{
	sql "SELECT relname, CASE WHEN relkind = 'v' THEN 'view' ELSE 'table' END,
		(SELECT attname FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0
			AND NOT attisdropped ORDER BY attnum LIMIT 1)
		FROM pg_class c WHERE relnamespace = 'fwlog'::regnamespace
		AND relkind IN ('r', 'p', 'v') ORDER BY 1"
}

# The walls are rights: what a session may change by itself (read only) is changed first.
# try WHAT STATEMENT: a line WHAT on the error channel, then what the server says.
try()
{
	printf '\\warn %s\nBEGIN READ WRITE;\nSET LOCAL lock_timeout = 2000;\n%s;\nROLLBACK;\n' "$1" "$2"
}

verbs()
{
	local rel kind column
	while IFS='|' read -r rel kind column; do
		try "SELECT $rel" "SELECT 1 FROM fwlog.$rel LIMIT 0"
		try "INSERT $rel" "INSERT INTO fwlog.$rel DEFAULT VALUES"
		try "UPDATE $rel" "UPDATE fwlog.$rel SET $column = DEFAULT"
		try "DELETE $rel" "DELETE FROM fwlog.$rel"
		try "COPY $rel" "COPY fwlog.$rel TO '/tmp/fwlog-stolen'"
		try "DROP $rel" "DROP $kind fwlog.$rel CASCADE"
		try "OWN $rel" "ALTER $kind fwlog.$rel OWNER TO CURRENT_USER"
		try "GRANT $rel" "DO \$\$ BEGIN EXECUTE 'GRANT ALL ON fwlog.$rel TO PUBLIC';
			IF NOT has_table_privilege('public', 'fwlog.$rel', 'TRUNCATE') THEN
				RAISE insufficient_privilege; END IF; END \$\$"
		[ "$kind" = view ] || {
			try "TRUNCATE $rel" "TRUNCATE fwlog.$rel CASCADE"
			try "LOCK $rel" "LOCK TABLE fwlog.$rel IN ACCESS EXCLUSIVE MODE"
			try "TRIGGER $rel" "CREATE TRIGGER evil BEFORE INSERT ON fwlog.$rel
				FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
		}
	done <"$T/relations"
}

# Statements no role of ours may have done.
beyond()
{
	local r
	try "FILE read" "SELECT pg_read_file('/etc/passwd')"
	try "FILE list" "SELECT pg_ls_dir('/')"
	try "FILE copy" "CREATE TEMP TABLE t (x text); COPY t FROM '/etc/passwd'"
	try "FILE program" "CREATE TEMP TABLE t (x text); COPY t FROM PROGRAM 'id'"
	try "FILE large_object" "SELECT lo_import('/etc/passwd')"
	try "ROLE create" "CREATE ROLE evil LOGIN"
	try "ROLE superuser" "DO \$\$ BEGIN EXECUTE format('ALTER ROLE %I SUPERUSER', current_user); END \$\$"
	try "DATABASE create" "SELECT 1; COMMIT; CREATE DATABASE evil"
	try "DATABASE drop" "SELECT 1; COMMIT; DROP DATABASE fwlog"
	try "SYSTEM set" "COMMIT; ALTER SYSTEM SET fsync = off"
	try "SYSTEM reload" "SELECT pg_reload_conf()"
	try "SYSTEM replica" "SET session_replication_role = replica"
	try "SCHEMA create" "CREATE SCHEMA evil"
	try "SCHEMA table" "CREATE TABLE fwlog.evil (x int)"
	try "SCHEMA public" "CREATE TABLE public.evil (x int)"
	try "SCHEMA function" "CREATE FUNCTION fwlog.evil() RETURNS int LANGUAGE sql AS 'SELECT 1'"
	try "SCHEMA replace" "CREATE OR REPLACE FUNCTION fwlog.host_enter(name text) RETURNS integer
		LANGUAGE sql AS 'SELECT 1'"
	try "SCHEMA drop" "DROP SCHEMA fwlog CASCADE"
	try "SCHEMA language" "CREATE FUNCTION pg_temp.evil() RETURNS int LANGUAGE c AS 'libc', 'system'"
	try "EXTENSION create" "CREATE EXTENSION adminpack"
	try "SECRET psk" "SELECT psk FROM fwlog.agent_key"
	try "SECRET password" "SELECT * FROM pg_authid"
	try "BACKEND end" "SELECT pg_terminate_backend($PG_BACKEND)"
	for r in owner "${ROLES[@]}"; do
		[ "$r" = "$1" ] || try "BECOME $r" "SET ROLE fwlog_$r"
	done
	try "BECOME postgres" "SET SESSION AUTHORIZATION postgres"
}

# Functions that belong to one role alone.
functions()
{
	[ "$1" = web ] || {
		try "CALL web_token" "SELECT fwlog.web_token()"
		try "CALL view_save" "SELECT fwlog.view_save('evil', true, '/', '')"
	}
	try "CALL web_secret_make" "SELECT fwlog.web_secret_make()"
	[ "$1" = ingest ] || {
		try "CALL host_enter" "SELECT fwlog.host_enter('evil')"
		try "CALL prefix_enter" "SELECT fwlog.prefix_enter('evil')"
		try "CALL loss_merge" "SELECT fwlog.loss_merge(1, 1, 1, now(), now(), 'kernel', 1)"
		try "CALL alert_store" "SELECT fwlog.alert_store('[]')"
		try "CALL rules_loaded" "SELECT fwlog.rules_loaded('evil', '[]')"
	}
	[ "$1" = admin ] || {
		try "CALL key_new" "SELECT fwlog.key_new('evil', '\\x0102030405060708', '\\x', NULL)"
		try "CALL make_partition" "SELECT fwlog.make_partition('20010101')"
		try "CALL partition_drop" "SELECT fwlog.partition_drop('event_p20010101')"
		try "CALL alert_trim" "SELECT fwlog.alert_trim('100 years')"
		try "CALL rollup_trim" "SELECT fwlog.rollup_trim('100 years')"
		try "CALL filtered_trim" "SELECT fwlog.filtered_trim('100 years')"
		try "CALL quarantine_trim" "SELECT fwlog.quarantine_trim('100 years')"
	}
}

# refused ROLE FILE: reads what the server said; prints attempts that went through, WHAT.
went_through()
{
	awk '/^[A-Z]+ [a-z_0-9]+$/ { if (what != "" && !refused) print what; what = $0; refused = 0 }
		/ERROR:  *(42501|55000|25001|0A000)/ { refused = 1 }
		END { if (what != "" && !refused) print what }' "$1"
}

# attempt ROLE
attempt()
{
	local role=$1 extra
	{
		echo "SET default_transaction_read_only = off;"
		verbs
		beyond "$role"
		functions "$role"
	} >"$T/attempts"
	PGOPTIONS='' psql -X -q -A -t -v VERBOSITY=sqlstate -d "$(pg_dsn "fwlog_$role")" \
		-f "$T/attempts" >/dev/null 2>"$T/log/$role.log" || not_ok "$role: psql ended early"
	FAULTS=$((FAULTS + $(grep -c '^\\warn' "$T/attempts")))
	went_through <(sed 's/^psql:[^ ]* //' "$T/log/$role.log") >"$T/through"
	extra=$(grep -vxE "$(allowed "$role")" "$T/through" | tr '\n' ',')
	is "$role: what was not refused" "$extra" ""
}

# The patterns of one role as one; the secret of a key is the collector's to read.
allowed()
{
	awk -v role="$1" '$1 == role { s = s (s ? "|" : "") $2 " " $3 } END { print s }' <<<"$ALLOWED"
	[ "$1" != ingest ] || echo "SECRET psk"
}

# A function that runs as the owner must not be led to objects of the caller.
shadow()
{
	local id
	id=$(psql -X -q -A -t -d "$(pg_dsn fwlog_ingest)" 2>/dev/null <<-EOT | tail -n 1
		CREATE TEMP TABLE host (host_id int, name text);
		INSERT INTO host VALUES (666, 'shadow');
		CREATE FUNCTION pg_temp.octet_length(bytea) RETURNS int LANGUAGE sql AS 'SELECT 1/0';
		SET search_path = pg_temp, fwlog, pg_catalog;
		SELECT fwlog.host_enter('shadow');
		EOT
	)
	is "names that shadow the schema's are not looked at" \
		"$(sql "SELECT host_id FROM fwlog.host WHERE name = 'shadow'")" "${id:-none}"
	FAULTS=$((FAULTS + 1))
}

need_programs psql
torture_up fw1
relations >"$T/relations"
at_least "relations to try" "$(wc -l <"$T/relations")" 15
PG_BACKEND=$(sql "SELECT pid FROM pg_stat_activity WHERE usename = 'postgres' LIMIT 1")
for ((round = 0; round < ROUNDS; round++)); do
	for role in "${ROLES[@]}"; do
		load_goes_on "$RATE" 2
		attempt "$role"
	done
	shadow
done
check "the owner cannot log in" \
	grep -q 'not permitted to log in' <<<"$(psql -X -d "$(pg_dsn fwlog_owner)" -c '' 2>&1)"
is "nothing was stolen" "$(ls /tmp/fwlog-stolen 2>/dev/null)" ""
fresh_all
torture_end
no_losses
finish
