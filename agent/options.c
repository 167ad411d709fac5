/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/address.h"
#include "agent/binding.h"
#include "agent/netns.h"
#include "agent/nflog.h"
#include "agent/rate.h"
#include "agent/spool.h"
#include "common/filter.h"
#include "common/scrape.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define SECOND UINT64_C(1000)
#define RETAIN_MAX_S (31 * 86400)
#define AT(member) offsetof(struct options, member)
#define IN_GROUP(member) offsetof(struct group_section, own.member)

static const char *const transport_choices[] = {"sealed", "plain", NULL};
static const char *const sync_choices[] = {"interval", "always", "never", NULL};
static const char *const when_full_choices[] = {"drop_newest", "drop_oldest", NULL};
static const char *const local_log_choices[] = {"none", "kernel", "json", NULL};
static const char *const conntrack_choices[] = {"auto", "no", NULL};
static const char *const sandbox_choices[] = {"auto", "yes", "no", NULL};

/* What a [group] may say too: one line makes both entries. */
#define GROUP_OPTIONS(O)                                                 \
	O(CONF_SIZE, snaplen, "128", 20, 65531,                          \
	    "bytes kept of each packet, from layer 3 on")                \
	O(CONF_UINT, queue_threshold, "1000", 1, 100000,                 \
	    "records the kernel gathers before it hands them over")      \
	O(CONF_DURATION, flush_timeout, "100ms", 10, 10 * SECOND,        \
	    "time after which it hands over what it has; steps of 10ms") \
	O(CONF_SIZE, nlbufsiz, "128K", 8 * KIB, NFLOG_NLBUFSIZ_MAX,      \
	    "most that the kernel gathers before it hands over")         \
	O(CONF_SIZE, receive_buffer, "32M", 64 * KIB, GIB,               \
	    "what the kernel may hold for an agent that is busy")

/* The same for what filters; text behind each other is allowed. */
#define FILTER_OPTIONS(O)                                                           \
	O(only, check_query, "keep records that this query selects, no others")     \
	O(drop, check_query, "keep no records that this query selects; count them") \
	O(rate, check_rate, "keep no more than this; count the others")

static int
check_query(const char *text, char *why, size_t whysize)
{
	struct filter_error error = {0};
	struct filter_tree *tree = filter_parse(text, strlen(text), &error);
	struct filter *f = NULL;

	if (tree != NULL)
		f = filter_compile(tree, NULL, 0, &error);
	if (f == NULL)
		snprintf(why, whysize, "is no query here: column %zu: %s", error.column,
		    error.message);
	filter_tree_free(tree);
	filter_free(f);
	return f != NULL ? 0 : -1;
}

static int
check_rate(const char *text, char *why, size_t whysize)
{
	struct rate *r = rate_new(text, why, whysize);

	rate_free(r);
	return r != NULL ? 0 : -1;
}

