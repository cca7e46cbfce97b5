/*
 * shim: makes a chosen call of a chosen kind fail, in a program that knows nothing of it (LD_PRELOAD).
 *
 *	cc -shared -fPIC shim.c -ldl
 *	SHIM_CONTROL=FILE LD_PRELOAD=shim.so PROGRAM
 *
 * FILE is the struct below (support/shim.py writes it), mapped into memory, so that the program may be
 * told at any time which call fails next. Calls are counted by kind. What fails is remembered with the
 * addresses that led to it. Without SHIM_CONTROL nothing fails.
 *
 * With a sanitizer's run time loaded behind it, that one's malloc() is what is called.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define SITES       64
#define SITE_FRAMES 24

enum kind { MEMORY, SEND, RECEIVE, DESCRIPTOR, LIBPQ, KIND_COUNT };

struct control {
	_Atomic int32_t kind; /* which may fail; -1: none */
	_Atomic int32_t
	    error; /* errno then; 0: one byte is sent or received, or what libpq fails with */
	_Atomic int64_t after;  /* so many more succeed */
	_Atomic int64_t every;  /* then one in so many fails; 0: just one */
	_Atomic int64_t failed; /* so far */
	_Atomic int64_t counts[KIND_COUNT];
	void *sites[SITES][SITE_FRAMES]; /* of the last that failed */
};

static struct control *control;

/*
 * For a program of one thread: a sanitizer also wants to have the function that finds a thread's own.
 * Volatile, for dlsym() is declared as if it never came back in here.
 */
static volatile bool inside; /* of ourselves, or of what must not fail */

__attribute__((constructor)) static void map_control(void)
{
	const char *path = getenv("SHIM_CONTROL");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at;

	if (fd < 0)
		return;
	inside = true;
	backtrace((void *[1]){NULL}, 1); /* loads what it needs now */
	inside = false;
	at = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at != MAP_FAILED)
		control = at;
}

static void remember_site(int64_t number)
{
	void **site = control->sites[number % SITES];
	int depth;

	inside = true;
	memset(site, 0, sizeof(control->sites[0]));
	depth = backtrace(site, SITE_FRAMES);
	(void)depth;
	inside = false;
}

/* Counts a call; true: it is to fail. */
static bool fails(enum kind kind)
{
	int64_t left, every;

	if (control == NULL || inside)
		return false;
	control->counts[kind]++;
	if (control->kind != (int32_t)kind)
		return false;
	left = control->after--;
	every = control->every;
	if (left != 0 && (left > 0 || every == 0 || -left % every != 0))
		return false;
	remember_site(control->failed++);
	if (control->error != 0)
		errno = control->error;
	return true;
}

