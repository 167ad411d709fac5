/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/timeline.h"

#include <inttypes.h>

#include "web-cgi/page.h"

#define BAR_WIDTH 10 /* units of the drawing, the gap to the next bar included */
#define BAR_GAP 2
#define HEIGHT 100

/* From the ground up. */
static const struct {
	const char *name, *mark, *shape; /* shape: attributes of its part of a bar */
} fates[FATES] = {
    [FATE_DENIED] = {"denied", "■", "class=\"bar\""},
    [FATE_ACCEPTED] = {"accepted", "▨", "class=\"edge\" fill=\"url(#hatch)\""},
    [FATE_UNKNOWN] = {"without a verdict", "□", "class=\"edge hollow\""},
};

static int
tallest(const struct overview *o)
{
	int best = 0;

	for (int i = 1; i < o->buckets.count; i++)
		if (o->bars[i].all > o->bars[best].all)
			best = i;
	return best;
}

/* Is a verdict known of any event? */
static bool
has_verdicts(const struct overview *o)
{
	return o->events.of[FATE_UNKNOWN] < o->events.all;
}

/* Height of a bar; what is not empty can be seen. */
static unsigned
height_of(uint64_t n, uint64_t most)
{
	unsigned height = most > 0 ? (unsigned)((double)n / (double)most * HEIGHT) : 0;

	return n > 0 && height < 2 ? 2 : height;
}

/* "14:05", with seconds or the date when the bars need them. */
static void
moment(struct html *h, const struct buckets *b, int64_t us)
{
	char text[RANGE_TIME_TEXT];

	range_time_text(us, text);
	text[10] = ' ';
	if (b->width >= RANGE_DAY) {
		text[10] = '\0';
		html_text(h, text);
	} else if (b->count * b->width > RANGE_DAY) {
		text[16] = '\0';
		html_text(h, text + 5);
	} else {
		text[b->width < 60 * RANGE_SECOND ? 19 : 16] = '\0';
		html_text(h, text + 11);
	}
}

static void
rect(struct html *h, int i, unsigned from, unsigned to, const char *shape)
{
	if (to > from)
		html_f(h, "<rect %s x=\"%d\" y=\"%u\" width=\"%d\" height=\"%u\"/>",
		    shape, i * BAR_WIDTH, HEIGHT - to, BAR_WIDTH - BAR_GAP, to - from);
}

static void
stack(struct html *h, const struct tally *t, int i, unsigned height)
{
	unsigned from = 0, to;
	uint64_t below = 0;

	for (int f = 0; f < FATES; f++) {
		below += t->of[f];
		to = t->all > 0
			 ? (unsigned)((double)below / (double)t->all * height + 0.5)
			 : 0;
		rect(h, i, from, to, fates[f].shape);
		from = to;
	}
}

/* ": 8 denied, 2 accepted" of those there are. */
static void
fates_text(struct html *h, const struct tally *t)
{
	const char *between = ": ";

	for (int f = 0; f < FATES; f++) {
		if (t->of[f] == 0)
			continue;
		html_raw(h, between);
		html_count(h, t->of[f]);
		html_raw(h, " ");
		html_raw(h, fates[f].name);
		between = ", ";
	}
}

static void
bar(struct html *h, const struct request *req, const struct overview *o, int i,
    uint64_t most)
{
	const struct buckets *b = &o->buckets;
	const struct tally *t = &o->bars[i];
	int64_t from = b->start + i * b->width;
	bool zooms = b->count > 1;

	if (zooms)
		page_link_range(h, req, from, from + b->width, "");
	else
		html_raw(h, "<g>");
	html_raw(h, "<title>");
	moment(h, b, from);
	html_raw(h, " UTC: ");
	html_count(h, t->all);
	html_raw(h, t->all == 1 ? " event" : " events");
	if (has_verdicts(o))
		fates_text(h, t);
	html_f(h,
	    "</title><rect class=\"hit\" x=\"%d\" y=\"0\" width=\"%d\" "
	    "height=\"%d\"/>",
	    i * BAR_WIDTH, BAR_WIDTH, HEIGHT);
	if (has_verdicts(o))
		stack(h, t, i, height_of(t->all, most));
	else
		rect(h, i, 0, height_of(t->all, most), "class=\"bar\"");
	html_raw(h, zooms ? "</a>\n" : "</g>\n");
}

