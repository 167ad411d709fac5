/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/timeline.h"

#include <inttypes.h>

#include "web-cgi/zone.h"

#define BAR_WIDTH 10 /* units of the drawing, the gap to the next bar included */
#define BAR_GAP 2
#define HEIGHT 100

/* From the ground up; shape: attributes of its part of a bar. */
struct look {
	const char *mark, *shape;
};
static const struct look fate_looks[TIMELINE_SPLITS] = {
    [FATE_DENIED] = {"■", "class=\"bar\""},
    [FATE_ACCEPTED] = {"▨", "class=\"edge\" fill=\"url(#hatch)\""},
    [FATE_UNKNOWN] = {"□", "class=\"edge hollow\""},
};
static const struct look looks[TIMELINE_SPLITS] = {
    {"■", "class=\"bar\""},
    {"▨", "class=\"edge\" fill=\"url(#hatch)\""},
    {"▦", "class=\"bar\" opacity=\".6\""},
    {"▤", "class=\"bar\" opacity=\".35\""},
    {"▥", "class=\"bar\" opacity=\".18\""},
    {"□", "class=\"edge hollow\""},
};

/* What the drawing is made for. */
struct drawing {
	struct html *h;
	const char *script, *path;
	const struct state *st;
	const struct timeline *t;
	uint64_t most; /* events of the highest bar */
	bool split;    /* bars show more than one kind */
};

static const struct look *
look_of(const struct drawing *d, int split)
{
	return d->t->by == BY_VERDICT ? &fate_looks[split] : &looks[split];
}

static int
tallest(const struct timeline *t)
{
	int best = 0;

	for (int i = 1; i < t->buckets.count; i++)
		if (t->bars[i].all > t->bars[best].all)
			best = i;
	return best;
}

/* Is there anything to tell apart: a verdict that is known, a second name? */
static bool
has_splits(const struct timeline *t)
{
	if (t->by == BY_VERDICT)
		return t->sum.of[FATE_UNKNOWN] < t->sum.all;
	return t->splits > 0;
}

static const char *
name_of(const struct timeline *t, int split)
{
	return t->name[split][0] != '\0' ? t->name[split] : "(none)";
}

/* About the binary logarithm of n + 1; straight between the powers of two. */
static double
log_of(uint64_t n)
{
	int bits = 63 - __builtin_clzll(n + 1);
	uint64_t power = UINT64_C(1) << bits;

	return bits + (double)(n + 1 - power) / (double)power;
}

/* Height of a bar; what is not empty can be seen. */
static unsigned
height_of(const struct drawing *d, uint64_t n)
{
	double part = d->most > 0 ? (double)n / (double)d->most : 0;
	unsigned height;

	if (d->st->log_scale && d->most > 0)
		part = log_of(n) / log_of(d->most);
	height = (unsigned)(part * HEIGHT);
	return n > 0 && height < 2 ? 2 : height;
}

/* "14:05", with seconds or the date when the bars need them. */
static void
moment(struct html *h, const struct buckets *b, int64_t us)
{
	struct tm tm = zone_split(us);
	char text[32];

	if (b->width >= RANGE_DAY)
		strftime(text, sizeof text, "%Y-%m-%d", &tm);
	else if (b->count * b->width > RANGE_DAY)
		strftime(text, sizeof text, "%m-%d %H:%M", &tm);
	else if (b->width < 60 * RANGE_SECOND)
		strftime(text, sizeof text, "%H:%M:%S", &tm);
	else
		strftime(text, sizeof text, "%H:%M", &tm);
	html_text(h, text);
}

static void
rect(struct html *h, int i, unsigned from, unsigned to, const char *shape)
{
	if (to > from)
		html_f(h, "<rect %s x=\"%d\" y=\"%u\" width=\"%d\" height=\"%u\"/>",
		    shape, i * BAR_WIDTH, HEIGHT - to, BAR_WIDTH - BAR_GAP, to - from);
}

static void
stack(const struct drawing *d, const struct tally *t, int i)
{
	unsigned height = height_of(d, t->all), from = 0, to;
	uint64_t below = 0;

	for (int k = 0; k < d->t->splits; k++) {
		below += t->of[k];
		to = t->all > 0
			 ? (unsigned)((double)below / (double)t->all * height + 0.5)
			 : 0;
		rect(d->h, i, from, to, look_of(d, k)->shape);
		from = to;
	}
}

