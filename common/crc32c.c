/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/crc32c.h"

#include <stdbool.h>
#include <string.h>

#define CRC32C_POLY 0x82f63b78u /* 0x1EDC6F41 with its bits reversed */

static uint32_t crc_table[8][256];

static void
crc_table_fill(void)
{
	for (unsigned i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = (crc >> 1) ^ ((crc & 1) ? CRC32C_POLY : 0);
		crc_table[0][i] = crc;
	}
	for (unsigned i = 0; i < 256; i++)
		for (int t = 1; t < 8; t++)
			crc_table[t][i] = (crc_table[t - 1][i] >> 8) ^
					  crc_table[0][crc_table[t - 1][i] & 0xff];
}

static uint32_t
crc_by_table(uint32_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 8; p += 8, len -= 8) {
		uint32_t low = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 |
					 (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);

		crc = crc_table[7][low & 0xff] ^ crc_table[6][(low >> 8) & 0xff] ^
		      crc_table[5][(low >> 16) & 0xff] ^ crc_table[4][low >> 24] ^
		      crc_table[3][p[4]] ^ crc_table[2][p[5]] ^ crc_table[1][p[6]] ^
		      crc_table[0][p[7]];
	}
	for (; len > 0; p++, len--)
		crc = (crc >> 8) ^ crc_table[0][(crc ^ *p) & 0xff];
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t
crc_by_instruction(uint32_t crc, const uint8_t *p, size_t len)
{
	uint64_t wide = crc;

	for (; len >= 8; p += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, p, sizeof word);
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	for (; len > 0; p++, len--)
		crc = __builtin_ia32_crc32qi(crc, *p);
	return crc;
}
#endif

static uint32_t (*crc_update)(uint32_t crc, const uint8_t *p, size_t len);

/* Before main: threads and callers then only read. */
__attribute__((constructor)) static void
crc_choose(void)
{
	crc_table_fill();
	crc_update = crc_by_table;
#ifdef __x86_64__
	__builtin_cpu_init();
	if (__builtin_cpu_supports("sse4.2"))
		crc_update = crc_by_instruction;
#endif
}

uint32_t
crc32c(uint32_t crc, const void *data, size_t len)
{
	return ~crc_update(~crc, data, len);
}

uint32_t
crc32c_portable(uint32_t crc, const void *data, size_t len)
{
	return ~crc_by_table(~crc, data, len);
}

/* ---- polynomials over two elements modulo that of the CRC; bit 31 is x^0 */

static uint32_t
product(uint32_t a, uint32_t b)
{
	uint32_t sum = 0;

	for (uint32_t bit = 1u << 31; bit != 0; bit >>= 1) {
		if ((a & bit) != 0)
			sum ^= b;
		b = (b >> 1) ^ ((b & 1) != 0 ? CRC32C_POLY : 0);
	}
	return sum;
}

/* What b_len more bytes do to a CRC is a multiplication by x^(8 * b_len). */
uint32_t
crc32c_join(uint32_t a, uint32_t b, size_t b_len)
{
	uint32_t factor = 1u << 23; /* x^8 */

	for (; b_len > 0; b_len >>= 1) {
		if ((b_len & 1) != 0)
			a = product(a, factor);
		factor = product(factor, factor);
	}
	return a ^ b;
}
