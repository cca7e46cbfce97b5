/* post: libcurl's options, and the words for a status. */
#include "embed/post.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_MOST_S   3600
#define KEY_PART_BYTES 4 /* of a key's beginning tell too much */

void post_write_url(char *url, size_t url_len, const char *given, const char *endpoint)
{
	size_t len = strlen(given), own = strlen(endpoint);

	while (len > 0 && given[len - 1] == '/')
		len--;
	bool whole = len >= own && strncmp(given + len - own, endpoint, own) == 0;

	snprintf(url, url_len, "%.*s%s", (int)len, given, whole ? "" : endpoint);
}

static bool is_fit_for_header(const char *key)
{
	for (; *key != '\0'; key++) {
		if (*key <= ' ' || *key > '~')
			return false;
	}
	return true;
}

bool post_target_fits(
    const struct post_target *target, const char *prefix, char *error, size_t error_len)
{
	if (strncmp(target->url, "http://", 7) != 0 &&
	    strncmp(target->url, "https://", 8) != 0) {
		snprintf(error, error_len, "%s_API_URL: must begin with http:// or https://",
		    prefix);
		return false;
	}
	if (!is_fit_for_header(target->key)) {
		snprintf(error, error_len,
		    "%s_API_KEY: has a character that cannot be in a key; is it a file with "
		    "more than the key?",
		    prefix);
		return false;
	}
	return true;
}

static bool is_plain(char c)
{
	return (unsigned char)c >= ' ' && c != '"' && c != '\\';
}

void post_write_text(FILE *out, const char *text, size_t len)
{
	size_t plain;

	for (size_t at = 0; at < len; at += plain) {
		plain = 0;
		while (at + plain < len && is_plain(text[at + plain]))
			plain++;
		if (plain > 0) {
			fwrite(text + at, 1, plain, out);
			continue;
		}
		plain = 1;
		if (text[at] == '"' || text[at] == '\\')
			fprintf(out, "\\%c", text[at]);
		else
			fprintf(out, "\\u%04x", (unsigned)text[at]);
	}
}

bool post_end_text(FILE *out)
{
	bool ok = ferror(out) == 0;

	return fclose(out) == 0 && ok;
}

static bool add_header(struct post *post, const char *text)
{
	struct curl_slist *more = curl_slist_append(post->headers, text);

	if (more != NULL)
		post->headers = more;
	return more != NULL;
}

static bool make_headers(struct post *post, const char *key)
{
	char *line = NULL;
	bool ok =
	    add_header(post, "Content-Type: application/json") && add_header(post, "Expect:");

	if (!ok || *key == '\0')
		return ok;
	ok = asprintf(&line, "Authorization: Bearer %s", key) > 0 && add_header(post, line);
	free(line);
	return ok;
}

bool post_prepare(struct post *post, const struct post_target *target, int64_t timeout_ms,
    post_take take, void *arg)
{
	CURL *easy = curl_easy_init();

	post->job.easy = easy;
	if (easy == NULL || !make_headers(post, target->key))
		return false;
	curl_easy_setopt(easy, CURLOPT_URL, target->url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, post->body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body_len);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, post->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "sage-mcp");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)POST_CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(timeout_ms > 0 ? timeout_ms : 1));
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)POST_PIECE_BYTES);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, arg);
	return true;
}

void post_fini(struct post *post)
{
	if (post->job.easy != NULL)
		curl_easy_cleanup(post->job.easy);
	curl_slist_free_all(post->headers);
	free(post->body);
	memset(post, 0, sizeof(*post));
}

bool post_quotes_key(const char *text, size_t len, const char *key)
{
	size_t key_len = strlen(key);

	if (key_len == 0)
		return false;
	if (memmem(text, len, key, key_len) != NULL)
		return true;
	for (size_t part = key_len < len ? key_len : len; part >= KEY_PART_BYTES; part--) {
		if (memcmp(text + len - part, key, part) == 0)
			return true;
	}
	return false;
}

long post_status(const struct post *post)
{
	long status = 0;

	curl_easy_getinfo(post->job.easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

int64_t post_retry_ms(const struct post *post)
{
	curl_off_t seconds = 0;

	curl_easy_getinfo(post->job.easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds < 0)
		return 0;
	return (seconds < RETRY_MOST_S ? seconds : RETRY_MOST_S) * 1000;
}

void post_tell_status(long status, char *error, size_t error_len)
{
	snprintf(error, error_len, "HTTP status %ld%s", status,
	    status >= 300 && status < 400    ? ", a redirect, which is not followed"
	    : status == 401 || status == 403 ? ": the key is not accepted"
	                                     : "");
}

bool post_status_passes(long status)
{
	return status >= 500 || status == 408 || status == 429;
}
