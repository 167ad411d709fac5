// SPDX-License-Identifier: GPL-2.0-or-later
// What a person sees first: is it quiet, or broken? And that the figures are those of the database.
import { open, twin } from '../browser.mjs';
import { sql } from '../database.mjs';

const figure = async (page, name) => (await page.locator('.strip > div').filter({ hasText: name })
	.locator('dd').first().innerText()).trim();

async function firstGlance(page, check) {
	await open(page, '/');
	const top = await page.evaluate(() => [...document.querySelectorAll('.verdict, .strip, .timeline svg, .tops section')]
		.map((e) => e.getBoundingClientRect().bottom));
	check('the answer, figures, timeline and three lists', top.length, 6);
	check('all above the fold', top.every((bottom) => bottom <= 768));
	const verdict = await page.locator('.verdict').first().innerText();
	check('what is wrong is said first', /branch01/.test(verdict) && /silent/.test(verdict) && /12 records/.test(verdict));
	check('agents that report', await figure(page, 'Agents'), '5/6');
	check('what is missing', await figure(page, 'Completeness'), '12 missing');
	check('the scan stands out as new', await page.locator('section').filter(
		{ has: page.getByRole('heading', { name: 'Sources' }) }).locator('tbody tr').first().innerText()
		.then((t) => t.startsWith('203.0.113.77') && /new/.test(t)));
	const gap = await page.locator('.timeline .gap').count();
	check('the gap is hatched', gap >= 1 && gap <= 2);
	check('the timeline is told in a table, too', await page.locator('.timeline details table').count(), 1);
}

async function figures(page, check) {
	await open(page, '/?range=24h');
	const { from, to, total } = await twin(page, `/api/timeline${await page.locator('a.share').first()
		.evaluate((a) => new URL(a.href).search)}`);
	const stored = Number(sql(`SELECT count(*) FROM fwlog.event WHERE ts >= '${from}' AND ts < '${to}'`));
	check('events of a day', Number((await figure(page, 'Events')).replaceAll(',', '')), stored);
	check('and of the twin', total, stored);
	for (const [title, column] of [['Sources', 'src'], ['Destination ports', 'dport']]) {
		const shown = await page.locator('section').filter({ has: page.getByRole('heading', { name: title }) })
			.locator('tbody tr').evaluateAll((rows) => rows.map((r) => [r.querySelector('a').textContent,
				r.querySelector('td.n').textContent.replaceAll(',', '')].join(' ')));
		const counts = sql(`SELECT ${column === 'src' ? 'host(src)' : column} || ' ' || count(*) FROM fwlog.event
			WHERE ts >= '${from}' AND ts < '${to}' GROUP BY ${column} ORDER BY count(*) DESC, ${column} LIMIT 8`).split('\n');
		check(`${title} of a day`, shown, counts);
	}
}

export default { 'first glance': firstGlance, 'figures are true': figures };
