// SPDX-License-Identifier: GPL-2.0-or-later
// The page for everybody: without a script, light and dark, on a narrow screen, by keyboard.
import { PHONE, follow, newPage, open, records, violations } from '../browser.mjs';

export const apart = true;

const PAGES = ['/', '/events?range=24h', '/events?q=-dport:23&live=15', '/events?q=srce:1', '/record/1-1',
	'/record/none', '/events?q=dport:4711', '/top/src', '/top/dport?vs=prev', '/hosts', '/hosts/web02',
	'/alerts', '/filters', '/views', '/help'];

async function withoutScript(page, check) {
	const answer = await open(page, '/');
	check('the overview', answer.status(), 200);
	await follow(page, page.locator('.timeline svg a').nth(30).locator('.hit'));
	check('a bar zooms', new URL(page.url()).searchParams.has('from'));
	await open(page, '/');
	await page.getByRole('textbox', { name: 'Filter' }).fill('src:203.0.113.77');
	await follow(page, page.getByRole('button', { name: 'Search' }));
	check('the search', (await records(page)).length, 50);
	await follow(page, page.getByRole('link', { name: /^older/ }).first());
	check('pages turn', (await records(page)).length, 50);
	await follow(page, page.locator('section.events tbody a[href*="/record/"]').first());
	check('a record', await page.getByRole('heading', { level: 1 }).innerText().then(
		(t) => t.startsWith('Record')));
	await open(page, '/events?live=5');
	const first = (await records(page))[0];
	await page.waitForEvent('framenavigated', { timeout: 15000 });
	check('live reads again by itself', page.url().includes('live=5') && first !== undefined);
}
withoutScript.options = { javaScriptEnabled: false };

async function judge(page, check, scheme) {
	await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
	for (const path of PAGES) {
		await open(page, path);
		check(`${scheme} ${path}`, await violations(page), []);
	}
}

const light = (page, check) => judge(page, check, 'light');
const dark = (page, check) => judge(page, check, 'dark');
// axe is put in past the page's own policy.
light.options = { bypassCSP: true };
dark.options = { bypassCSP: true };

async function narrow(page, check) {
	for (const path of PAGES) {
		await open(page, path);
		check(`${path}: nothing beyond 320 px`, await page.evaluate(() => {
			const over = [...document.querySelectorAll('body *')].filter(
				(e) => e.getBoundingClientRect().right > innerWidth && !e.closest('.wide, pre, svg'));
			return document.documentElement.scrollWidth <= innerWidth ? [] : over.map(
				(e) => `${e.tagName} ${e.className} ${e.textContent.slice(0, 30)}`);
		}), []);
	}
}
narrow.options = { viewport: PHONE };

async function keyboard(page, check) {
	await open(page, '/');
	const stops = [];
	for (let i = 0; i < 30; i++) {
		await page.keyboard.press('Tab');
		stops.push(await page.evaluate(() => {
			const e = document.activeElement;
			const s = getComputedStyle(e);
			return { name: e.getAttribute('aria-label') ?? e.textContent.trim().slice(0, 20),
				seen: s.outlineStyle !== 'none' || s.boxShadow !== 'none' || e.namespaceURI.endsWith('svg') };
		}));
	}
	check('the search is among the first ten stops', stops.slice(0, 10).some((s) => s.name === 'Filter'));
	check('each stop is seen', stops.filter((s) => !s.seen).map((s) => s.name), []);
}

async function refused(page, check) {
	const stranger = await newPage({ user: 'mallory' });
	check('no user, no page', (await open(stranger, '/')).status(), 401);
	await stranger.close();
	const answer = await open(page, '/');
	check('with a user', answer.status(), 200);
	check('the policy', answer.headers()['content-security-policy'].startsWith("default-src 'none'"));
}

export default { 'without a script': withoutScript, 'accessible in light': light,
	'accessible in dark': dark, 'at 320 px': narrow, keyboard, 'who is let in': refused };
