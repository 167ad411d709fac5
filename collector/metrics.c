/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/metrics.h"

#include <inttypes.h>

#include "common/log.h"

#define METRIC_FORMAT(name, meaning) " " #name "=%" PRIu64
#define METRIC_VALUE(name, meaning) , m->name

void
metrics_log(const struct metrics *m)
{
	log_info("counters:" METRICS(METRIC_FORMAT) METRICS(METRIC_VALUE));
}
