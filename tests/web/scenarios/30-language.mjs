// SPDX-License-Identifier: GPL-2.0-or-later
// The filter language in the search box: spellings, and mistakes that are explained.
import { open, records } from '../browser.mjs';

async function search(page, text) {
	await page.getByRole('textbox', { name: 'Filter' }).fill(text);
	const [answer] = await Promise.all([
		page.waitForResponse((r) => r.request().isNavigationRequest()),
		page.getByRole('textbox', { name: 'Filter' }).press('Enter'),
	]);
	await page.waitForLoadState();
	return answer;
}

async function spellings(page, check) {
	await open(page, '/events?range=24h');
	await search(page, 'src:203.0.113.77 dport:22,3389 proto:tcp');
	const rows = await records(page);
	check('two events', rows.length, 2);
	for (const text of [
		'ip.src == 203.0.113.77 && (tcp.dstport == 22 || tcp.dstport == 3389)',
		'source.ip: 203.0.113.77 and (destination.port: 22 or destination.port: 3389)',
		'src=203.0.113.77 and (dport=22 or dport=3389) and tcp',
	]) {
		const answer = await search(page, text);
		check(`the rows of “${text}”`, answer.status() === 200 ? await records(page)
			: await page.locator('main').innerText(), rows);
	}
}

const mistakes = [
	['srce:192.0.2.1', 1, 'src'],
	['src:192.0.2.1 dprt:22', 15, 'dport'],
	['src:300.1.2.3', 5, '300.1.2.3'],
	['(dport:22', 10, ''],
	['dport:99999', 7, '65535'],
];

async function kindMistakes(page, check) {
	await open(page, '/events');
	for (const [text, column, help] of mistakes) {
		const answer = await search(page, text);
		const shown = await page.locator('main').innerText();
		const caret = await page.locator('pre.caret').textContent();
		check(`“${text}” is 400`, answer.status(), 400);
		check(`“${text}”: the caret's column`, caret.split('\n')[1]?.indexOf('^') + 1, column);
		check(`“${text}”: a hint`, shown.includes(help));
		check(`“${text}”: it stays in the box`,
			await page.getByRole('textbox', { name: 'Filter' }).inputValue(), text);
	}
	await search(page, 'dport:22');
	check('mended, it is answered', await page.locator('section.events tbody tr').count() > 0);
}

export default { spellings, 'kind mistakes': kindMistakes };
