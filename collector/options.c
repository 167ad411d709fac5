/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/options.h"

#include <stdlib.h>
#include <string.h>

#include "collector/metrics.h"
#include "common/scrape.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * KIB)
#define GIB (KIB * MIB)
#define SECOND UINT64_C(1000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define AT(field) offsetof(struct options, field)
#define IN(field) offsetof(struct action, field)

#define LISTEN_DEFAULT "127.0.0.1:" ADDRESS_PORT

static const char *const transport_names[] = {"sealed", "plain", NULL};

static const struct conf_option table[] = {
    {"", "listen", CONF_STRING, AT(listen), NULL, 1, 4096, NULL,
	"addresses for agents, separated by blanks: host:port, [v6]:port, *:port, "
	"unix:/path"},
    {"", "transport", CONF_ENUM, AT(transport), "sealed", 0, 0, transport_names,
	"how the streams of listen are sealed; the same on both ends"},
    {"", "listen_plain", CONF_STRING, AT(listen_plain), NULL, 1, 4096, NULL,
	"the same for agents with transport = plain: loopback and Unix sockets"},
    {"", "listen_mode", CONF_STRING, AT(listen_mode), "0660", 3, 4, NULL,
	"permissions of Unix sockets, octal"},
    {"", "allow_plain_network", CONF_BOOL, AT(allow_plain_network), "no", 0, 0, NULL,
	"allow transport = plain outside loopback: only if the network itself is "
	"sealed"},
    {"", "database", CONF_STRING, AT(database), "dbname=fwlog user=fwlog_ingest", 1,
	4096, NULL, "where PostgreSQL is: a libpq connection string or URI"},
    {"", "database_timeout", CONF_DURATION, AT(database_timeout), "30s", SECOND, HOUR,
	NULL, "longest wait for one step of the database"},
    {"", "sinks", CONF_UINT, AT(sinks), "2", 1, 64, NULL,
	"connections to the database; hosts are spread over them"},
    {"", "commit_rows", CONF_UINT, AT(commit_rows), "50000", 1, 1000000, NULL,
	"rows after which a transaction closes"},
    {"", "commit_bytes", CONF_SIZE, AT(commit_bytes), "16M", 64 * KIB, 256 * MIB, NULL,
	"bytes of rows after which a transaction closes"},
    {"", "commit_interval", CONF_DURATION, AT(commit_interval), "100ms", 1, 60 * SECOND,
	NULL, "age after which a transaction closes"},
    {"", "queue_size", CONF_SIZE, AT(queue_size), "128M", 4 * MIB, 64 * GIB, NULL,
	"bytes of all batches not yet committed; above it agents wait"},
    {"", "session_queue", CONF_SIZE, AT(session_queue), "16M", MIB, 4 * GIB, NULL,
	"the same for one agent"},
    {"", "max_connections", CONF_UINT, AT(max_connections), "2048", 1, 65536, NULL,
	"connections at once"},
    {"", "max_connections_per_address", CONF_UINT, AT(max_connections_per_address),
	"64", 1, 65536, NULL,
	"connections at once from one IP address, one /64 of IPv6"},
    {"", "max_unauthenticated", CONF_UINT, AT(max_unauthenticated), "1024", 1, 65536,
	NULL, "sealed connections at once that have not proved who they are"},
    {"", "hello_timeout", CONF_DURATION, AT(hello_timeout), "10s", 100, HOUR, NULL,
	"time an agent has to say who it is"},
    {"", "idle_timeout", CONF_DURATION, AT(idle_timeout), "30s", SECOND, HOUR, NULL,
	"silence after which a connection is closed"},
    {"", "max_age", CONF_DURATION, AT(max_age), "400d", DAY, 36500 * DAY, NULL,
	"records older than that get no partition of their own"},
    {"", "new_strings", CONF_UINT, AT(new_strings), "10000", 1, 1000000, NULL,
	"prefixes, interfaces and namespaces never seen before that an agent may name "
	"in a day; others are stored as \"(too many ...)\""},
    {"", "maintain", CONF_BOOL, AT(maintain), "yes", 0, 0, NULL,
	"make, seal and remove partitions from time to time"},
    {"", "maintain_interval", CONF_DURATION, AT(maintain_interval), "10m", SECOND,
	24 * HOUR, NULL, "time between two rounds of that"},
    {"", "maintain_database", CONF_STRING, AT(maintain_database), NULL, 1, 4096, NULL,
	"the database for it, as user=fwlog_admin where anything is to be removed; "
	"else as database says"},
    {"", "seal_after", CONF_DURATION, AT(seal_after), "6h", 0, 30 * DAY, NULL,
	"time after the end of a day until its partition gets its indexes"},
    {"", "retain", CONF_DURATION, AT(retain), "0s", 0, 36500 * DAY, NULL,
	"age at which days of events are removed; 0: never"},
    {"", "retain_size", CONF_SIZE, AT(retain_size), "0", 0, UINT64_C(1) << 60, NULL,
	"size of all events above which the oldest days are removed; 0: none"},
    {"", "retain_rollups", CONF_DURATION, AT(retain_rollups), "0s", 0, 36500 * DAY,
	NULL, "age at which roll-ups are removed; 0: never"},
    {"", "alerts", CONF_BOOL, AT(alerts), "no", 0, 0, NULL,
	"evaluate alert rules, and raise the built-in alerts"},
    {"", "rules", CONF_LINES, AT(rules), NULL, 1, 4096, NULL,
	"a file of alert rules in the Sigma format, or a folder with all *.yml and "
	"*.yaml in and below it; may be given several times"},
    {"", "rule_overrides", CONF_STRING, AT(rule_overrides), NULL, 1, 4096, NULL,
	"file that changes levels, thresholds and actions of rules by their id"},
    {"", "rule_vars", CONF_STRING, AT(rule_vars), NULL, 1, 4096, NULL,
	"file with values for %placeholders% in rules"},
    {"", "alert_database", CONF_STRING, AT(alert_database), NULL, 1, 4096, NULL,
	"the database to read events back from, which the role of database cannot; "
	"else as database says with user=fwlog_report"},
    {"", "alert_hold", CONF_DURATION, AT(alert_hold), "2s", 100, 60 * SECOND, NULL,
	"time events are held back for earlier ones to come"},
    {"", "alert_grace", CONF_DURATION, AT(alert_grace), "30s", SECOND, HOUR, NULL,
	"lateness above which the time of an event is evaluated again from the "
	"database"},
    {"", "alert_queue", CONF_SIZE, AT(alert_queue), "64M", MIB, 4 * GIB, NULL,
	"bytes of events that wait for the alert rules; others are read from the "
	"database later"},
    {"", "alert_groups", CONF_UINT, AT(alert_groups), "200000", 1000, 10000000, NULL,
	"groups of all alert rules at once; no rule has more than half"},
    {"", "alert_memory", CONF_SIZE, AT(alert_memory), "128M", MIB, 16 * GIB, NULL,
	"memory of all groups"},
    {"", "alert_storm", CONF_UINT, AT(alert_storm), "30", 1, 100000, NULL,
	"new alerts of one rule that are told singly in a minute; others go into a "
	"digest"},
    {"", "alert_storm_all", CONF_UINT, AT(alert_storm_all), "200", 1, 100000, NULL,
	"the same of all rules"},
    {"", "alert_resolve", CONF_DURATION, AT(alert_resolve), "10m", SECOND, 7 * DAY,
	NULL, "time without its condition after which an alert has ended"},
    {"", "host_silent_after", CONF_DURATION, AT(host_silent_after), "5m", 0, 7 * DAY,
	NULL,
	"time without a word of its agent after which a host is silent; 0: never"},
    {"", "prefix_quiet_after", CONF_DURATION, AT(prefix_quiet_after), "3h", 0, 7 * DAY,
	NULL,
	"time without events after which a prefix that came all day is quiet; "
	"0: never"},
    {"", "skew_limit", CONF_DURATION, AT(skew_limit), "10s", 0, DAY, NULL,
	"difference of clocks above which a host's is wrong; 0: never"},
    {"", "stop_timeout", CONF_DURATION, AT(stop_timeout), "10s", 100, HOUR, NULL,
	"time to finish what is under way after SIGTERM"},
    {"", "metrics", CONF_STRING, AT(metrics), NULL, 1, 180, NULL,
	"address for Prometheus: 127.0.0.1:port, [::1]:port or unix:/path",
	scrape_check},
    {"action", "type", CONF_ENUM, IN(type), "syslog", 0, 0, action_type_names,
	"how it tells people"},
    {"action", "level", CONF_ENUM, IN(level), "informational", 0, 0, action_level_names,
	"the least level of alerts it tells"},
    {"action", "rules", CONF_LINES, IN(rules), NULL, 1, 180, NULL,
	"only of rules whose id, name or title fits; may be given more than once"},
    {"action", "resolved", CONF_BOOL, IN(resolved), "yes", 0, 0, NULL,
	"also tell when an alert is over"},
    {"action", "timeout", CONF_DURATION, IN(timeout), "30s", 100, 10 * 60 * SECOND,
	NULL, "longest time of one try"},
    {"action", "page", CONF_STRING, IN(page), NULL, 1, 180, NULL,
	"address of fwlog.cgi as people reach it, for links", action_check_url},
    {"action", "address", CONF_STRING, IN(address), NULL, 1, 180, NULL,
	"syslog: unix:/path, udp:host:port or tcp:host:port", action_check_address},
    {"action", "facility", CONF_ENUM, IN(facility), "authpriv", 0, 0,
	action_facility_names, "syslog: facility"},
    {"action", "command", CONF_STRING, IN(command), NULL, 1, 180, NULL,
	"exec: the program, by absolute path; it gets the alert as JSON on its input",
	action_check_path},
    {"action", "user", CONF_STRING, IN(user), "nobody", 1, 64, NULL,
	"exec, mail: whom the program runs as when the collector is root"},
    {"action", "url", CONF_STRING, IN(url), NULL, 1, 180, NULL,
	"webhook, alertmanager: where to send", action_check_url},
    {"action", "secret_file", CONF_STRING, IN(secret_file), NULL, 1, 180, NULL,
	"webhook: file with the secret that signs what is sent", action_check_path},
    {"action", "ca_file", CONF_STRING, IN(ca_file), NULL, 1, 180, NULL,
	"webhook, alertmanager: certificates to trust in place of the system's",
	action_check_path},
    {"action", "to", CONF_STRING, IN(to), NULL, 1, 180, NULL,
	"mail: addresses, separated by blanks", action_check_mail},
    {"action", "from", CONF_STRING, IN(from), NULL, 1, 180, NULL, "mail: sender",
	action_check_mail},
    {"action", "sendmail", CONF_STRING, IN(sendmail), "/usr/sbin/sendmail", 1, 180,
	NULL, "mail: the program that takes it", action_check_path},
    {"action", "digest", CONF_DURATION, IN(digest), "5m", 0, DAY, NULL,
	"mail: time in which alerts are gathered into one message"},
};