static void
axis(struct html *h, const struct buckets *b)
{
	int steps = b->count < 4 ? 1 : 4;

	html_raw(h, "<div class=\"axis\" aria-hidden=\"true\">");
	for (int i = 0; i <= steps; i++) {
		html_raw(h, "<span>");
		moment(h, b, b->start + b->count * i / steps * b->width);
		html_raw(h, "</span>");
	}
	html_raw(h, "</div>\n");
}

static void
width_text(struct html *h, int64_t width)
{
	int64_t s = width / RANGE_SECOND;

	if (s % 86400 == 0)
		html_f(h, "%" PRId64 " d", s / 86400);
	else if (s % 3600 == 0)
		html_f(h, "%" PRId64 " h", s / 3600);
	else if (s % 60 == 0)
		html_f(h, "%" PRId64 " min", s / 60);
	else
		html_f(h, "%" PRId64 " s", s);
}

static void
legend(struct html *h, const struct overview *o)
{
	html_raw(h, "; ");
	for (int f = 0; f < FATES; f++) {
		html_raw(h, f > 0 ? " · <b>" : "<b>");
		html_raw(h, fates[f].mark);
		html_raw(h, "</b> ");
		html_raw(h, fates[f].name);
		html_raw(h, " ");
		html_count(h, o->events.of[f]);
	}
}

static void
caption(struct html *h, const struct overview *o)
{
	const struct buckets *b = &o->buckets;
	int best = tallest(o);

	html_raw(h, "<figcaption>Events for each ");
	width_text(h, b->width);
	if (o->bars[best].all > 0) {
		html_raw(h, ", at most <b>");
		html_count(h, o->bars[best].all);
		html_raw(h, "</b> at ");
		moment(h, b, b->start + best * b->width);
	} else {
		html_raw(h, ", none");
	}
	if (has_verdicts(o))
		legend(h, o);
	html_raw(h, "</figcaption>\n");
}

static void
cell(struct html *h, uint64_t n)
{
	html_raw(h, "</td><td class=\"n\">");
	html_count(h, n);
}

static void
table(struct html *h, const struct overview *o)
{
	const struct buckets *b = &o->buckets;
	int columns = has_verdicts(o) ? FATES : 0;

	html_raw(h,
	    "<details><summary>as a table</summary>\n<table><thead><tr>"
	    "<th scope=\"col\">from (UTC)</th><th scope=\"col\" class=\"n\">events"
	    "</th>");
	for (int f = 0; f < columns; f++)
		html_f(h, "<th scope=\"col\" class=\"n\">%s</th>", fates[f].name);
	html_raw(h, "</tr></thead><tbody>\n");
	for (int i = 0; i < b->count; i++) {
		if (o->bars[i].all == 0)
			continue;
		html_raw(h, "<tr><td>");
		html_time(h, b->start + i * b->width);
		cell(h, o->bars[i].all);
		for (int f = 0; f < columns; f++)
			cell(h, o->bars[i].of[f]);
		html_raw(h, "</td></tr>\n");
	}
	html_raw(h, "</tbody></table></details>\n");
}

void
timeline_write(struct html *h, const struct request *req, const struct overview *o)
{
	uint64_t most = o->bars[tallest(o)].all;

	html_raw(h, "<figure class=\"timeline\">\n");
	caption(h, o);
	html_f(h,
	    "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"group\" "
	    "aria-label=\"Timeline, each bar zooms in\">\n",
	    o->buckets.count * BAR_WIDTH - BAR_GAP, HEIGHT);
	if (has_verdicts(o))
		html_raw(h, "<defs><pattern id=\"hatch\" width=\"4\" height=\"4\" "
			    "patternUnits=\"userSpaceOnUse\"><path class=\"hatch\" "
			    "d=\"M0 4 4 0M-1 1 1-1M3 5 5 3\"/></pattern></defs>\n");
	for (int i = 0; i < o->buckets.count; i++)
		bar(h, req, o, i, most);
	html_raw(h, "</svg>\n");
	axis(h, &o->buckets);
	table(h, o);
	html_raw(h, "</figure>\n");
}
