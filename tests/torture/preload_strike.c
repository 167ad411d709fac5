/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LD_PRELOAD library for the collector: a signal to itself at a chosen step of its
 * transaction. The file $FWLOG_STRIKE says once which and what, for instance
 * "commit-sent KILL"; it is removed when it strikes, and can be written again.
 *
 *   copying          rows of a COPY went to the server, more are to come
 *   copy-end         the end of the COPY was sent
 *   commit-next      everything but COMMIT was done
 *   commit-sent      COMMIT was sent, its answer not read
 *   commit-returned  the answer was read, no agent was told
 *   ack-sent         an agent was told, others perhaps not
 */
#include <dlfcn.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static PGconn *committing; /* COMMIT is under way there, or its answer was just read */
static bool sent, returned;

/* The next library's function of that name; exits when there is none. */
static void
next(const char *name, void *function)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL) {
		fprintf(stderr, "preload_strike: no %s\n", name);
		abort();
	}
	memcpy(function, &found, sizeof found);
}

static void
strike(const char *point)
{
	const char *path = getenv("FWLOG_STRIKE");
	char want[32] = "", signal_name[8] = "";
	FILE *f = path != NULL ? fopen(path, "re") : NULL;

	if (f == NULL)
		return;
	if (fscanf(f, "%31s %7s", want, signal_name) != 2 || strcmp(want, point) != 0) {
		fclose(f);
		return;
	}
	fclose(f);
	unlink(path);
	raise(strcmp(signal_name, "STOP") == 0 ? SIGSTOP : SIGKILL);
}

int
PQputCopyData(PGconn *conn, const char *buffer, int nbytes)
{
	int (*real)(PGconn *, const char *, int);
	int rc;

	next("PQputCopyData", &real);
	rc = real(conn, buffer, nbytes);
	PQflush(conn);
	strike("copying");
	return rc;
}

int
PQputCopyEnd(PGconn *conn, const char *errormsg)
{
	int (*real)(PGconn *, const char *);
	int rc;

	next("PQputCopyEnd", &real);
	rc = real(conn, errormsg);
	PQflush(conn);
	strike("copy-end");
	return rc;
}

int
PQsendQuery(PGconn *conn, const char *query)
{
	int (*real)(PGconn *, const char *);
	bool commit =
	    strlen(query) >= 6 && strcmp(query + strlen(query) - 6, "COMMIT") == 0;
	int rc;

	next("PQsendQuery", &real);
	if (commit)
		strike("commit-next");
	rc = real(conn, query);
	if (commit) {
		committing = conn;
		sent = returned = false;
	}
	return rc;
}

int
PQflush(PGconn *conn)
{
	int (*real)(PGconn *);
	int rc;

	next("PQflush", &real);
	rc = real(conn);
	if (rc == 0 && conn == committing && !sent) {
		sent = true;
		strike("commit-sent");
	}
	return rc;
}

PGresult *
PQgetResult(PGconn *conn)
{
	PGresult *(*real)(PGconn *);
	PGresult *result;

	next("PQgetResult", &real);
	result = real(conn);
	if (result != NULL && conn == committing &&
	    strcmp(PQcmdStatus(result), "COMMIT") == 0) {
		returned = true;
		strike("commit-returned");
	}
	return result;
}

/* libevent writes to agents with it, libpq to the server does not. */
ssize_t
writev(int fd, const struct iovec *iov, int iovcnt)
{
	ssize_t (*real)(int, const struct iovec *, int);
	int type;
	socklen_t len = sizeof type;
	ssize_t rc;

	next("writev", &real);
	rc = real(fd, iov, iovcnt);
	if (returned && rc > 0 &&
	    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0) {
		returned = false;
		strike("ack-sent");
	}
	return rc;
}
