/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/monitor.h"
#include "agent/options.h"
#include "agent/stats.h"
#include "common/cli.h"

int
main(int argc, char **argv)
{
	static const struct cli_program program = {
	    .name = "fwlog-agent",
	    .summary = "reads NFLOG groups and brings every record to a collector",
	    .default_conf = FWLOG_SYSCONFDIR "/fwlog/fwlog-agent.conf",
	    .spec = &options_spec,
	    .metrics = &stats_table,
	};
	static struct options options;
	int rc = cli_start(&program, argc, argv, &options);

	if (rc < 0)
		rc = monitor_run(&options);
	options_free(&options);
	return rc;
}
