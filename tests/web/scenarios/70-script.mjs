// SPDX-License-Identifier: GPL-2.0-or-later
// What the script adds: zoom by dragging, live without a reload, keys, a link to copy.
import { follow, open, records, twin } from '../browser.mjs';
import { moreOfTheScan } from '../database.mjs';

const SCAN = 'q=src:203.0.113.77';

async function zoom(page, check) {
	await open(page, '/events?range=1h');
	const figure = page.locator('.timeline');
	const [start, width, bars] = await figure.evaluate((f) =>
		[f.dataset.from, f.dataset.width, f.dataset.bars].map(Number));
	const box = await figure.locator('svg').boundingBox();
	const at = (bar) => box.x + box.width * (bar + 0.5) / bars;
	await page.mouse.move(at(10), box.y + box.height / 2);
	await page.mouse.down();
	await page.mouse.move(at(15), box.y + 20, { steps: 5 });
	await page.mouse.move(at(19), box.y + 20, { steps: 5 });
	check('what is chosen is shown', await page.locator('.timeline .drag').count(), 1);
	await Promise.all([page.waitForEvent('load'), page.mouse.up()]);
	const to = (us) => new Date(us / 1000).toISOString().replace('.000Z', 'Z');
	const query = new URL(page.url()).searchParams;
	check('the bars that were dragged over are the range', [query.get('from'), query.get('to')],
		[to(start + 10 * width), to(start + 20 * width)]);
	check('it is finer', Number(await page.locator('.timeline').getAttribute('data-width')) < width);
	await page.goBack();
	await page.locator('.timeline svg').waitFor();
	await page.mouse.move(at(5), box.y + 20);
	await Promise.all([page.waitForEvent('load'), page.mouse.click(at(5), box.y + 20)]);
	check('a click is one bar still', new URL(page.url()).searchParams.get('from'), to(start + 5 * width));
}

async function live(page, check) {
	await open(page, `/events?${SCAN}&live=5`);
	const first = (await records(page))[0];
	let loads = 0;
	page.on('load', () => loads++);
	moreOfTheScan(3);
	await page.waitForFunction((before) => !document.querySelector('section.events tbody a[href*="/record/"]')
		.getAttribute('href').includes(before), first, { timeout: 20000 });
	check('new rows come by themselves', (await records(page)).indexOf(first), 3);
	check('without a reload', loads, 0);
	check('the filter is kept', await page.locator('.chips code').allInnerTexts(), ['src:203.0.113.77']);
	check('its state is shown', /live/.test(await page.locator('.live').innerText()));
	await page.getByRole('textbox', { name: 'Filter' }).focus();
	await page.getByText(/paused/).waitFor({ timeout: 10000 });
	check('it pauses while somebody types', true);
	await follow(page, page.locator('.live').getByRole('link', { name: 'stop' }));
	check('and stops', !page.url().includes('live='));
}

async function keys(page, check) {
	await open(page, '/events');
	await page.keyboard.press('/');
	check('“/” is the search', await page.evaluate(() => document.activeElement.name), 'q');
	await page.keyboard.press('Escape');
	await Promise.all([page.waitForEvent('load'), page.keyboard.press('[')]);
	const { from, to } = await twin(page, `/api/events${new URL(page.url()).search}`);
	check('“[” is the hour before', Date.parse(to) - Date.parse(from), 3600000);
	await Promise.all([page.waitForEvent('load'), page.keyboard.press('?')]);
	check('“?” is the help', new URL(page.url()).pathname, '/fwlog/help');
}

async function copy(page, check) {
	await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
	await open(page, `/events?${SCAN}`);
	const share = page.locator('a.share').first();
	const href = await share.evaluate((a) => a.href);
	await share.click();
	await page.getByText('link copied').waitFor();
	check('the link is copied', await page.evaluate(() => navigator.clipboard.readText()), href);
}

export default { 'drag to zoom': zoom, 'live tail': live, keys, 'copy the link': copy };
