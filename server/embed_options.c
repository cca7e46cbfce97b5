/* embed_options: one field each. */
#include "embed_options.h"

#include "embed/embedder.h"
#include "embed/post.h"
#include "options.h"

#define DEFAULT_URL                                                                            \
	"https://api.siliconflow.cn/v1" /* what a key alone, as an original Sage has it, is for */
#define ENDPOINT  "/embeddings"
#define URL_BYTES 1100

bool embed_options_given(const struct options *o)
{
	return *option_text(o, OPT_EMBEDDING_API_URL) != '\0' ||
	       *option_text(o, OPT_EMBEDDING_API_KEY) != '\0';
}

struct embedder *embed_options_other(struct event_base *base, const struct options *o,
    const char *model, size_t dimensions, char *error, size_t error_len)
{
	const char *given = option_text(o, OPT_EMBEDDING_API_URL);
	char url[URL_BYTES];
	const struct embedder_config config = {
	    .provider =
	        {
	            .name = "embedding",
	            .url = url,
	            .key = option_text(o, OPT_EMBEDDING_API_KEY),
	            .model = model,
	            .dimensions = dimensions,
	            .concurrency = (int)option_number(o, OPT_EMBEDDING_CONCURRENCY),
	            .timeout_ms = (int)option_number(o, OPT_EMBEDDING_TIMEOUT_MS),
	        },
	    .query_prefix = option_text(o, OPT_EMBEDDING_QUERY_PREFIX),
	    .text_prefix = option_text(o, OPT_EMBEDDING_TEXT_PREFIX),
	    .chunk_bytes = (size_t)option_number(o, OPT_EMBEDDING_CHUNK_BYTES),
	    .batch = (size_t)option_number(o, OPT_EMBEDDING_BATCH),
	    .query_ms = (int)option_number(o, OPT_EMBEDDING_QUERY_TIMEOUT_MS),
	};

	post_write_url(url, sizeof(url), *given != '\0' ? given : DEFAULT_URL, ENDPOINT);
	return embedder_new(base, &config, error, error_len);
}

struct embedder *embed_options_embedder(
    struct event_base *base, const struct options *o, char *error, size_t error_len)
{
	return embed_options_other(base, o, option_text(o, OPT_EMBEDDING_MODEL),
	    (size_t)option_number(o, OPT_EMBEDDING_DIMENSION), error, error_len);
}
