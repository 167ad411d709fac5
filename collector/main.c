/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collector/collector.h"

int
main(int argc, char **argv)
{
	struct options options = {0};
	int code = cli_start(&options_program, argc, argv, &options);

	if (code < 0)
		code = collector_run(&options);
	options_free(&options);
	return code;
}
