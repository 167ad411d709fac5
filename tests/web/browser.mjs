// SPDX-License-Identifier: GPL-2.0-or-later
// A browser for the scenarios: Debian's chromium by playwright-core, as the user alice. Every
// page is watched: what a page must never do (an error on the console, something the content
// security policy refuses, a request to another origin) is noted and found by watched().
import { AsyncLocalStorage } from 'node:async_hooks';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(`${process.env.FWLOG_NODE}/`);
const { chromium } = require('playwright-core');
const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const URL_BASE = process.env.FWLOG_URL;
export const URL_LATER = process.env.FWLOG_URL_LATER; // the same an hour later
// localhost is another site than 127.0.0.1: scenarios play a stranger there.
const ORIGINS = [URL_BASE, URL_LATER, URL_BASE.replace('127.0.0.1', 'localhost')].map((u) => new URL(u).origin);
const TIMEOUT = 10000;
export const DESK = { width: 1366, height: 768 };
export const PHONE = { width: 320, height: 640 };

const watches = new AsyncLocalStorage();
let browser;

export async function openBrowser() {
	browser = await chromium.launch({
		executablePath: process.env.FWLOG_CHROMIUM,
		args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu',
			'--font-render-hinting=none'],
	});
}

export async function closeBrowser() {
	await browser.close();
}

// Runs what opens pages; returns what these did that they must not.
export async function watched(work) {
	const faults = [];
	await watches.run(faults, work);
	return faults;
}

// Chromium puts an answer of 4xx or 5xx to a page on the console; scenarios ask for such.
function isStatusOfPage(message) {
	return message.text().startsWith('Failed to load resource: the server responded');
}

function watch(page) {
	const faults = watches.getStore();
	page.on('console', (m) => {
		if (['error', 'warning'].includes(m.type()) && !isStatusOfPage(m))
			faults.push(`console, ${page.url()}: ${m.text()}`);
	});
	page.on('pageerror', (e) => faults.push(`script, ${page.url()}: ${e.message}`));
	page.on('request', (r) => {
		if (!ORIGINS.includes(new URL(r.url()).origin))
			faults.push(`another origin, ${page.url()}: ${r.url()}`);
	});
	page.on('dialog', (d) => {
		faults.push(`dialog, ${page.url()}: ${d.message()}`);
		d.dismiss();
	});
}

// A page of its own session; options are those of playwright's newContext.
export async function newPage(options = {}) {
	const { user = 'alice', ...more } = options;
	const context = await browser.newContext({
		viewport: DESK,
		locale: 'en-GB',
		httpCredentials: { username: user, password: 'secret' },
		reducedMotion: 'reduce',
		...more,
	});
	context.setDefaultTimeout(TIMEOUT);
	const page = await context.newPage();
	watch(page);
	if (options.javaScriptEnabled !== false)
		await page.addInitScript(() => {
			document.addEventListener('securitypolicyviolation', (e) =>
				console.error(`content security policy: ${e.violatedDirective} ${e.blockedURI}`));
		});
	page.close = () => context.close();
	return page;
}

// Opens a path of the page; returns the answer.
export function open(page, path) {
	return page.goto(URL_BASE + path, { waitUntil: 'load' });
}

// Violations of WCAG 2.2 A and AA and of good practice, one text each.
export async function violations(page) {
	await page.evaluate(axeSource);
	const found = await page.evaluate(() => globalThis.axe.run(document, {
		runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
		resultTypes: ['violations'],
	}));
	return found.violations.map((v) => `${v.id} (${v.nodes.length}): ${
		v.nodes[0].target.join(' ')}: ${v.nodes[0].failureSummary.replace(/\s+/g, ' ')}`);
}

// Follows a link, or sends a form by its button, until the next page is wholly there.
export async function follow(page, locator) {
	await Promise.all([page.waitForEvent('load'), locator.click()]);
}

// Names of the records in the table of events, in its order.
export function records(page) {
	return page.locator('section.events tbody a[href*="/record/"]').evaluateAll(
		(links) => links.map((a) => a.getAttribute('href').replace(/.*\/record\/|\?.*/g, '')));
}

// Fetches an address as the page itself could; status, headers and bytes.
export async function take(page, address) {
	const answer = await page.evaluate(async (to) => {
		const r = await fetch(to);
		const bytes = new Uint8Array(await r.arrayBuffer());
		let text = '';
		for (const b of bytes)
			text += String.fromCharCode(b);
		return { status: r.status, headers: Object.fromEntries(r.headers), base64: btoa(text) };
	}, address);
	const body = Buffer.from(answer.base64, 'base64');
	return { status: answer.status, headers: answer.headers, body, text: body.toString() };
}

// The JSON twin of what a page shows, from where the page is.
export async function twin(page, path) {
	const address = new URL(`/fwlog${path}`, page.url()).href;
	return JSON.parse((await take(page, address)).text);
}
