/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzz target: tests/fuzz/fuzz_<name>.c defines fuzz_target, which must survive any
 * bytes, free all it took, and abort() when a property does not hold. It is linked with
 * replay.c (make check: the corpus and seeded mutations) or with libFuzzer (make fuzz).
 */
#ifndef FWLOG_TESTS_FUZZ_FUZZ_H
#define FWLOG_TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int fuzz_target(const uint8_t *data, size_t len);

#endif
