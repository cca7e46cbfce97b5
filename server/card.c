/* card: a static document with the public URL in it. */
#include "card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "exchange.h"
#include "mcp.h"
#include "options.h"
#include "service.h"
#include "surface.h"

#define SCHEMA "https://static.modelcontextprotocol.io/schemas/v1/server-card.schema.json"
#define NAME   "io.github.sage-mcp/sage-mcp" /* as in deploy/server.json */
#define DESCRIPTION                                                                            \
	"Long-term memory shared by AI agents, in PostgreSQL. Search in any language."

/* Where clients reach this server: as configured, or as this one was told to look for it. */
static void write_url(const struct service *service, const struct exchange *x, char url[512])
{
	const char *known = option_text(service->options, OPT_PUBLIC_URL);
	const char *host = exchange_header(x, "host", NULL);

	if (*known != '\0')
		snprintf(url, 512, "%s", known);
	else
		snprintf(url, 512, "http://%.400s/mcp", host != NULL ? host : "localhost");
}

static char *make_card(const struct service *service, const struct exchange *x)
{
	char url[512];

	write_url(service, x, url);
	json_t *card = json_pack("{s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:s, s:[{s:s, s:s, s:b, "
	                         "s:b}], s:[s, s, s, s]}]}",
	    "$schema", SCHEMA, "name", NAME, "title", service->surface->title, "description",
	    DESCRIPTION, "version", SAGE_VERSION, "remotes", "type", "streamable-http", "url",
	    url, "headers", "name", "Authorization", "description",
	    "'Bearer sage_...', a key made with 'sage-mcp key create'. Not needed on loopback "
	    "until "
	    "the first key is made.",
	    "isRequired", 0, "isSecret", 1, "supportedProtocolVersions", MCP_MODERN_VERSION,
	    MCP_LATEST_LEGACY, "2025-06-18", MCP_BATCHES);
	char *text = json_dumps(card, JSON_INDENT(2));

	json_decref(card);
	return text;
}

static void write_etag(const char *text, char etag[20])
{
	unsigned char hash[EVP_MAX_MD_SIZE] = {0};

	EVP_Digest(text, strlen(text), hash, NULL, EVP_sha256(), NULL);
	snprintf(etag, 20, "\"%02x%02x%02x%02x%02x%02x%02x%02x\"", hash[0], hash[1], hash[2],
	    hash[3], hash[4], hash[5], hash[6], hash[7]);
}

void card_answer(struct service *service, struct exchange *x)
{
	const char *known = exchange_header(x, "if-none-match", NULL);
	char *text = make_card(service, x);
	char etag[20] = "";
	const struct header headers[] = {{"ETag", etag},
	    {"Cache-Control", "public, max-age=3600"}, {"Access-Control-Allow-Origin", "*"},
	    {"Vary", "Host"}, {NULL, NULL}};
	struct reply reply = {.status = 503};

	if (text != NULL) {
		write_etag(text, etag);
		reply = (struct reply){.status = 200,
		    .content_type = "application/mcp-server-card+json",
		    .body = text,
		    .body_len = strlen(text),
		    .headers = headers};
	}
	if (text != NULL && known != NULL && strstr(known, etag) != NULL)
		reply = (struct reply){.status = 304, .headers = headers};
	exchange_reply(x, &reply);
	free(text);
}
