// SPDX-License-Identifier: GPL-2.0-or-later
// screenshots.mjs FOLDER: what a person sees of overview, events, a record and hosts, on a desk in
// light and dark and on a narrow screen, without scrolling.
import { DESK, PHONE, closeBrowser, newPage, open, openBrowser, records, watched } from './browser.mjs';

const folder = process.argv[2];
const looks = [
	{ name: 'light', viewport: DESK, colorScheme: 'light' },
	{ name: 'dark', viewport: DESK, colorScheme: 'dark' },
	{ name: '320', viewport: PHONE, colorScheme: 'light', deviceScaleFactor: 2 },
];

async function takeAll() {
	for (const { name, ...options } of looks) {
		const page = await newPage(options);
		const shoot = async (what, path) => {
			await open(page, path);
			await page.screenshot({ path: `${folder}/${what}-${name}.png` });
		};
		await shoot('overview', '/');
		await shoot('hosts', '/hosts');
		await shoot('events', '/events?q=src:203.0.113.77');
		await open(page, '/events?q=src:203.0.113.77+dport:3389');
		await shoot('record', `/record/${(await records(page))[0]}`);
		await page.close();
	}
}

await openBrowser();
const faults = await watched(takeAll);
await closeBrowser();
faults.forEach((f) => console.error(f));
process.exit(faults.length > 0 ? 1 : 0);
