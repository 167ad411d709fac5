// SPDX-License-Identifier: GPL-2.0-or-later
// run.mjs [NAME...]: the scenarios of scenarios/*.mjs, or those whose name contains one of the
// words, one after the other; at the same time, one after the other, those of files that export
// apart: no event that comes or goes may matter to them. Each file's default export is an object
// of scenarios by name, async functions of a fresh page and a check; see check() below. Result
// lines are those of tests/run.sh. FWLOG_URL, FWLOG_NODE and FWLOG_CHROMIUM are set by tests/web/site.sh.
import { readdirSync } from 'node:fs';
import { closeBrowser, newPage, openBrowser, watched } from './browser.mjs';

const wanted = process.argv.slice(2);
const folder = new URL('scenarios/', import.meta.url);
let failed = 0;

function say(good, what, why) {
	if (!good)
		failed++;
	console.log(good ? `ok ${what}` : `not ok ${what}: ${String(why).replace(/\s+/g, ' ')
		.slice(0, 600)}`);
}

// Two lists by their first difference.
function difference(found, want) {
	if (!Array.isArray(found) || !Array.isArray(want))
		return `found ${JSON.stringify(found)}, expected ${JSON.stringify(want)}`;
	const at = [...found, null].findIndex((v, i) => JSON.stringify(v) !== JSON.stringify(want[i]));
	return `found ${found.length}, expected ${want.length}; the ${at + 1}. is ${
		JSON.stringify(found[at])} instead of ${JSON.stringify(want[at])}`;
}

// check(WHAT, FOUND, EXPECTED): equal as JSON; without EXPECTED FOUND must be true.
function checkOf(name) {
	return (what, found, ...expected) => {
		const want = expected.length > 0 ? expected[0] : true;
		const have = expected.length > 0 ? found : Boolean(found);
		say(JSON.stringify(have) === JSON.stringify(want), `${name}: ${what}`, difference(have, want));
	};
}

async function play(name, scenario) {
	const page = await newPage(scenario.options);
	try {
		await scenario(page, checkOf(name));
	} catch (e) {
		say(false, `${name}: to its end`, `${e.message} (at ${page.url()})`);
	}
	await page.close();
}

async function run(name, scenario) {
	const start = Date.now();
	const faults = await watched(() => play(name, scenario));
	say(faults.length === 0, `${name}: no console error, nothing refused, no other origin`,
		faults.join('; '));
	console.log(`# ${name}: ${Date.now() - start} ms`);
}

async function runAll(files) {
	for (const { file, scenarios } of files)
		for (const [name, scenario] of Object.entries(scenarios)) {
			const full = `${file.slice(0, -4)}: ${name}`;
			if (wanted.length === 0 || wanted.some((w) => full.includes(w)))
				await run(full, scenario);
		}
}

const files = [];
for (const file of readdirSync(folder).filter((f) => f.endsWith('.mjs')).sort()) {
	const { default: scenarios, apart = false } = await import(new URL(file, folder));
	files.push({ file, scenarios, apart });
}
await openBrowser();
try {
	await Promise.all([runAll(files.filter((f) => !f.apart)), runAll(files.filter((f) => f.apart))]);
} finally {
	await closeBrowser();
}
process.exit(failed > 0 ? 1 : 0);
