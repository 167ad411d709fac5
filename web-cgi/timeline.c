/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "web-cgi/timeline.h"

#include <inttypes.h>

#include "web-cgi/page.h"

#define BAR_WIDTH 10 /* units of the drawing, the gap to the next bar included */
#define BAR_GAP 2
#define HEIGHT 100

static int
tallest(const struct buckets *b, const uint64_t *bars)
{
	int best = 0;

	for (int i = 1; i < b->count; i++)
		if (bars[i] > bars[best])
			best = i;
	return best;
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
bar(struct html *h, const struct request *req, const struct buckets *b,
    const uint64_t *bars, int i, uint64_t most)
{
	int64_t from = b->start + i * b->width;
	unsigned height = height_of(bars[i], most);
	bool zooms = b->count > 1;

	if (zooms)
		page_link_range(h, req, from, from + b->width, "");
	else
		html_raw(h, "<g>");
	html_raw(h, "<title>");
	moment(h, b, from);
	html_raw(h, " UTC: ");
	html_count(h, bars[i]);
	html_raw(h, bars[i] == 1 ? " event</title>" : " events</title>");
	html_f(h, "<rect class=\"hit\" x=\"%d\" y=\"0\" width=\"%d\" height=\"%d\"/>",
	    i * BAR_WIDTH, BAR_WIDTH, HEIGHT);
	if (height > 0)
		html_f(h,
		    "<rect class=\"bar\" x=\"%d\" y=\"%u\" width=\"%d\" "
		    "height=\"%u\"/>",
		    i * BAR_WIDTH, HEIGHT - height, BAR_WIDTH - BAR_GAP, height);
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
caption(struct html *h, const struct buckets *b, const uint64_t *bars)
{
	int best = tallest(b, bars);

	html_raw(h, "<figcaption>Events for each ");
	width_text(h, b->width);
	if (bars[best] > 0) {
		html_raw(h, ", at most <b>");
		html_count(h, bars[best]);
		html_raw(h, "</b> at ");
		moment(h, b, b->start + best * b->width);
	} else {
		html_raw(h, ", none");
	}
	html_raw(h, "</figcaption>\n");
}

static void
table(struct html *h, const struct buckets *b, const uint64_t *bars)
{
	html_raw(h,
	    "<details><summary>as a table</summary>\n<table><thead><tr>"
	    "<th scope=\"col\">from (UTC)</th><th scope=\"col\" class=\"n\">events"
	    "</th></tr></thead><tbody>\n");
	for (int i = 0; i < b->count; i++) {
		if (bars[i] == 0)
			continue;
		html_raw(h, "<tr><td>");
		html_time(h, b->start + i * b->width);
		html_raw(h, "</td><td class=\"n\">");
		html_count(h, bars[i]);
		html_raw(h, "</td></tr>\n");
	}
	html_raw(h, "</tbody></table></details>\n");
}

void
timeline_write(struct html *h, const struct request *req, const struct buckets *b,
    const uint64_t *bars)
{
	uint64_t most = bars[tallest(b, bars)];

	html_raw(h, "<figure class=\"timeline\">\n");
	caption(h, b, bars);
	html_f(h,
	    "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"group\" "
	    "aria-label=\"Timeline, each bar zooms in\">\n",
	    b->count * BAR_WIDTH - BAR_GAP, HEIGHT);
	for (int i = 0; i < b->count; i++)
		bar(h, req, b, bars, i, most);
	html_raw(h, "</svg>\n");
	axis(h, b);
	table(h, b, bars);
	html_raw(h, "</figure>\n");
}
