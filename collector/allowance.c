/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/allowance.h"

#include <stdlib.h>
#define HASH_NONFATAL_OOM 1
#define uthash_nonfatal_oom(element) ((element)->host_id = 0)
#include <uthash.h>

struct account {
	int32_t host_id;
	uint64_t taken;
	uint64_t since_ms;
	UT_hash_handle hh;
};

struct allowance {
	struct account *by_host;
	uint64_t share;
};

struct allowance *
allowance_new(uint64_t share)
{
	struct allowance *a = calloc(1, sizeof *a);

	if (a != NULL)
		a->share = share;
	return a;
}

static void
account_free(struct allowance *a, struct account *account)
{
	HASH_DEL(a->by_host, account);
	free(account);
}

void
allowance_free(struct allowance *a)
{
	struct account *account, *next;

	if (a == NULL)
		return;
	HASH_ITER (hh, a->by_host, account, next)
		account_free(a, account);
	free(a);
}

static struct account *
account_new(struct allowance *a, int32_t host_id, uint64_t now_ms)
{
	struct account *account = calloc(1, sizeof *account);

	if (account == NULL)
		return NULL;
	account->host_id = host_id;
	account->since_ms = now_ms;
	HASH_ADD(hh, a->by_host, host_id, sizeof account->host_id, account);
	if (account->host_id == host_id)
		return account;
	free(account); /* uthash had no memory for its table */
	return NULL;
}

bool
allowance_take_many(struct allowance *a, int32_t host_id, uint64_t n, uint64_t now_ms)
{
	struct account *account;

	HASH_FIND(hh, a->by_host, &host_id, sizeof host_id, account);
	if (account == NULL)
		account = account_new(a, host_id, now_ms);
	if (account == NULL)
		return false;
	if (now_ms - account->since_ms >= ALLOWANCE_MS) {
		account->since_ms = now_ms;
		account->taken = 0;
	}
	if (n > a->share - account->taken)
		return false;
	account->taken += n;
	return true;
}

bool
allowance_take(struct allowance *a, int32_t host_id, uint64_t now_ms)
{
	return allowance_take_many(a, host_id, 1, now_ms);
}

void
allowance_forget(struct allowance *a, uint64_t now_ms)
{
	struct account *account, *next;

	HASH_ITER (hh, a->by_host, account, next)
		if (now_ms - account->since_ms >= ALLOWANCE_MS)
			account_free(a, account);
}