/* ": 8 denied, 2 accepted" of those there are. */
static void
splits_text(const struct drawing *d, const struct tally *t)
{
	const char *between = ": ";

	for (int k = 0; k < d->t->splits; k++) {
		if (t->of[k] == 0)
			continue;
		html_raw(d->h, between);
		html_count(d->h, t->of[k]);
		html_raw(d->h, " ");
		html_text(d->h, name_of(d->t, k));
		between = ", ";
	}
}

static void
bar_title(const struct drawing *d, int i, int64_t from)
{
	const struct tally *t = &d->t->bars[i];
	struct html *h = d->h;

	html_raw(h, "<title>");
	moment(h, &d->t->buckets, from);
	html_raw(h, " ");
	html_text(h, zone_name());
	html_raw(h, ": ");
	html_count(h, t->all);
	html_raw(h, t->all == 1 ? " event" : " events");
	if (d->split)
		splits_text(d, t);
	html_raw(h, d->t->gap[i] ? "; records are missing" : "");
	if (d->t->alerts[i] > 0) {
		html_f(h, "; %d alert%s: ", d->t->alerts[i],
		    d->t->alerts[i] == 1 ? "" : "s, the gravest");
		html_text(h, d->t->alert[i]);
	}
	html_raw(h, "</title>");
}