static const char *
options_validate(const void *target)
{
	const struct options *o = target;

	if (o->listen_mode[strspn(o->listen_mode, "01234567")] != '\0')
		return "listen_mode: octal digits expected, such as 0660";
	if (o->session_queue > o->queue_size)
		return "session_queue is larger than queue_size, which bounds all "
		       "agents "
		       "together";
	if ((o->retain != 0 && o->retain < DAY) ||
	    (o->retain_rollups != 0 && o->retain_rollups < DAY))
		return "retain, retain_rollups: a day at least, or 0";
	if (o->maintain_database == NULL &&
	    (o->retain != 0 || o->retain_size != 0 || o->retain_rollups != 0))
		return "retain needs maintain_database with user=fwlog_admin: the "
		       "collector's own role cannot remove events";
	if (o->alert_grace < o->alert_hold)
		return "alert_grace is less than alert_hold";
	if (o->rules != NULL && !o->alerts)
		return "rules are given, but alerts = no";
	return actions_validate(&o->actions);
}

static void *section_new(
    void *target, const char *kind, const char *argument, char *why, size_t whysize);

static void
section_each(const void *target,
    void (*dump)(void *arg, const char *kind, const char *argument, const void *base),
    void *arg)
{
	const struct options *o = target;

	for (size_t i = 0; i < o->actions.count; i++)
		dump(arg, "action", o->actions.action[i].name, &o->actions.action[i]);
}

static const struct conf_spec spec = {
    .options = table,
    .count = sizeof table / sizeof table[0],
    .section_new = section_new,
    .section_each = section_each,
    .validate = options_validate,
};

/* There is no other kind. */
static void *
section_new(
    void *target, const char *kind, const char *argument, char *why, size_t whysize)
{
	struct options *o = target;

	(void)kind;
	return action_section(&o->actions, &spec, argument, why, whysize);
}

const struct cli_program options_program = {
    .name = "fwlog-collector",
    .summary = "brings the records of all agents into PostgreSQL",
    .default_conf = FWLOG_SYSCONFDIR "/fwlog/fwlog-collector.conf",
    .spec = &spec,
    .metrics = &metrics_table,
};

void
options_free(struct options *o)
{
	conf_free_strings(&spec, "", o);
	for (size_t i = 0; i < o->actions.count; i++)
		conf_free_strings(&spec, "action", &o->actions.action[i]);
}

const char *
options_listen(const struct options *o)
{
	if (o->listen == NULL && o->listen_plain == NULL)
		return LISTEN_DEFAULT;
	return o->listen;
}

unsigned
options_mode(const struct options *o)
{
	return (unsigned)strtoul(o->listen_mode, NULL, 8);
}
