// SPDX-License-Identifier: GPL-2.0-or-later
// The database behind the page, by psql as tests/lib/pg.sh has set it up; and tshark.
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';

export function sql(text) {
	return execFileSync('psql', ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-c', text],
		{ encoding: 'utf8' }).trim();
}

// Events of the scan's source, newer than all others.
export function moreOfTheScan(count) {
	sql(`WITH m AS (UPDATE fwlog.host_mark SET next_n = next_n + ${count} WHERE host_id = 1
			RETURNING next_n - ${count} AS n)
		INSERT INTO fwlog.event (ts, host_id, n, prefix_id, family, proto, len, src, sport, dst, dport)
		SELECT clock_timestamp(), 1, m.n + g, 1, 2, 6, 60, '203.0.113.77', 50000, '198.51.100.23', 9
		FROM m, generate_series(0, ${count - 1}) g`);
}

// Destination ports of the packets that a display filter selects, by tshark.
export function tshark(packets, filter) {
	const file = `${process.env.TMPDIR ?? '/tmp'}/fwlog-check-web-${process.pid}.pcap`;
	writeFileSync(file, packets);
	try {
		return execFileSync('tshark', ['-r', file, '-Y', filter, '-T', 'fields', '-e', 'tcp.dstport'],
			{ encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).split('\n').filter(Boolean);
	} finally {
		rmSync(file);
	}
}
