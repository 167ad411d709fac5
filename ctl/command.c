/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/command.h"

#include <stdint.h>

#include "common/cli.h"
#include "ctl/alert.h"
#include "ctl/archive.h"
#include "ctl/balance.h"
#include "ctl/check.h"
#include "ctl/export.h"
#include "ctl/filter.h"
#include "ctl/filter_change.h"
#include "ctl/filter_preview.h"
#include "ctl/filter_view.h"
#include "ctl/health.h"
#include "ctl/import.h"
#include "ctl/key.h"
#include "ctl/list.h"
#include "ctl/maintain.h"
#include "ctl/migrate.h"
#include "ctl/pcap.h"
#include "ctl/prefix.h"
#include "ctl/restore.h"
#include "ctl/rule.h"
#include "ctl/search.h"
#include "ctl/tail.h"
#include "ctl/top.h"

static const struct command commands[] = {
    {"db", "init", "make database, roles and schema, as far as they are missing",
	"Needs a role that may create databases and roles (a superuser, as a rule). "
	"What\n"
	"is there already is left as it is; run it as often as you like. Makes the\n"
	"partitions from yesterday to a week ahead, too.\n",
	migrate_init, NULL, 0, 0, TAKES_CITUS},
    {"db", "migrate", "bring the schema up to this version of fwlog",
	"Applies the migrations that are missing, each in a transaction of its own, "
	"makes\n"
	"the partitions from yesterday to a week ahead and moves events into them "
	"that\n"
	"had to wait in the default partition. Needs a superuser or a member of\n"
	"fwlog_owner.\n",
	migrate_run, NULL, 0, 0, 0},
    {"db", "check", "tell whether the database is fit to keep what it is given",
	"Prints one line for each thing looked at, 'ok' or 'FAIL' with what to do "
	"about\n"
	"it. Ends with 1 when something failed. Run it as a superuser or as "
	"fwlog_admin.\n",
	check_run, NULL, 0, 0, 0},
    {"db", "maintain", "make, seal and remove partitions, as they are due",
	"Makes the partitions of the next week, moves events out of the default "
	"partition,\n"
	"builds the indexes of days that are over, and removes what the options say. "
	"The\n"
	"collector does the same by itself. Prints what it did. Run it as "
	"fwlog_admin, or as\n"
	"a member of fwlog_owner: then building an index keeps nobody waiting.\n",
	maintain_run, NULL, 0, 0, TAKES_RETAIN},
    {"db", "archive", "write days of events to files",
	"DAY is 2026-11-23 (UTC). The file DIR/event_p20261123.fwlog.zst is there as "
	"a\n"
	"whole or not at all; one that is there is not overwritten. Run it as "
	"fwlog_admin.\n",
	archive_run, "DAY", 0, SIZE_MAX, TAKES_ARCHIVE | TAKES_DIRECTORY},
    {"db", "restore", "bring archived days back",
	"FILE is what db archive wrote, here or elsewhere. The day becomes a "
	"partition again,\n"
	"all of it or nothing, and stays until it is archived with --drop, whatever "
	"its age.\n"
	"Refused when there are events of that day. Needs a superuser or a member of\n"
	"fwlog_owner.\n",
	restore_run, "FILE", 1, SIZE_MAX, 0},
    {"health", "", "tell whether hosts, records and the database are well",
	"Prints one line for each thing looked at, 'ok' or 'FAIL': silent hosts, "
	"losses of\n"
	"the last day, clocks, partitions, alert rules, alerts that could not be "
	"sent. Ends\n"
	"with 1 when something failed. Run it as fwlog_report.\n",
	health_run, NULL, 0, 0, TAKES_JSON},
    {"agents", "", "show the agents, and what waits in their spools",
	"A line for each host that ever had an agent. Run it as fwlog_report.\n",
	health_agents, NULL, 0, 0, TAKES_JSON},
    {"key", "new", "make a key for a host",
	"Enters it into the database and writes it to a file, NAME.key unless said\n"
	"otherwise, that no other user can read; copy that to the host. The host's "
	"first\n"
	"key is active at once, a further one is next: it becomes active when the "
	"agent\n"
	"first comes with it, and the one before is retiring then. A file that is "
	"there\n"
	"is not overwritten.\n",
	key_new, "NAME", 1, SIZE_MAX, TAKES_FILE | TAKES_DIRECTORY | TAKES_CIDR},
    {"key", "list", "show the keys, of all hosts or of one",
	"next, active and retiring let an agent in, revoked does not.\n", key_list,
	"NAME", 0, 1, TAKES_JSON},
    {"key", "promote", "make a key the active one",
	"KEY is the id of a key that is next or retiring, or a host, whose next one "
	"is\n"
	"meant. The one that was active is retiring then. Seldom needed: the "
	"collector\n"
	"does it when the key is first used.\n",
	key_promote, "KEY", 1, SIZE_MAX, 0},
    {"key", "retire", "mark a key as one to be replaced; it still lets in",
	"KEY is the id of a key that is next or active, or a host, whose active one "
	"is\n"
	"meant.\n",
	key_retire, "KEY", 1, SIZE_MAX, 0},
    {"key", "revoke", "let nobody in with a key any more",
	"KEY is the id of a key, or a host, all of whose keys are meant. Sessions "
	"that\n"
	"began with it end within 10 seconds. There is no way back; the secret is\n"
	"erased.\n",
	key_revoke, "KEY", 1, SIZE_MAX, 0},
    {"prefix", "set", "say what rules that log with a prefix do with the packet",
	"PATTERN is the prefix; * stands for any text, ? for one character, the case "
	"and\n"
	"blanks and colons at the end do not matter. Takes the place of what was set "
	"for\n"
	"the same pattern (and host), from the time on that --from says, else at all\n"
	"times. What is set for one host goes before what is set for all, what is "
	"set\n"
	"here before what comes with fwlog, a longer pattern before a shorter one.\n",
	prefix_set, "PATTERN", 1, SIZE_MAX, TAKES_VERDICT | TAKES_HOST | TAKES_FROM},
    {"prefix", "unset", "take back what was set for a prefix",
	"Altogether, or from the time on that --from says. What comes with fwlog "
	"stays:\n"
	"set it to unknown.\n",
	prefix_unset, "PATTERN", 1, SIZE_MAX, TAKES_HOST | TAKES_FROM},
    {"prefix", "list", "show what is said of prefixes",
	"What was set here first, what comes with fwlog last.\n", prefix_list, NULL, 0,
	0, TAKES_HOST | TAKES_JSON},
    {"prefix", "unknown", "show the prefixes of which nothing is said",
	"With their events and the hosts of these, of the last day or from the time "
	"on\n"
	"that --from says. Their verdict is unknown until fwlogctl prefix set says "
	"it.\n",
	prefix_unknown, NULL, 0, 0, TAKES_FROM | TAKES_JSON},
    {"list", "set", "make a list of these values, in the place of what it had",
	"Filters use a list as @NAME. Its entries are addresses and networks, ports "
	"and\n"
	"ranges of ports, or names; --kind says what in a new list.\n",
	list_set, "NAME VALUE", 2, SIZE_MAX, TAKES_KIND},
    {"list", "add", "add values to a list",
	"What is in the list already, or in a network of it, is left out.\n", list_add,
	"NAME VALUE", 2, SIZE_MAX, TAKES_KIND},
    {"list", "remove", "remove values from a list, or the list", "", list_remove,
	"NAME VALUE", 1, SIZE_MAX, 0},
    {"list", "show", "show the lists, or what is in one", "", list_show, "NAME", 0, 1,
	TAKES_JSON},
    {"list", "import", "make a list of the lines of a file",
	"In the place of what it had; FILE - is standard input. An entry a line; "
	"lines\n"
	"that begin with # are comments, and so is what follows # or ; where entries "
	"are\n"
	"no names. Up to 1,000,000 entries; networks inside others are left out. "
	"When a\n"
	"line is wrong the list stays as it was.\n",
	list_import, "NAME FILE", 2, 2, TAKES_KIND},
    {"filter", "parse", "show what fwlog understands by a filter",
	"QUERY is a filter, see fwlog-filter(7). Prints its canonical form. Ends with "
	"2 when\n"
	"it is none; the message says where and why.\n",
	filter_show, "QUERY", 0, SIZE_MAX, TAKES_QUERY | TAKES_SQL | TAKES_JSON},
    {"filter", "add", "keep agents from sending what a filter selects",
	"QUERY is a filter, see fwlog-filter(7); what is left out is counted. Agents "
	"that are\n"
	"connected apply it within 5 seconds, others when they connect. fwlogctl "
	"filter\n"
	"preview tells before what it would leave out.\n",
	filter_add, "NAME QUERY", 2, SIZE_MAX,
	TAKES_QUERY | TAKES_SCOPE | TAKES_BOUNDS | TAKES_WHY | TAKES_JSON},
    {"filter", "remove", "let agents send again what a filter leaves out", "",
	filter_remove, "NAME", 1, 1, TAKES_WHY | TAKES_JSON},
    {"filter", "list", "show the filters that agents apply",
	"FILTERED is what each left out in the last 24 hours.\n", filter_list, NULL, 0,
	0, TAKES_ALL | TAKES_JSON},
    {"filter", "hosts", "show which version of the filters each host applies",
	"current: the newest. behind: connected, and has not said yet that it applies "
	"it.\n"
	"away: not connected. refused: its agent cannot take the newest, goes on with "
	"the\n"
	"version before, and says why. silent: its agent is older than filters.\n",
	filter_hosts, NULL, 0, 0, TAKES_JSON},
    {"filter", "history", "show who changed the filters, when and why", "",
	filter_history, NULL, 0, 0, TAKES_JSON},
    {"filter", "rollback", "go back to the filters of an earlier version",
	"VERSION is one of fwlogctl filter history; 1 has no filters. Makes a new "
	"version.\n"
	"What lists have in them stays as it is.\n",
	filter_rollback, "VERSION", 1, 1, TAKES_WHY | TAKES_JSON},
    {"filter", "preview", "tell what a filter would have left out",
	"Counts the stored events of the last 24 hours, or of --last, that QUERY "
	"selects, for\n"
	"each host and prefix. Changes nothing. Exit codes as of search.\n",
	filter_preview, "QUERY", 1, SIZE_MAX,
	TAKES_QUERY | TAKES_SCOPE | TAKES_LAST | TAKES_JSON | TAKES_TIMEOUT},
    {"search", "", "print the events a filter selects, in order of time",
	"QUERY is a filter, as the page has it: 'src:10.0.0.0/8 dport:22 "
	"-host:web1'; without\n"
	"one, all events. --limit keeps the newest. Ends like grep: 0 something was "
	"found,\n"
	"1 nothing was, 2 the command line or the filter is wrong; and 4 when the "
	"database\n"
	"or the output failed.\n",
	search_run, "QUERY", 0, SIZE_MAX,
	TAKES_QUERY | TAKES_SPAN | TAKES_LIMIT | TAKES_FORMAT | TAKES_JSON |
	    TAKES_TIMEOUT},
    {"tail", "", "print events as they are stored, until Ctrl-C",
	"QUERY is a filter, as for search. Every event that is stored is looked at, "
	"also one\n"
	"that comes late; when it lags behind it says so. Goes on by itself when "
	"the\n"
	"database was away.\n",
	tail_run, "QUERY", 0, SIZE_MAX,
	TAKES_QUERY | TAKES_SINCE | TAKES_COUNT | TAKES_FORMAT | TAKES_JSON |
	    TAKES_TIMEOUT},
    {"top", "", "rank the values of a field by how many events have them",
	"FIELD is one of the filter language: src, dport, prefix, host ...; the rest "
	"is a\n"
	"filter, as for search. The 10 most frequent, or as --limit says. Exit codes "
	"as of\n"
	"search.\n",
	top_run, "FIELD [QUERY]", 1, SIZE_MAX,
	TAKES_QUERY | TAKES_SPAN | TAKES_LIMIT | TAKES_JSON | TAKES_TIMEOUT},
    {"count", "", "count the events a filter selects",
	"In all, or for each value of a field. Exit codes as of search.\n", count_run,
	"QUERY", 0, SIZE_MAX,
	TAKES_QUERY | TAKES_SPAN | TAKES_FIELD | TAKES_JSON | TAKES_TIMEOUT},
    {"pcap", "", "write the packets of the events a filter selects",
	"A capture file for tcpdump and Wireshark, in order of time over all hosts, "
	"of link\n"
	"type 239 (NFLOG) with prefix, hook, mark, user and link-layer header; "
	"interfaces\n"
	"are numbers there, which name they have is said in the end. -o - writes to "
	"standard\n"
	"output. Exit codes as of search.\n",
	pcap_run, "QUERY", 0, SIZE_MAX,
	TAKES_QUERY | TAKES_SPAN | TAKES_FILE | TAKES_RAW | TAKES_TIMEOUT},
    {"export", "", "write the events a filter selects for other systems",
	"QUERY is a filter, as for search. In order of time, to --output FILE or "
	"standard\n"
	"output: JSON lines in the Elastic Common Schema, CSV, or Suricata's EVE. Exit "
	"codes\n"
	"as of search.\n",
	export_run, "QUERY", 0, SIZE_MAX,
	TAKES_QUERY | TAKES_SPAN | TAKES_FILE | TAKES_EXPORT | TAKES_TIMEOUT},
    {"import", "log", "bring in kernel LOG lines of syslog, journal and dmesg",
	"FILE is a syslog file (of any stamps), what journalctl prints (-o short and "
	"its\n"
	"kin, json, export), or what dmesg does; also compressed by gzip or zstd; - "
	"is\n"
	"standard input. Each line of a firewall becomes an event, or goes to the "
	"reject\n"
	"file with the reason. What was imported before is not stored again, whole "
	"files\n"
	"and lines alike. Needs fwlog_ingest.\n",
	import_log_run, "FILE", 1, SIZE_MAX, TAKES_IMPORT | TAKES_STAMP},
    {"import", "pcap", "bring in the packets of captures",
	"FILE is a capture (pcap or pcapng, also compressed) of NFLOG, Ethernet, raw "
	"IP or\n"
	"Linux SLL. --host says whose it is. What was imported before is not stored "
	"again.\n"
	"Needs fwlog_ingest.\n",
	import_pcap_run, "FILE", 1, SIZE_MAX, TAKES_IMPORT},
    {"import", "ulogd2", "bring in the events of a database ulogd2 wrote",
	"Either of the schemas ulogd2 ships for PostgreSQL, whose view ulog is read.\n"
	"--host says whose it is. What was imported before is not stored again. Needs\n"
	"fwlog_ingest here and to read there.\n",
	import_ulogd_run, NULL, 0, 0, TAKES_IMPORT | TAKES_CONNINFO},
    {"rule", "lint", "tell what becomes of rule files",
	"FILE is a file of alert rules, see fwlog-rules(5), or a folder with all *.yml "
	"and\n"
	"*.yaml in and below it. Each document is loaded, not applicable or refused; "
	"ends\n"
	"with 1 when one is refused. With --db named lists may be used.\n",
	rule_lint, "FILE", 1, SIZE_MAX, TAKES_RULES | TAKES_JSON},
    {"rule", "convert", "write old aggregations as correlations",
	"Conditions like \"selection | count(x) by y > n\" become a second document.\n",
	rule_convert_run, "FILE", 1, 1, TAKES_FILE},
    {"rule", "list", "show the rules that the collector has loaded",
	"With --all also what was not loaded, and why.\n", rule_list, NULL, 0, 0,
	TAKES_ENDED | TAKES_JSON},
    {"rule", "test", "tell what rules would have found",
	"Looks at the stored events of the last 24 hours, or of --from and --to, or at "
	"those\n"
	"of a file, with the engine of the collector. Ends with 1 when there is no "
	"alert, or,\n"
	"with --expect, another number of them; else as search. Needs fwlog_report.\n",
	rule_test, "FILE", 1, SIZE_MAX,
	TAKES_RULES | TAKES_SPAN | TAKES_EVENTS | TAKES_JSON},
    {"rule", "explain", "tell why rules select an event, or not",
	"Each term is true, false, or absent: the event does not have the field. "
	"--from and\n"
	"--to make it quicker to find the event.\n",
	rule_explain, "FILE", 1, SIZE_MAX, TAKES_RULES | TAKES_WHEN | TAKES_EVENT},
    {"alert", "list", "show the alerts that are open",
	"Those that go on and nobody has acknowledged, the newest first; with --all "
	"also\n"
	"others. --from and --to: of whose events some were then.\n",
	alert_list, NULL, 0, 0, TAKES_ENDED | TAKES_WHEN | TAKES_LIMIT | TAKES_JSON},
    {"alert", "show", "show one alert",
	"With its group, counts, samples, author and references, and who was told.\n",
	alert_show, "ALERT", 1, 1, TAKES_JSON},
    {"alert", "ack", "acknowledge alerts",
	"They are open no more; nothing else changes.\n", alert_ack, "ALERT", 1,
	SIZE_MAX, TAKES_REMARK | TAKES_JSON},
    {"alert", "silence", "let nobody be told of alerts for a time",
	"Of the rule with that id, or (*) of all; with QUERY, a filter, of groups it "
	"selects:\n"
	"'src:10.1.2.3'. Such alerts are kept nevertheless.\n",
	alert_silence, "RULE [QUERY]", 1, SIZE_MAX,
	TAKES_QUERY | TAKES_EXPIRES | TAKES_WHY | TAKES_JSON},
    {"alert", "silences", "show the silences", "", alert_silences, NULL, 0, 0,
	TAKES_ENDED | TAKES_JSON},
    {"alert", "unsilence", "end a silence", "", alert_unsilence, "SILENCE", 1, 1,
	TAKES_JSON},
    {"balance", "", "tell what was logged, stored, filtered and lost, host by host",
	"Logged is what is stored, what filters left out and what is known to be "
	"lost.\n"
	"Where agents "
	"reconcile,\n"
	"counted is what the counters of the log rules say, and difference what of "
	"that is\n"
	"not explained yet. A loss belongs to the hour in which it ended. Ends with "
	"1 when\n"
	"anything is missing or unknown. Needs fwlog_report or fwlog_admin.\n",
	balance_run, NULL, 0, 0, TAKES_RANGE | TAKES_JSON},
    {NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0},
};

int
command_main(int argc, char **argv)
{
	const struct command *command;
	struct args args;
	int rc = args_parse(commands, argc, argv, &command, &args, stdout, stderr);

	if (rc < 0)
		rc = command->run(&args);
	if (fflush(stdout) != 0 && rc == EXIT_OK)
		rc = EXIT_FAILED;
	return rc;
}
