/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/notify_http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define SAID_MAX 120 /* bytes of an answer that are shown */

struct http {
	CURL *curl;
	char *url;
	size_t got; /* bytes of the answer */
	char said[SAID_MAX + 1];
	char error[CURL_ERROR_SIZE];
};

static size_t
on_answer(char *data, size_t one, size_t len, void *arg)
{
	struct http *h = arg;
	size_t room = h->got < SAID_MAX ? SAID_MAX - h->got : 0;

	(void)one;
	memcpy(h->said + (SAID_MAX - room), data, len < room ? len : room);
	h->got += len;
	return h->got <= HTTP_ANSWER_MAX ? len : 0; /* less than len: enough */
}

static bool
set_options(struct http *h, const char *ca_file, uint64_t timeout_ms)
{
	CURL *c = h->curl;
	CURLcode rc = CURLE_OK;

#define SET(option, value) rc = rc != CURLE_OK ? rc : curl_easy_setopt(c, option, value)
	SET(CURLOPT_URL, h->url);
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
#else
	SET(CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_TIMEOUT_MS, (long)timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)timeout_ms);
	SET(CURLOPT_USERAGENT, "fwlog/" FWLOG_VERSION);
	SET(CURLOPT_WRITEFUNCTION, on_answer);
	SET(CURLOPT_WRITEDATA, (void *)h);
	SET(CURLOPT_ERRORBUFFER, h->error);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (ca_file != NULL)
		SET(CURLOPT_CAINFO, ca_file);
#undef SET
	return rc == CURLE_OK;
}

struct http *
http_new(const char *url, const char *ca_file, uint64_t timeout_ms)
{
	struct http *h;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NULL;
	h = calloc(1, sizeof *h);
	if (h == NULL)
		return NULL;
	h->url = strdup(url);
	h->curl = curl_easy_init();
	if (h->url != NULL && h->curl != NULL && set_options(h, ca_file, timeout_ms))
		return h;
	http_free(h);
	return NULL;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	curl_easy_cleanup(h->curl);
	free(h->url);
	free(h);
}

static struct curl_slist *
make_headers(const char *const *headers)
{
	/* No "Expect: 100-continue": few receivers answer it. */
	static const char *const common[] = {
	    "Content-Type: application/json", "Expect:", NULL};
	struct curl_slist *list = NULL, *longer;

	for (int pass = 0; pass < 2; pass++) {
		const char *const *h = pass == 0 ? common : headers;

		for (; h != NULL && *h != NULL; h++) {
			longer = curl_slist_append(list, *h);
			if (longer == NULL) {
				curl_slist_free_all(list);
				return NULL;
			}
			list = longer;
		}
	}
	return list;
}

static enum way_outcome
judge(struct http *h, CURLcode rc, char *why, size_t whysize)
{
	long status = 0;
	bool enough = rc == CURLE_WRITE_ERROR && h->got > HTTP_ANSWER_MAX;

	curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	if (rc != CURLE_OK && !enough) {
		snprintf(why, whysize, "%s",
		    h->error[0] != '\0' ? h->error : curl_easy_strerror(rc));
		return WAY_FAILED;
	}
	if (status >= 200 && status < 300)
		return WAY_SENT;
	snprintf(why, whysize, "HTTP status %ld%s%s%s", status,
	    status >= 300 && status < 400 ? ": redirects are not followed" : "",
	    h->said[0] != '\0' ? ": " : "", h->said);
	/* Too early, too many: he wants it later. */
	if (status >= 400 && status < 500 && status != 408 && status != 425 &&
	    status != 429)
		return WAY_REFUSED;
	return WAY_FAILED;
}

enum way_outcome
http_post(struct http *h, const char *body, size_t len, const char *const *headers,
    char *why, size_t whysize)
{
	struct curl_slist *list = make_headers(headers);
	enum way_outcome outcome;
	CURLcode rc;

	if (list == NULL) {
		snprintf(why, whysize, "no memory");
		return WAY_FAILED;
	}
	h->got = 0;
	memset(h->said, 0, sizeof h->said);
	h->error[0] = '\0';
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, body);
	rc = curl_easy_perform(h->curl);
	outcome = judge(h, rc, why, whysize);
	/* Neither outlives the call. */
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, NULL);
	curl_slist_free_all(list);
	return outcome;
}
