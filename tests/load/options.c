/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line, and the address it names. */
#include <errno.h>
#include <getopt.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "common/batch.h"
#include "tests/load/load.h"

static void
resolve_unix(struct load *l, const char *path)
{
	struct sockaddr_un *un = (struct sockaddr_un *)(void *)&l->addr;

	if (strlen(path) >= sizeof un->sun_path)
		fail("%s: longer than a Unix socket's path may be", path);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	l->addr_len = sizeof *un;
}

static void
resolve(struct load *l)
{
	char host[256] = "";
	const char *start = l->collector, *colon = strrchr(start, ':');
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	size_t len;
	int rc;

	if (strncmp(start, "unix:", 5) == 0) {
		resolve_unix(l, start + 5);
		return;
	}
	if (colon == NULL)
		fail("--collector %s: host:port, [v6]:port or unix:/path", start);
	len = (size_t)(colon - start);
	if (len > 2 && start[0] == '[' && start[len - 1] == ']') {
		start++;
		len -= 2;
	}
	if (len == 0 || len >= sizeof host)
		fail("--collector %s: no host", l->collector);
	memcpy(host, start, len);
	rc = getaddrinfo(host, colon + 1, &hints, &found);
	if (rc != 0)
		fail("--collector %s: %s", l->collector, gai_strerror(rc));
	memcpy(&l->addr, found->ai_addr, found->ai_addrlen);
	l->addr_len = found->ai_addrlen;
	freeaddrinfo(found);
}

static uint64_t
number(const char *name, const char *text, uint64_t min, uint64_t max)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || v < min || v > max)
		fail("--%s %s: a number from %llu to %llu", name, text,
		    (unsigned long long)min, (unsigned long long)max);
	return v;
}

void
options_read(struct load *l, int argc, char **argv)
{
	static const struct option options[] = {{"agents", 1, NULL, 'a'},
	    {"records", 1, NULL, 'r'}, {"batch", 1, NULL, 'b'},
	    {"window", 1, NULL, 'w'}, {"seconds", 1, NULL, 's'}, {"zstd", 1, NULL, 'z'},
	    {"collector", 1, NULL, 'c'}, {"name", 1, NULL, 'n'}, {"keys", 1, NULL, 'k'},
	    {NULL, 0, NULL, 0}};
	int c, i;

	while ((c = getopt_long(argc, argv, "", options, &i)) != -1) {
		if (c == 'a')
			l->agents = number(options[i].name, optarg, 1, AGENTS_MAX);
		else if (c == 'r')
			l->records = number(options[i].name, optarg, 1, 1000000000);
		else if (c == 'b')
			l->batch =
			    number(options[i].name, optarg, 1, BATCH_RECORDS_MAX);
		else if (c == 'w')
			l->window = number(options[i].name, optarg, 1, WINDOW_MAX);
		else if (c == 's')
			l->seconds = number(options[i].name, optarg, 1, 86400);
		else if (c == 'z')
			l->level = number(options[i].name, optarg, 0, 19);
		else if (c == 'c')
			l->collector = optarg;
		else if (c == 'n')
			l->prefix = optarg;
		else if (c == 'k')
			l->keys = optarg;
		else
			exit(2);
	}
	if (optind != argc || l->collector == NULL)
		fail("usage: --collector ADDRESS [--agents N] [--records N-OF-EACH] "
		     "[--batch RECORDS] [--window BATCHES] [--seconds LIMIT] [--zstd "
		     "LEVEL] "
		     "[--name PREFIX] [--keys DIR]");
	resolve(l);
}
