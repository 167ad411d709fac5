// SPDX-License-Identifier: GPL-2.0-or-later
// What attackers can write into a log is text on every page and in every file.
import { open, take } from '../browser.mjs';
import { sql } from '../database.mjs';

const SEEN = [/<script>alert\(1\)<\/script>/, /"onmouseover="alert\(2\)/, /=cmd\|'\/C calc'!A0/,
	/\\x1b\[31mpwned\\x0a\\xe2\\x80\\xaelive/];
const BAD = /[\u0000-\u0008\u000b-\u001f\u007f\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

async function harmless(page, check, what) {
	const found = await page.evaluate(() => ({
		text: document.body.textContent,
		scripts: document.querySelectorAll('script:not([src])').length,
		handlers: [...document.querySelectorAll('*')].filter((e) => [...e.attributes].some(
			(a) => a.name.startsWith('on') || a.name === 'style')).length,
	}));
	check(`${what}: no markup of theirs`, [found.scripts, found.handlers], [0, 0]);
	check(`${what}: no control bytes, nothing turned round`, !BAD.test(found.text));
	return found.text;
}

async function text(page, check) {
	for (const path of ['/?range=24h', '/events?range=24h&q=sport:666']) {
		await open(page, path);
		const shown = await harmless(page, check, path);
		if (path.includes('666'))
			SEEN.forEach((what) => check(`${path}: ${what.source} is read as text`, what.test(shown)));
	}
	for (const link of await page.locator('section').filter({ has: page.getByRole('heading', { name: 'Prefixes' }) })
		.locator('a.with').evaluateAll((links) => links.map((a) => a.href))) {
		await page.goto(link);
		check('a link of such a prefix finds its ten', /\b10 of 10 events/.test(await page.locator('main').innerText()));
	}
	const keys = sql(`SELECT DISTINCT ON (prefix_id) host_id || '-' || n FROM fwlog.event WHERE sport = 666`);
	for (const key of keys.split('\n')) {
		await open(page, `/record/${key}`);
		await harmless(page, check, `record ${key}`);
	}
	const csv = await take(page, '/fwlog/export.csv?range=24h&q=sport:666');
	check('no cell of a file is a formula', csv.text.split('\r\n').flatMap((l) => l.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/))
		.filter((c) => /^"?[=+@\t-]/.test(c)), []);
	await open(page, `/events?q=${encodeURIComponent('"><script>alert(3)</script>')}`);
	await harmless(page, check, 'a filter of markup');
	await open(page, '/events?tz=%3Cscript%3Ealert(4)%3C/script%3E');
	await harmless(page, check, 'a parameter of markup');
}

export default { 'is text': text };