#define GLOBAL_FILTER(name, check, help) \
	{"", #name, CONF_LINES, AT(filters.name), NULL, 1, 0, NULL, help, check},
#define GROUP_FILTER(name, check, help)                                            \
	{"group", #name, CONF_LINES, offsetof(struct group_section, filters.name), \
	    NULL, 1, 0, NULL, help, check},
#define GLOBAL_ENTRY(type, name, def, min, max, help) \
	{"", #name, type, AT(defaults.name), def, min, max, NULL, help},
#define GROUP_ENTRY(type, name, def, min, max, help) \
	{"group", #name, type, IN_GROUP(name), NULL, min, max, NULL, help},

static const struct conf_option options[] = {
    {"", "name", CONF_STRING, AT(name), NULL, 1, NAME_MAX_LEN, NULL,
	"what the collector calls this host; unset: its short host name"},
    {"", "collector", CONF_STRING, AT(collector), NULL, 1, 4096, NULL,
	"host:port, [address]:port or unix:/path, separated by commas, first is best"},
    {"", "transport", CONF_ENUM, AT(transport), "sealed", 0, 0, transport_choices,
	"whether the connection is sealed; the same on the collector's end"},
    {"", "key_file", CONF_STRING, AT(key_file), FWLOG_SYSCONFDIR "/fwlog/agent.key", 1,
	4000, NULL, "this agent's key, made by: fwlogctl key new NAME"},
    {"", "allow_plain_network", CONF_BOOL, AT(allow_plain_network), "no", 0, 0, NULL,
	"plain over a network that is sealed itself (WireGuard, IPsec)"},
    {"", "failback", CONF_DURATION, AT(failback), "3m", SECOND, 86400 * SECOND, NULL,
	"how often to see whether the first collector is back"},
    {"", "stats_interval", CONF_DURATION, AT(stats_interval), "10s", SECOND,
	10 * SECOND, NULL, "how often counters go to the collector"},
    {"", "spool_dir", CONF_STRING, AT(spool_dir), "/var/spool/fwlog", 1, 4000, NULL,
	"directory of the queue on disk"},
    {"", "spool_size", CONF_SIZE, AT(spool_size), "1G", 2 * SPOOL_SEGMENT_MIN, 0, NULL,
	"bound of the queue on disk"},
    {"", "segment_size", CONF_SIZE, AT(segment_size), "16M", SPOOL_SEGMENT_MIN, GIB,
	NULL, "size of its files"},
    {"", "sync", CONF_ENUM, AT(sync), "interval", 0, 0, sync_choices,
	"when records are forced to disk; only then are they sent"},
    {"", "sync_interval", CONF_DURATION, AT(sync_interval), "200ms", 1, 60 * SECOND,
	NULL, "the interval of sync = interval"},
    {"", "when_full", CONF_ENUM, AT(when_full), "drop_newest", 0, 0, when_full_choices,
	"what a full queue gives up; counted either way"},
    {"", "retain_after_ack", CONF_DURATION, AT(retain_after_ack), "0", 0,
	RETAIN_MAX_S *SECOND, NULL,
	"how long what was stored is kept, for a database restored from a backup"},
    {"", "zstd_level", CONF_UINT, AT(zstd_level), "1", 0, 19, NULL,
	"compression of what is queued and sent; 0 is none"},
    {"", "reconcile", CONF_BOOL, AT(reconcile), "no", 0, 0, NULL,
	"compare what came with what the counters of the log rules say"},
    {"", "reconcile_interval", CONF_DURATION, AT(reconcile_interval), "30s", SECOND,
	86400 * SECOND, NULL, "how often"},
    {"", "local_log", CONF_ENUM, AT(local_log), "none", 0, 0, local_log_choices,
	"also write each record to a file here, in this format"},
    {"", "local_log_path", CONF_STRING, AT(local_log_path), "/var/log/fwlog.log", 1,
	4000, NULL, "that file"},
    {"", "user", CONF_STRING, AT(user), NULL, 1, 32, NULL,
	"user the worker becomes; unset and started as root: fwlog, or else nobody"},
    {"", "pid_file", CONF_STRING, AT(pid_file), NULL, 1, 4000, NULL,
	"file for the process id, locked while the agent runs"},
    {"", "metrics", CONF_STRING, AT(metrics), NULL, 1, 180, NULL,
	"address for Prometheus: 127.0.0.1:port, [::1]:port or unix:/path",
	scrape_check},
    {"", "sandbox", CONF_ENUM, AT(sandbox), "auto", 0, 0, sandbox_choices,
	"whether the worker may make only the system calls it needs"},
    {"", "conntrack", CONF_ENUM, AT(conntrack), "auto", 0, 0, conntrack_choices,
	"ask the kernel for the connection's state and id"},
    GROUP_OPTIONS(GLOBAL_ENTRY) FILTER_OPTIONS(GLOBAL_FILTER) GROUP_OPTIONS(
	GROUP_ENTRY) FILTER_OPTIONS(GROUP_FILTER){"group", "netns", CONF_STRING,
	offsetof(struct group_section, netns), NULL, 1, BINDING_NETNS_MAX, NULL,
	"network namespace, by name or path; unset: the second word of the heading"}};

/* ---- sections */

/* "5" or "5 web"; what follows the number is in *name. */
static bool
parse_group(const char *text, uint16_t *number, const char **name)
{
	unsigned long value;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	*number = (uint16_t)value;
	*name = end + strspn(end, " \t");
	return errno == 0 && (*end == '\0' || *name > end) && value <= UINT16_MAX;
}

static struct group_section *
find_group(struct options *o, uint16_t number, const char *name)
{
	for (size_t i = 0; i < o->groups; i++)
		if (o->group[i].number == number && strcmp(o->group[i].name, name) == 0)
			return &o->group[i];
	return NULL;
}

static void *
section_new(
    void *target, const char *kind, const char *argument, char *why, size_t whysize)
{
	struct options *o = target;
	struct group_section *g;
	const char *name;
	uint16_t number;

	if (!parse_group(argument, &number, &name)) {
		snprintf(why, whysize,
		    "a group is a number from 0 to 65535, the one the log rules name: "
		    "[group 5]");
		return NULL;
	}
	if (name[0] != '\0' && (!agent_name_ok(name) || !netns_place_ok(name))) {
		snprintf(why, whysize,
		    "the name of a network namespace is 1 to %d letters, digits, dots, "
		    "dashes and underscores here: [group 5 web]; a path goes below, "
		    "netns = /path",
		    NAME_MAX_LEN);
		return NULL;
	}
	g = find_group(o, number, name);
	if (g != NULL)
		return g;
	if (o->groups == OPTIONS_GROUPS_MAX) {
		snprintf(why, whysize, "one agent serves at most %d groups",
		    OPTIONS_GROUPS_MAX);
		return NULL;
	}
	g = &o->group[o->groups++];
	g->number = number;
	snprintf(g->name, sizeof g->name, "%s", name);
	conf_defaults(&options_spec, kind, g);
	return g;
}

const char *
options_place(const struct options *o, size_t index)
{
	const struct group_section *g = &o->group[index];

	if (g->netns != NULL)
		return g->netns;
	return g->name[0] != '\0' ? g->name : NULL;
}

const char *
options_netns(const struct options *o, size_t index)
{
	const struct group_section *g = &o->group[index];

	if (g->name[0] != '\0')
		return g->name;
	return g->netns != NULL ? g->netns : "";
}

struct group_options
options_group(const struct options *o, size_t index)
{
	struct group_options g = o->group[index].own;

#define INHERIT(type, name, def, min, max, help) \
	if (g.name == 0)                         \
		g.name = o->defaults.name;
	GROUP_OPTIONS(INHERIT)
#undef INHERIT
	return g;
}

struct filter_options
options_filters(const struct options *o, size_t index)
{
	struct filter_options f = o->group[index].filters;

#define INHERIT(name, check, help) \
	if (f.name == NULL)        \
		f.name = o->filters.name;
	FILTER_OPTIONS(INHERIT)
#undef INHERIT
	return f;
}

static void
section_each(const void *target,
    void (*dump)(void *arg, const char *kind, const char *argument, const void *base),
    void *arg)
{
	const struct options *o = target;

	for (size_t i = 0; i < o->groups; i++) {
		struct group_section section = o->group[i];
		char argument[sizeof section.name + 8];

		section.own = options_group(o, i);
		section.filters = options_filters(o, i);
		snprintf(argument, sizeof argument, "%u%s%s", section.number,
		    section.name[0] != '\0' ? " " : "", section.name);
		dump(arg, "group", argument, &section);
	}
}

/* ---- what concerns several options */

static const char *
check_collectors(const struct options *o)
{
	const char *rest = o->collector;
	struct address address;
	const char *why;

	if (rest == NULL)
		return "collector is not set: say where the records go, "
		       "collector = HOST:7514";
	while (rest != NULL) {
		if (address_next(&rest, &address, &why) < 0)
			return why;
		if (o->transport == TRANSPORT_PLAIN && !o->allow_plain_network &&
		    !address_is_local(&address))
			return "collector: transport = plain is refused outside "
			       "loopback and Unix sockets, it hides nothing; "
			       "allow_plain_network = yes says that WireGuard or IPsec "
			       "seals the way";
	}
	return NULL;
}

static const char *
check_groups(const struct options *o)
{
	if (o->groups == 0)
		return "no [group] section: add one for each NFLOG group the log rules "
		       "use, [group 5] for nft's \"log group 5\"";
	for (size_t i = 0; i < o->groups; i++) {
		const char *place = options_place(o, i);

		if (place != NULL && !netns_place_ok(place))
			return "netns: expected the name of a network namespace, as "
			       "ip netns shows it, or an absolute path, without colons";
		for (size_t k = 0; k < i; k++)
			if (o->group[k].number == o->group[i].number &&
			    strcmp(options_netns(o, k), options_netns(o, i)) == 0)
				return "a group stands twice for one network namespace";
	}
	return NULL;
}

static const char *
validate(const void *target)
{
	const struct options *o = target;
	char buf[NAME_MAX_LEN + 1];

	const char *why = check_groups(o);

	if (why != NULL)
		return why;
	if (options_name(o, buf, sizeof buf) == NULL)
		return "name: 1 to 64 letters, digits, dots, dashes and underscores; "
		       "unset, the host's name must be one";
	if (o->spool_size < 2 * o->segment_size)
		return "spool_size: must hold at least two segments of segment_size";
	return check_collectors(o);
}

const char *
options_name(const struct options *o, char *buf, size_t size)
{
	if (o->name != NULL)
		return agent_name_ok(o->name) ? o->name : NULL;
	if (gethostname(buf, size) < 0 || memchr(buf, '\0', size) == NULL)
		return NULL;
	buf[strcspn(buf, ".")] = '\0';
	return agent_name_ok(buf) ? buf : NULL;
}

void
options_free(struct options *o)
{
	conf_free_strings(&options_spec, "", o);
	for (size_t i = 0; i < o->groups; i++)
		conf_free_strings(&options_spec, "group", &o->group[i]);
}

const struct conf_spec options_spec = {
    .options = options,
    .count = sizeof options / sizeof options[0],
    .section_new = section_new,
    .section_each = section_each,
    .validate = validate,
};