static void
bar(const struct drawing *d, int i)
{
	const struct buckets *b = &d->t->buckets;
	int64_t from = b->start + i * b->width;
	bool zooms = b->count > 1;
	struct state zoomed;

	if (zooms) {
		zoomed = state_with_range(d->st, from, from + b->width);
		html_raw(d->h, "<a href=\"");
		html_attr(d->h, d->script);
		html_raw(d->h, d->path);
		state_query(d->h, &zoomed);
		html_raw(d->h, "\">");
	} else {
		html_raw(d->h, "<g>");
	}
	bar_title(d, i, from);
	html_f(d->h,
	    "<rect class=\"hit\" x=\"%d\" y=\"0\" width=\"%d\" height=\"%d\"/>",
	    i * BAR_WIDTH, BAR_WIDTH, HEIGHT);
	if (d->t->gap[i])
		html_f(d->h,
		    "<rect class=\"gap\" fill=\"url(#gap)\" x=\"%d\" y=\"0\" "
		    "width=\"%d\" height=\"%d\"/>",
		    i * BAR_WIDTH, BAR_WIDTH, HEIGHT);
	if (d->split)
		stack(d, &d->t->bars[i], i);
	else
		rect(d->h, i, 0, height_of(d, d->t->bars[i].all), "class=\"bar\"");
	if (d->t->alerts[i] > 0)
		html_f(d->h, "<path class=\"tick\" d=\"M%d 0h%dl-%d 9z\"/>",
		    i * BAR_WIDTH, BAR_WIDTH - BAR_GAP, (BAR_WIDTH - BAR_GAP) / 2);
	html_raw(d->h, zooms ? "</a>\n" : "</g>\n");
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
legend(const struct drawing *d)
{
	struct html *h = d->h;
	const char *between = "; ";

	for (int k = 0; k < d->t->splits; k++) {
		if (d->t->sum.of[k] == 0 && d->t->by != BY_VERDICT)
			continue;
		html_raw(h, between);
		html_raw(h, "<b>");
		html_raw(h, look_of(d, k)->mark);
		html_raw(h, "</b> ");
		html_text(h, name_of(d->t, k));
		html_raw(h, " ");
		html_count(h, d->t->sum.of[k]);
		between = " · ";
	}
}

static bool
has_gaps(const struct timeline *t)
{
	for (int i = 0; i < t->buckets.count; i++)
		if (t->gap[i])
			return true;
	return false;
}

static bool
has_alerts(const struct timeline *t)
{
	for (int i = 0; i < t->buckets.count; i++)
		if (t->alerts[i] > 0)
			return true;
	return false;
}

static void
caption(const struct drawing *d)
{
	const struct timeline *t = d->t;
	int best = tallest(t);

	html_raw(d->h, "<figcaption>Events for each ");
	width_text(d->h, t->buckets.width);
	if (t->bars[best].all > 0) {
		html_raw(d->h, ", at most <b>");
		html_count(d->h, t->bars[best].all);
		html_raw(d->h, "</b> at ");
		moment(d->h, &t->buckets, t->buckets.start + best * t->buckets.width);
	} else {
		html_raw(d->h, ", none");
	}
	if (d->st->log_scale)
		html_raw(d->h, ", heights logarithmic");
	if (d->split)
		legend(d);
	if (has_gaps(t))
		html_raw(d->h, " · <b>▧</b> records are missing");
	if (has_alerts(t))
		html_raw(d->h, " · <b>▼</b> alerts");
	html_raw(d->h, "</figcaption>\n");
}

static void
cell(struct html *h, uint64_t n)
{
	html_raw(h, "</td><td class=\"n\">");
	html_count(h, n);
}

static void
table(const struct drawing *d)
{
	const struct buckets *b = &d->t->buckets;
	int columns = d->split ? d->t->splits : 0;
	struct html *h = d->h;

	html_raw(h, "<details><summary>as a table</summary>\n<table><thead><tr>"
		    "<th scope=\"col\">from (");
	html_text(h, zone_name());
	html_raw(h, ")</th><th scope=\"col\" class=\"n\">events</th>");
	for (int k = 0; k < columns; k++) {
		html_raw(h, "<th scope=\"col\" class=\"n\">");
		html_text(h, name_of(d->t, k));
		html_raw(h, "</th>");
	}
	html_raw(h, "</tr></thead><tbody>\n");
	for (int i = 0; i < b->count; i++) {
		if (d->t->bars[i].all == 0 && !d->t->gap[i] && d->t->alerts[i] == 0)
			continue;
		html_raw(h, "<tr><td>");
		html_time(h, b->start + i * b->width);
		html_raw(h, d->t->gap[i] ? " records are missing" : "");
		if (d->t->alerts[i] > 0)
			html_f(h, " alerts: %d", d->t->alerts[i]);
		cell(h, d->t->bars[i].all);
		for (int k = 0; k < columns; k++)
			cell(h, d->t->bars[i].of[k]);
		html_raw(h, "</td></tr>\n");
	}
	html_raw(h, "</tbody></table></details>\n");
}

static void
patterns(const struct drawing *d)
{
	html_raw(d->h, "<defs>");
	if (d->split)
		html_raw(d->h, "<pattern id=\"hatch\" width=\"4\" height=\"4\" "
			       "patternUnits=\"userSpaceOnUse\"><path class=\"hatch\" "
			       "d=\"M0 4 4 0M-1 1 1-1M3 5 5 3\"/></pattern>");
	if (has_gaps(d->t))
		html_raw(d->h, "<pattern id=\"gap\" width=\"6\" height=\"6\" "
			       "patternUnits=\"userSpaceOnUse\"><path class=\"lack\" "
			       "d=\"M0 0 6 6M-1 5 1 7M5-1 7 1\"/></pattern>");
	html_raw(d->h, "</defs>\n");
}

void
timeline_write(struct html *h, const char *script, const char *path,
    const struct state *st, const struct timeline *t)
{
	struct drawing d = {.h = h,
	    .script = script,
	    .path = path,
	    .st = st,
	    .t = t,
	    .most = t->bars[tallest(t)].all,
	    .split = has_splits(t)};

	html_f(h,
	    "<figure class=\"timeline\" data-from=\"%" PRId64 "\" data-width=\"%" PRId64
	    "\" data-bars=\"%d\">\n",
	    t->buckets.start, t->buckets.width, t->buckets.count);
	caption(&d);
	html_f(h,
	    "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"group\" "
	    "aria-label=\"Timeline, each bar zooms in\">\n",
	    t->buckets.count * BAR_WIDTH - BAR_GAP, HEIGHT);
	patterns(&d);
	for (int i = 0; i < t->buckets.count; i++)
		bar(&d, i);
	html_raw(h, "</svg>\n");
	axis(h, &t->buckets);
	table(&d);
	html_raw(h, "</figure>\n");
}
