// SPDX-License-Identifier: GPL-2.0-or-later
// Comfort only: every page does all it does without this.
'use strict';
(() => {
const $ = (selector, root = document) => root.querySelector(selector);

/* ---- drag over the timeline to zoom */

let drag = null;
let dragged = false;

function place(figure, x) {
	const box = $('svg', figure).getBoundingClientRect();
	return Math.min(1, Math.max(0, (x - box.left) / box.width));
}

// Whole bars, so that the same stretch has the same address.
function stretch(figure, a, b) {
	const bars = +figure.dataset.bars, from = +figure.dataset.from, width = +figure.dataset.width;
	const first = Math.floor(Math.min(a, b) * bars);
	const last = Math.max(first + 1, Math.ceil(Math.max(a, b) * bars));
	return { first, last, from: from + first * width, to: from + last * width };
}

function mark(figure, s) {
	const svg = $('svg', figure), width = svg.viewBox.baseVal.width / +figure.dataset.bars;
	let rect = $('.drag', svg);
	if (!rect) {
		rect = document.createElementNS(svg.namespaceURI, 'rect');
		rect.setAttribute('class', 'drag');
		svg.append(rect);
	}
	rect.setAttribute('x', s.first * width);
	rect.setAttribute('width', (s.last - s.first) * width);
	rect.setAttribute('height', svg.viewBox.baseVal.height);
}

const rfc3339 = (us) => new Date(us / 1000).toISOString().replace(/\.000Z$/, 'Z');

document.addEventListener('pointerdown', (e) => {
	const figure = e.target.closest('.timeline');
	dragged = false;
	if (figure && e.button === 0 && e.target.closest('svg'))
		drag = { figure, x: e.clientX };
});
document.addEventListener('dragstart', (e) => {
	if (drag)
		e.preventDefault();
});
document.addEventListener('pointermove', (e) => {
	if (!drag || (!dragged && Math.abs(e.clientX - drag.x) < 6))
		return;
	dragged = true;
	e.preventDefault();
	mark(drag.figure, stretch(drag.figure, place(drag.figure, drag.x),
		place(drag.figure, e.clientX)));
});
function drop() {
	const rect = drag && $('.drag', drag.figure);
	if (rect)
		rect.remove();
	drag = null;
}
document.addEventListener('pointerup', (e) => {
	if (drag && dragged) {
		const s = stretch(drag.figure, place(drag.figure, drag.x),
			place(drag.figure, e.clientX));
		const bar = $('svg a', drag.figure);
		const url = new URL(bar ? bar.getAttribute('href') : location.href, location.href);
		url.searchParams.set('from', rfc3339(s.from));
		url.searchParams.set('to', rfc3339(s.to));
		location.assign(url);
	}
	drop();
});
document.addEventListener('pointercancel', drop);
// The bar under the pointer is no click then.
document.addEventListener('click', (e) => {
	if (dragged && e.target.closest('.timeline svg'))
		e.preventDefault();
	dragged = false;
}, true);

/* ---- live: the page is read again and put in the place of the old one */

let timer = 0;
let failures = 0;
let busy = 0;

function say(text, alive) {
	const p = $('.live');
	if (!p)
		return;
	let b = $('b', p);
	if (!b) {
		b = document.createElement('b');
		p.prepend(b, ' ');
	}
	b.className = alive ? 'up' : 'down';
	b.setAttribute('role', 'status');
	b.textContent = text;
}

const seconds = () => +($('.live')?.dataset.live || 0);

// Somebody reads, selects or types: what is looked at must not move away.
function atWork() {
	const selection = String(getSelection());
	return selection !== '' || Date.now() - busy < 4000 || $('main details[open]') ||
		/^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName || '');
}

async function again() {
	if (document.hidden || atWork()) {
		say('❚❚ paused while you are at work', false);
		return next(1);
	}
	try {
		const answer = await fetch(location.href, { cache: 'no-store' });
		if (!answer.ok)
			throw new Error(`the server says ${answer.status}`);
		const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
		if (!atWork())
			$('main').replaceWith(document.adoptNode($('main', page)));
		failures = 0;
		say(`● live, ${new Date().toLocaleTimeString()}`, true);
	} catch (e) {
		failures++;
		if (failures === 3) {
			say(`✗ live stopped: ${e.message}`, false);
			return;
		}
		say(`! no answer: ${e.message}; tried again`, false);
	}
	next(seconds());
}

function next(s) {
	clearTimeout(timer);
	timer = setTimeout(again, s * 1000);
}

for (const kind of ['pointermove', 'keydown', 'wheel'])
	document.addEventListener(kind, (e) => {
		if (e.target.closest?.('main'))
			busy = Date.now();
	}, { passive: true });
addEventListener('load', () => {
	if (seconds() > 0) {
		window.stop(); // the reload that is for browsers without this
		next(seconds());
	}
});

/* ---- copy the link that stays */

document.addEventListener('click', async (e) => {
	const a = e.target.closest('a.share');
	if (!a || !navigator.clipboard || e.ctrlKey || e.metaKey || e.shiftKey)
		return;
	e.preventDefault();
	const text = a.textContent;
	try {
		await navigator.clipboard.writeText(a.href);
		a.textContent = 'link copied';
		setTimeout(() => { a.textContent = text; }, 2000);
	} catch {
		location.assign(a.href);
	}
});

/* ---- keys */

const follow = (link) => { if (link) link.click(); };
const moves = (sign) => [...document.querySelectorAll('.move a')]
	.find((a) => a.textContent.startsWith(sign));
const keys = {
	'/': () => $('.query input').select(),
	'[': () => follow($('.move a[rel=prev]')),
	']': () => follow($('.move a[rel=next]')),
	'-': () => follow(moves('−')),
	'+': () => follow(moves('+')),
	'l': () => follow($('.live a')),
	'?': () => follow($('.pages a[href$="/help"], .pages a[href*="/help?"]')),
};
document.addEventListener('keydown', (e) => {
	const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName);
	if (typing && e.key === 'Escape')
		e.target.blur();
	if (typing || e.ctrlKey || e.metaKey || e.altKey || !keys[e.key])
		return;
	e.preventDefault();
	keys[e.key]();
});
})();
