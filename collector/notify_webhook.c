/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/notify_webhook.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collector/clock.h"
#include "collector/notify_http.h"
#include "collector/notify_way.h"
#include "common/noise.h"

#define SECRET_MAX 512

struct webhook {
	struct http *http;
	char secret[SECRET_MAX]; /* "": not signed */
};

void
webhook_sign(const char *secret, uint64_t seconds, const char *body, size_t len,
    char header[WEBHOOK_SIGNATURE_MAX])
{
	uint8_t mac[NOISE_HMAC_SIZE];
	char time[24];
	const struct noise_part part[] = {
	    {time, (size_t)snprintf(time, sizeof time, "%" PRIu64 ".", seconds)},
	    {body, len},
	};
	size_t at;

	noise_hmac_sha256(mac, secret, strlen(secret), part, 2);
	at = (size_t)snprintf(
	    header, WEBHOOK_SIGNATURE_MAX, "X-Fwlog-Signature: sha256=");
	for (size_t i = 0; i < sizeof mac; i++)
		at += (size_t)snprintf(
		    header + at, WEBHOOK_SIGNATURE_MAX - at, "%02x", mac[i]);
}

/* The first line of a file that is nobody else's to read. */
static int
read_secret(const char *path, char secret[SECRET_MAX], char *why, size_t whysize)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0)
		n = read(fd, secret, SECRET_MAX - 1);
	if (n < 0)
		snprintf(why, whysize, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return -1;
	secret[n] = '\0';
	secret[strcspn(secret, "\r\n")] = '\0';
	if ((st.st_mode & 0077) != 0) {
		snprintf(why, whysize, "%s: others may read it: chmod 600", path);
		return -1;
	}
	if (strlen(secret) < 16) {
		snprintf(why, whysize,
		    "%s: the secret, its first line, has less than 16 characters",
		    path);
		return -1;
	}
	return 0;
}

static void *
webhook_open(const struct action *a, char *why, size_t whysize)
{
	struct webhook *w = calloc(1, sizeof *w);

	snprintf(why, whysize, "no memory");
	if (w == NULL)
		return NULL;
	if (a->secret_file == NULL ||
	    read_secret(a->secret_file, w->secret, why, whysize) == 0)
		w->http = http_new(a->url, a->ca_file, a->timeout);
	if (w->http != NULL)
		return w;
	free(w);
	return NULL;
}

static enum way_outcome
webhook_send(
    void *self, const struct notice *n, size_t count, char *why, size_t whysize)
{
	struct webhook *w = self;
	const char *body = notice_text(n, NOTICE_JSON);
	uint64_t now = clock_wall_us() / 1000000;
	char delivery[64], time[64], signature[WEBHOOK_SIGNATURE_MAX];
	const char *headers[] = {delivery, time, signature, NULL};

	(void)count;
	snprintf(delivery, sizeof delivery, "X-Fwlog-Delivery: %s",
	    notice_text(n, NOTICE_DELIVERY));
	snprintf(time, sizeof time, "X-Fwlog-Timestamp: %" PRIu64, now);
	if (w->secret[0] != '\0')
		webhook_sign(w->secret, now, body, strlen(body), signature);
	else
		headers[2] = NULL;
	return http_post(w->http, body, strlen(body), headers, why, whysize);
}

const struct way way_webhook = {.batch = 1, .open = webhook_open, .send = webhook_send};
