// SPDX-License-Identifier: GPL-2.0-or-later
// The few changes: saved views and filters of agents; who may, and forms of other sites.
import { URL_BASE, follow, newPage, open } from '../browser.mjs';
import { sql } from '../database.mjs';

const QUERY = 'q=src:203.0.113.77&range=24h';
const saved = () => sql('SELECT name FROM fwlog.saved_view ORDER BY name').split('\n').filter(Boolean);

async function save(page, name, shared) {
	await open(page, `/views?${QUERY}`);
	await page.getByLabel('name').fill(name);
	await page.getByRole('checkbox').setChecked(shared);
	await follow(page, page.getByRole('button', { name: 'Save' }));
}

async function views(page, check) {
	await save(page, 'the <b>scan</b>', true);
	check('saved, and shown as text', await page.locator('table').innerText().then(
		(t) => t.includes('the <b>scan</b>')));
	await save(page, 'mine', false);
	await follow(page, page.getByRole('link', { name: 'the <b>scan</b>' }));
	const query = new URL(page.url()).searchParams;
	check('it is the view that was saved', [query.get('q'), query.get('range')], ['src:203.0.113.77', '24h']);
	const bob = await newPage({ user: 'bob' });
	await open(bob, '/views');
	const seen = await bob.locator('main').innerText();
	check('others see what is shared', [seen.includes('scan'), seen.includes('mine')], [true, false]);
	check('and may not remove it', await bob.getByRole('button', { name: 'remove' }).count(), 0);
	await bob.close();
	await open(page, '/views');
	await follow(page, page.locator('tr').filter({ hasText: 'scan' }).getByRole('button', { name: 'remove' }));
	check('the owner removes it', saved(), ['mine']);
}

// The page's own form, sent as somebody else's would be.
async function forged(page, check) {
	await open(page, `/views?${QUERY}`);
	const token = await page.locator('input[name=token]').first().getAttribute('value');
	const before = saved();
	const send = async (from, fields) => {
		const answer = await from.evaluate(async ([to, body]) => (await fetch(to, { method: 'POST',
			body: new URLSearchParams(body) })).status, ['/fwlog/views', fields]);
		return answer;
	};
	const form = { do: 'save', name: 'forged', page: '/events' };
	check('without a token', await send(page, form), 403);
	check('with a token of nobody', await send(page, { ...form, token: '0'.repeat(64) }), 403);
	const bob = await newPage({ user: 'bob' });
	await open(bob, '/views');
	check('with the token of another user', await send(bob, { ...form, token }), 403);
	await bob.close();
	// Chromium says by Sec-Fetch-Site where a form comes from.
	const other = await newPage();
	await other.route('**/elsewhere', (route) => route.fulfill({ contentType: 'text/html',
		body: `<form method=post action="${URL_BASE}/views"><input name=token value="${token}">
			<input name=do value=save><input name=name value=forged><input name=page value="/events">
			<button>go</button></form>` }));
	await other.goto(`${new URL(URL_BASE).origin.replace('127.0.0.1', 'localhost')}/elsewhere`);
	const [answer] = await Promise.all([
		other.waitForResponse((r) => r.url().endsWith('/views')), other.getByRole('button').click()]);
	check('from a page of another site', answer.status(), 403);
	await other.close();
	check('nothing was saved', saved(), before);
}

async function filters(page, check) {
	await open(page, '/filters');
	check('an operator sees the forms', await page.getByRole('button').count() > 1);
	const bob = await newPage({ user: 'bob' });
	await open(bob, '/filters');
	check('others do not', await bob.locator('form[method=post]').count(), 0);
	await bob.close();
}

export default { 'saved views': views, 'forged forms': forged, 'filters of agents': filters };
