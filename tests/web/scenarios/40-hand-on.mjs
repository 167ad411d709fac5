// SPDX-License-Identifier: GPL-2.0-or-later
// What is handed on: pages that turn while rows arrive, files that equal the screen, a link
// that shows the same an hour later.
import { URL_BASE, URL_LATER, follow, open, records, take, twin } from '../browser.mjs';
import { moreOfTheScan, sql, tshark } from '../database.mjs';

const SCAN = 'q=src:203.0.113.77&n=200';
const cells = (line) => line.match(/("([^"]|"")*"|[^,]*)(,|$)/g).map(
	(c) => c.replace(/,$/, '').replace(/^"|"$/g, '').replaceAll('""', '"'));

function parseCsv(text) {
	const [head, ...lines] = text.replace(/^\ufeff/, '').trim().split('\r\n').map(cells);
	return lines.map((l) => Object.fromEntries(head.map((h, i) => [h, l[i]])));
}

async function file(page, name) {
	return take(page, await page.getByRole('link', { name, exact: true }).first().getAttribute('href'));
}

async function paging(page, check) {
	const there = sql(`SELECT host_id || '-' || n FROM fwlog.event WHERE src = '203.0.113.77' AND dport <= 700
		AND ts > now() - interval '30 minutes' ORDER BY ts DESC, host_id DESC, n DESC`).split('\n');
	const seen = [];
	await open(page, '/events?q=src:203.0.113.77+dport:1-700&n=200');
	for (let turns = 0; turns < 20; turns++) {
		seen.push(...(await records(page)).map((r) => r.replace(/^(\d+-\d+).*/, '$1')));
		moreOfTheScan(30);
		const older = page.getByRole('link', { name: /^older/ }).first();
		if (await older.count() === 0)
			break;
		await follow(page, older);
	}
	check('every row once, in order, though others came', seen, there);
	await follow(page, page.getByRole('link', { name: /^newer/ }).first());
	const back = (await records(page)).map((r) => r.replace(/^(\d+-\d+).*/, '$1'));
	const at = there.indexOf(back[0]);
	check('back is the page before', back, there.slice(at, at + back.length));
}

async function files(page, check) {
	await open(page, `/events?${SCAN}&range=24h`);
	const shown = (await records(page)).map((r) => r.replace(/^\d+-(\d+).*/, '$1'));
	const all = sql(`SELECT count(*) FROM fwlog.event WHERE src = '203.0.113.77'`);
	const csv = await file(page, 'CSV');
	const rows = parseCsv(csv.text);
	check('CSV: the rows of the screen', rows.slice(0, 200).map((r) => r.n), shown);
	check('CSV: and all others', rows.length, Number(all));
	const lines = (await file(page, 'JSON lines')).text.trim().split('\n');
	check('JSON lines: the same rows', lines.map((l) => String(JSON.parse(l).n)), rows.map((r) => r.n));
	const pcap = await file(page, 'PCAP');
	const head = pcap.headers;
	const packets = tshark(pcap.body, 'ip.src == 203.0.113.77');
	check('PCAP: tshark reads what is told', packets.length, Number(head['fwlog-rows']));
	check('PCAP: none is lost in silence',
		Number(head['fwlog-rows']) + Number(head['fwlog-skipped']), Number(all));
}

async function link(page, check) {
	await open(page, `/events?${SCAN}`);
	const share = (await page.locator('a.share').first().getAttribute('href')).replace(/^\/fwlog/, '');
	const figures = async () => {
		const d = await twin(page, `/api${share}`);
		return [d.total, d.from, d.to, d.events.map((e) => e.n)];
	};
	const before = await figures();
	const seen = await records(page);
	moreOfTheScan(5);
	await page.goto(URL_LATER + share);
	check('the same rows an hour later', await records(page), seen);
	check('no preset any more', await page.locator('.presets a[aria-current]').count(), 0);
	check('and the same figures', await figures(), before);
	await page.goto(`${URL_LATER}/events?${SCAN}&range=15m`);
	check('while a range up to now moves on', (await records(page)).length, 0);
	await page.goto(URL_BASE);
}

export default { 'paging while rows arrive': paging, 'files equal the screen': files, 'a link an hour later': link };