/* The function of that name that would be called without us. */
#define NEXT(name)                                                                             \
	static __typeof__(&name) next;                                                         \
	if (next == NULL)                                                                      \
	next = (__typeof__(&name))next_of(#name)

static void *next_of(const char *name)
{
	bool was = inside;
	void *found;

	inside = true;
	found = dlsym(RTLD_NEXT, name);
	inside = was;
	return found;
}

/* --- memory ----------------------------------------------------------------------- */

/* dlsym() may want memory before it has found who gives it. */
static char early[1024 * 1024];
static size_t early_used;

static void *early_alloc(size_t size)
{
	void *at = early + early_used;

	early_used += (size + 15) / 16 * 16;
	if (early_used > sizeof(early))
		abort();
	return at;
}

static bool is_early(const void *at)
{
	return (const char *)at >= early && (const char *)at < early + sizeof(early);
}

static volatile bool looking;

#define NEXT_OR_EARLY(name, otherwise)                                                         \
	static __typeof__(&name) next;                                                         \
	if (next == NULL && !looking) {                                                        \
		looking = true;                                                                \
		next = (__typeof__(&name))next_of(#name);                                      \
		looking = false;                                                               \
	}                                                                                      \
	if (next == NULL)                                                                      \
	return otherwise

void *malloc(size_t size)
{
	NEXT_OR_EARLY(malloc, early_alloc(size));
	return fails(MEMORY) ? NULL : next(size);
}

void *calloc(size_t count, size_t size)
{
	NEXT_OR_EARLY(calloc, early_alloc(count * size));
	return fails(MEMORY) ? NULL : next(count, size);
}

void *realloc(void *at, size_t size)
{
	NEXT_OR_EARLY(realloc, early_alloc(size));
	if (is_early(at)) {
		void *moved = malloc(size);

		if (moved != NULL)
			memcpy(moved, at,
			    size); /* may copy too much, which stays within the early room */
		return moved;
	}
	/* What becomes smaller stays where it is. */
	if (at != NULL && size > 0 && size <= malloc_usable_size(at))
		return next(at, size);
	return fails(MEMORY) ? NULL : next(at, size);
}

void free(void *at)
{
	NEXT_OR_EARLY(free, (void)0);
	if (!is_early(at))
		next(at);
}

char *strdup(const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = malloc(len);

	return copy != NULL ? memcpy(copy, text, len) : NULL;
}

char *strndup(const char *text, size_t most)
{
	size_t len = strnlen(text, most);
	char *copy = malloc(len + 1);

	if (copy == NULL)
		return NULL;
	copy[len] = '\0';
	return memcpy(copy, text, len);
}

FILE *open_memstream(char **bytes, size_t *len)
{
	NEXT(open_memstream);
	return fails(MEMORY) ? NULL : next(bytes, len);
}

/* --- sockets ---------------------------------------------------------------------- */

/* A connection that was reset is of no more use to anybody; other errors leave it as it is. */
static ssize_t fail_socket(int fd)
{
	if (control->error == ECONNRESET)
		shutdown(fd, SHUT_RDWR);
	errno = control->error;
	return -1;
}

/* Fails, or with error 0 is cut to one byte. */
#define CUT(kind, length, call)                                                                \
	if (fails(kind)) {                                                                     \
		if (control->error != 0)                                                       \
			return fail_socket(fd);                                                \
		if ((length) > 1)                                                              \
			(length) = 1;                                                          \
	}                                                                                      \
	return call

static bool is_socket(int fd)
{
	int type;
	socklen_t len = sizeof(type);
	int before = errno;
	bool is = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0;

	errno = before;
	return is;
}

ssize_t send(int fd, const void *bytes, size_t len, int flags)
{
	NEXT(send);
	CUT(SEND, len, next(fd, bytes, len, flags));
}

ssize_t recv(int fd, void *bytes, size_t len, int flags)
{
	NEXT(recv);
	CUT(RECEIVE, len, next(fd, bytes, len, flags));
}

/* What _FORTIFY_SOURCE makes of recv(). */
ssize_t __recv_chk(int fd, void *bytes, size_t len, size_t room, int flags)
{
	(void)room;
	return recv(fd, bytes, len, flags);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	NEXT(write);
	if (!is_socket(fd))
		return next(fd, bytes, len);
	CUT(SEND, len, next(fd, bytes, len));
}

ssize_t read(int fd, void *bytes, size_t len)
{
	NEXT(read);
	if (!is_socket(fd))
		return next(fd, bytes, len);
	CUT(RECEIVE, len, next(fd, bytes, len));
}

/* Of several parts the first byte of the first. */
#define CUT_PARTS(kind, parts, count, call)                                                    \
	struct iovec cut;                                                                      \
	if (count > 0 && fails(kind)) {                                                        \
		if (control->error != 0)                                                       \
			return fail_socket(fd);                                                \
		cut = (struct iovec){(parts)->iov_base, (parts)->iov_len > 0 ? 1 : 0};         \
		parts = &cut;                                                                  \
		count = 1;                                                                     \
	}                                                                                      \
	return call

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	NEXT(writev);
	if (!is_socket(fd))
		return next(fd, parts, count);
	CUT_PARTS(SEND, parts, count, next(fd, parts, count));
}

ssize_t readv(int fd, const struct iovec *parts, int count)
{
	NEXT(readv);
	if (!is_socket(fd))
		return next(fd, parts, count);
	CUT_PARTS(RECEIVE, parts, count, next(fd, parts, count));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	NEXT(sendmsg);
	struct msghdr copy = *message;
	const struct iovec *parts = copy.msg_iov;
	int count = (int)copy.msg_iovlen;

	if (!fails(SEND))
		return next(fd, message, flags);
	if (control->error != 0)
		return fail_socket(fd);
	struct iovec cut = {parts->iov_base, count > 0 && parts->iov_len > 0 ? 1 : 0};

	copy.msg_iov = &cut;
	copy.msg_iovlen = 1;
	return next(fd, &copy, flags);
}

/* --- descriptors ------------------------------------------------------------------ */

int socket(int family, int type, int protocol)
{
	NEXT(socket);
	return fails(DESCRIPTOR) ? -1 : next(family, type, protocol);
}

int connect(int fd, const struct sockaddr *address, socklen_t len)
{
	NEXT(connect);
	return fails(DESCRIPTOR) ? -1 : next(fd, address, len);
}

int accept4(int fd, struct sockaddr *address, socklen_t *len, int flags)
{
	NEXT(accept4);
	return fails(DESCRIPTOR) ? -1 : next(fd, address, len, flags);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	NEXT(setsockopt);
	return fails(DESCRIPTOR) ? -1 : next(fd, level, name, value, len);
}

int epoll_ctl(int epoll_fd, int operation, int fd, struct epoll_event *event)
{
	NEXT(epoll_ctl);
	return fails(DESCRIPTOR) ? -1 : next(epoll_fd, operation, fd, event);
}

/* --- libpq ------------------------------------------------------------------------ */

#define LIBPQ_CALL(type, name, failure, parameters, arguments)                                 \
	type name parameters;                                                                  \
	type name parameters                                                                   \
	{                                                                                      \
		NEXT(name);                                                                    \
		return fails(LIBPQ) ? failure : next arguments;                                \
	}

typedef void *pg;
typedef const char *const *texts;

LIBPQ_CALL(pg, PQconninfoParse, NULL, (const char *text, char **error), (text, error))
LIBPQ_CALL(pg, PQconnectStartParams, NULL, (texts keywords, texts values, int expand),
    (keywords, values, expand))
LIBPQ_CALL(int, PQconnectPoll, 0, (pg conn), (conn))
LIBPQ_CALL(int, PQsetnonblocking, -1, (pg conn, int to), (conn, to))
LIBPQ_CALL(int, PQenterPipelineMode, 0, (pg conn), (conn))
LIBPQ_CALL(int, PQsendPrepare, 0,
    (pg conn, const char *name, const char *sql, int count, const unsigned *types),
    (conn, name, sql, count, types))
LIBPQ_CALL(int, PQsendQueryPrepared, 0,
    (pg conn, const char *name, int count, texts values, const int *lengths, const int *formats,
        int format),
    (conn, name, count, values, lengths, formats, format))
LIBPQ_CALL(int, PQsendQueryParams, 0,
    (pg conn, const char *sql, int count, const unsigned *types, texts values,
        const int *lengths, const int *formats, int format),
    (conn, sql, count, types, values, lengths, formats, format))
LIBPQ_CALL(int, PQsendQuery, 0, (pg conn, const char *sql), (conn, sql))
LIBPQ_CALL(int, PQpipelineSync, 0, (pg conn), (conn))
LIBPQ_CALL(int, PQflush, -1, (pg conn), (conn))
LIBPQ_CALL(int, PQconsumeInput, 0, (pg conn), (conn))
