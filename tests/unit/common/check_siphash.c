/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash-2-4 against the vectors of its authors (key 00 01 … 0f, input 00 01 …). */
#include <check.h>
#include <stdlib.h>

#include "common/siphash.h"

START_TEST(the_authors_vectors)
{
	/* Little-endian outputs for inputs of 0, 1, 7, 8 and 15 bytes. */
	static const struct {
		size_t len;
		uint64_t hash;
	} vectors[] = {{0, UINT64_C(0x726fdb47dd0e0e31)},
	    {1, UINT64_C(0x74f839c593dc67fd)}, {7, UINT64_C(0xab0200f58b01d137)},
	    {8, UINT64_C(0x93f5f5799a932462)}, {15, UINT64_C(0xa129ca6149be45e5)}};
	uint8_t key[SIPHASH_KEY_LEN], input[16];

	for (uint8_t i = 0; i < 16; i++)
		key[i] = input[i] = i;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
		ck_assert_uint_eq(siphash(key, input, vectors[i].len), vectors[i].hash);
	key[0] ^= 1;
	ck_assert_uint_ne(siphash(key, input, 15), vectors[4].hash);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("siphash");
	TCase *tcase = tcase_create("siphash");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, the_authors_vectors);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
