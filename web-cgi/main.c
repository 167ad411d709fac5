/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/cgi.h"

int
main(void)
{
	return cgi_main();
}
