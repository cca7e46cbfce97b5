/* progress: bar, rate, time left. */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "clock.h"

#define TERMINAL_MS 200
#define LINES_MS    5000
#define BAR_WIDTH   30

void progress_begin(struct progress *p, const char *what, int64_t total)
{
	*p = (struct progress){.what = what,
	    .total = total,
	    .began_ms = clock_ms(),
	    .said_ms = clock_ms(),
	    .is_terminal = isatty(STDERR_FILENO)};
}

static double rate(const struct progress *p, int64_t count)
{
	int64_t took = clock_ms() - p->began_ms;

	return took > 0 ? (double)count * 1000 / (double)took : 0;
}

static void draw_bar(const struct progress *p, int64_t done)
{
	int filled = (int)(done * BAR_WIDTH / p->total);
	int64_t took = clock_ms() - p->began_ms;
	int64_t left_s = done > 0 ? took * (p->total - done) / done / 1000 : 0;

	fputs(" [", stderr);
	for (int i = 0; i < BAR_WIDTH; i++)
		fputc(i < filled ? '#' : '.', stderr);
	fprintf(stderr, "] %d%%, %lld:%02lld left", (int)(done * 100 / p->total),
	    (long long)(left_s / 60), (long long)(left_s % 60));
}

void progress_at(struct progress *p, int64_t count, int64_t done)
{
	int64_t now = clock_ms();

	if (now - p->said_ms < (p->is_terminal ? TERMINAL_MS : LINES_MS))
		return;
	p->said_ms = now;
	if (p->is_terminal)
		fputs("\r\033[K", stderr);
	fprintf(stderr, "%lld %s, %.0f/s", (long long)count, p->what, rate(p, count));
	if (p->total > 0)
		draw_bar(p, done < p->total ? done : p->total);
	if (!p->is_terminal)
		fputc('\n', stderr);
}

void progress_end(struct progress *p, int64_t count)
{
	if (p->is_terminal)
		fputs("\r\033[K", stderr);
	fprintf(stderr, "%lld %s in %.1f s, %.0f/s\n", (long long)count, p->what,
	    (double)(clock_ms() - p->began_ms) / 1000, rate(p, count));
}
