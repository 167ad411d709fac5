/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/filter_flags.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define NAME_LEN 3

/* By bit, the lowest first. */
static const char letters[] = "FSRPAUEC";
static const char names[][NAME_LEN + 1] = {
    "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};

/* Bit of the name that text begins with, behind which no letter may come; 0: none. */
static unsigned
read_name(const char *text)
{
	if (strnlen(text, NAME_LEN) < NAME_LEN ||
	    isalpha((unsigned char)text[NAME_LEN]))
		return 0;
	for (unsigned bit = 0; bit < sizeof names / sizeof names[0]; bit++)
		if (strncasecmp(text, names[bit], NAME_LEN) == 0)
			return 1u << bit;
	return 0;
}

static unsigned
read_letter(char c)
{
	int upper = toupper((unsigned char)c);
	const char *at;

	if (upper == 'W')
		upper = 'C';
	at = upper != '\0' ? strchr(letters, upper) : NULL;
	return at != NULL ? 1u << (at - letters) : 0;
}

bool
filter_flags_read(const char *text, uint64_t *set, uint64_t *mask)
{
	bool wanted = true, begins = true;
	unsigned bit;

	*set = *mask = 0;
	for (; *text != '\0'; text++) {
		if (*text == '+' || *text == '-') {
			wanted = *text == '+';
			begins = true;
			continue;
		}
		bit = begins ? read_name(text) : 0;
		if (bit != 0)
			text += NAME_LEN - 1;
		else
			bit = read_letter(*text);
		if (bit == 0 || ((*mask & bit) != 0 && ((*set & bit) != 0) != wanted))
			return false;
		begins = false;
		*mask |= bit;
		*set |= wanted ? bit : 0;
	}
	return *mask != 0;
}

void
filter_flags_print(uint64_t set, uint64_t mask, FILE *out)
{
	if (mask == FILTER_FLAGS_ALL) {
		fprintf(out, "%u", (unsigned)set);
		return;
	}
	for (unsigned bit = 0; letters[bit] != '\0'; bit++)
		if (set >> bit & 1)
			fputc(letters[bit], out);
	if (set != mask)
		fputc('-', out);
	for (unsigned bit = 0; letters[bit] != '\0'; bit++)
		if ((mask & ~set) >> bit & 1)
			fputc(letters[bit], out);
}
