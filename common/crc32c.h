/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FWLOG_COMMON_CRC32C_H
#define FWLOG_COMMON_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4), reflected, init and final xor ~0.
 * Start with crc = 0; crc32c(crc32c(0, a), b) is the CRC of a followed by b.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);
/* The same without the processor's own instruction: what other processors run. */
uint32_t crc32c_portable(uint32_t crc, const void *data, size_t len);
/* The CRC of a followed by b, of which only the CRCs and b's length are known. */
uint32_t crc32c_join(uint32_t a, uint32_t b, size_t b_len);

#endif
