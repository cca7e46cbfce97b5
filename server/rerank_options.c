/* rerank_options: one field each. */
#include "rerank_options.h"

#include "embed/post.h"
#include "embed/reranker.h"
#include "options.h"

#define URL_BYTES 1100

bool rerank_options_given(const struct options *o)
{
	return *option_text(o, OPT_RERANK_API_URL) != '\0';
}

struct reranker *rerank_options_reranker(
    struct event_base *base, const struct options *o, char *error, size_t error_len)
{
	char url[URL_BYTES];
	const struct reranker_config config = {
	    .url = url,
	    .key = option_text(o, OPT_RERANK_API_KEY),
	    .model = option_text(o, OPT_RERANK_MODEL),
	    .timeout_ms = (int)option_number(o, OPT_RERANK_TIMEOUT_MS),
	    .candidates = (size_t)option_number(o, OPT_RERANK_CANDIDATES),
	};

	post_write_url(url, sizeof(url), option_text(o, OPT_RERANK_API_URL), RERANK_ENDPOINT);
	return reranker_new(base, &config, error, error_len);
}
