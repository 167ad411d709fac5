// SPDX-License-Identifier: GPL-2.0-or-later
// From a spike to the one packet, and what leads there: bars, values, minus signs, chips.
import { follow, open, records, take, twin } from '../browser.mjs';
import { tshark } from '../database.mjs';

const SCANNER = '203.0.113.77';
const list = (page, title) => page.locator('section').filter(
	{ has: page.getByRole('heading', { name: title }) });
const value = (page, title, text) => list(page, title).getByRole('link', { name: text, exact: true });
const total = async (page) => Number((await page.locator('.pager span').first().innerText())
	.replace(/^.* of ([\d,]+).*$/, '$1').replaceAll(',', ''));

// The bar with the most events, by its own words.
async function tallest(page) {
	const titles = await page.locator('.timeline svg a title').allTextContents();
	const counts = titles.map((t) => Number((t.match(/: ([\d,]+) event/) ?? [0, '0'])[1].replaceAll(',', '')));
	return page.locator('.timeline svg a').nth(counts.indexOf(Math.max(...counts)));
}

async function burst(page, check) {
	await open(page, '/');
	await follow(page, (await tallest(page)).locator('.hit'));
	check('1: the bar is the range', new URL(page.url()).searchParams.has('from'));
	await follow(page, value(page, 'Sources', SCANNER));
	check('2: the source is the filter', new URL(page.url()).searchParams.get('q'), `src:${SCANNER}`);
	check('its events are on the screen', await total(page), 1499);
	await follow(page, value(page, 'Prefixes', 'in-accept-rdp:'));
	check('3: one event is left', (await records(page)).length, 1);
	await follow(page, page.locator('section.events tbody a[href*="/record/"]').first());
	const text = await page.locator('main').innerText();
	check('4: it is the packet', /dst_port\s+3389/.test(text) && text.includes(SCANNER));
	check('its bytes are shown', /0000\s+45 00 00 3c/.test(text));
	const packet = await take(page, await page.getByRole('link', { name: 'PCAP' }).first()
		.getAttribute('href'));
	check('and read by tshark', tshark(packet.body, `ip.src == ${SCANNER}`), ['3389']);
}

async function include(page, check) {
	await open(page, '/events');
	const all = (await twin(page, '/api/events?range=1h')).total;
	await follow(page, value(page, 'Sources', SCANNER));
	check('a value leads to its events', (await page.locator('.chips code').allInnerTexts()), [`src:${SCANNER}`]);
	const some = await total(page);
	await page.goBack();
	await follow(page, list(page, 'Sources').getByRole('link', { name: `without src:${SCANNER}` }));
	check('its minus to all others', (await page.locator('.chips code').allInnerTexts()), [`-src:${SCANNER}`]);
	check('both together are all', Math.abs(some + await total(page) - all) < 20);
	await follow(page, value(page, 'Destination ports', '443'));
	check('a second value narrows', await page.locator('.chips li').count(), 2);
	await follow(page, page.getByRole('link', { name: `without -src:${SCANNER}` }));
	check('a chip goes away', (await page.locator('.chips code').allInnerTexts()), ['dport:443']);
}

async function drillDown(page, check) {
	await open(page, `/events?q=src:${SCANNER}`);
	const [name] = await records(page);
	await follow(page, page.locator('section.events tbody a[href*="/record/"]').first());
	check('the record of the row', page.url().includes(`/record/${name}`));
	check('it is marked among those around it', await page.locator('tr[aria-current]').count() >= 1);
	await follow(page, page.locator('.fields').getByRole('link', { name: SCANNER, exact: true }));
	check('a field leads to its events', new URL(page.url()).searchParams.get('q'), `src:${SCANNER}`);
	check('a record that never was', (await open(page, '/record/1-99999999')).status(), 404);
}

export default { 'a burst in four clicks': burst, 'include and exclude': include, 'drill-down': drillDown };
