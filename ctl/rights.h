/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rights that must and must not be there, as one query. */
#ifndef FWLOG_CTL_RIGHTS_H
#define FWLOG_CTL_RIGHTS_H

/* One row for each right that is wrong: what is wrong, and the statement that mends it.
 */
extern const char rights_sql[];

#endif
