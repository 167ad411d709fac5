/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/nftables.h"

#include <errno.h>
#include <nftables/libnftables.h>
#include <string.h>

#define OUTPUT (NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_HANDLE | NFT_CTX_OUTPUT_TERSE)

static char *
list(struct nft_ctx *ctx, char *why, size_t whysize)
{
	char *text;

	nft_ctx_output_set_flags(ctx, OUTPUT);
	if (nft_ctx_buffer_output(ctx) != 0 || nft_ctx_buffer_error(ctx) != 0) {
		snprintf(why, whysize, "out of memory");
		return NULL;
	}
	if (nft_run_cmd_from_buffer(ctx, "list ruleset") != 0) {
		const char *error = nft_ctx_get_error_buffer(ctx);

		snprintf(why, whysize, "%.*s", (int)strcspn(error, "\n"), error);
		return NULL;
	}
	text = strdup(nft_ctx_get_output_buffer(ctx));
	if (text == NULL)
		snprintf(why, whysize, "out of memory");
	return text;
}

char *
nftables_list(char *why, size_t whysize)
{
	struct nft_ctx *ctx = nft_ctx_new(NFT_CTX_DEFAULT);
	char *text;

	if (ctx == NULL) {
		snprintf(why, whysize, "libnftables: %s", strerror(errno));
		return NULL;
	}
	text = list(ctx, why, whysize);
	nft_ctx_free(ctx);
	return text;
}
