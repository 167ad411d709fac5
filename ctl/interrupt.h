/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ctrl-C and SIGTERM while the database works: the statement ends on the server, too,
 * then the program does as the command wants it.
 */
#ifndef FWLOG_CTL_INTERRUPT_H
#define FWLOG_CTL_INTERRUPT_H

#include <stdbool.h>

/* From now on the signals cancel the statement of db_cancel_set and are remembered. */
void interrupt_catch(void);
bool interrupt_came(void);
/* Sleeps so long; false when a signal came before the time was over. */
bool interrupt_sleep(unsigned ms);
/* The command is done with it, as by any other end. */
void interrupt_forget(void);
/* Ends the program as the signal would have, if one came. */
void interrupt_obey(void);

#endif
