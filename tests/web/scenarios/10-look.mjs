// SPDX-License-Identifier: GPL-2.0-or-later
// What a person sees first, and that everybody can.
import { open } from '../browser.mjs';

async function firstGlance(page, check) {
	const answer = await open(page, '/');
	check('status', answer.status(), 200);
	await page.screenshot({ path: '/tmp/home.png' });
}

export default { 'first glance': firstGlance };
