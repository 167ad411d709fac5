/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "ctl/db.h"

static volatile sig_atomic_t came;

static void
remember(int number)
{
	came = number;
	db_cancel();
}

static void
set(void (*handler)(int))
{
	struct sigaction action = {.sa_handler = handler};

	sigemptyset(&action.sa_mask);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void
interrupt_catch(void)
{
	set(remember);
}

bool
interrupt_came(void)
{
	return came != 0;
}

/* The signals are let in only while it sleeps: none is missed before. */
bool
interrupt_sleep(unsigned ms)
{
	struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
	sigset_t both;
	int number;

	sigemptyset(&both);
	sigaddset(&both, SIGINT);
	sigaddset(&both, SIGTERM);
	sigprocmask(SIG_BLOCK, &both, NULL);
	if (came == 0) {
		do
			number = sigtimedwait(&both, NULL, &time);
		while (number < 0 && errno == EINTR);
		if (number > 0)
			came = number;
	}
	sigprocmask(SIG_UNBLOCK, &both, NULL);
	return came == 0;
}

void
interrupt_forget(void)
{
	came = 0;
}

void
interrupt_obey(void)
{
	if (came == 0)
		return;
	set(SIG_DFL);
	raise(came);
}
