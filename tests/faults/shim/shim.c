/*
 * Stands between a program and the kernel (LD_PRELOAD, Linux): numbers every call that changes files below a folder,
 * writes each into a trace, and at one number does harm. The program is single-threaded: nothing here takes a lock.
 *
 * EID_FAULT_ROOT   absolute path of the folder
 * EID_FAULT_TRACE  the trace; `struct record` below, little-endian as the machine
 * EID_FAULT_KIND   none | kill | tear | full | fail | slow
 * EID_FAULT_AT     number of the call, counted from 1; for slow: microseconds per call
 *
 * kill: SIGKILL before the call. tear: SIGKILL after half of a write's bytes. full: ENOSPC for all that needs room, from
 * the call on, the first write being cut in half; removing the name EID_FAULT_ROOT/.space makes room again. fail: EIO, once.
 *
 * Not counted: bytes written through mmap. Only SQLite's `-shm` is mapped, and it holds nothing that lasts: whoever opens
 * the database first empties it and makes it anew from the journal.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define FILES 1024
#define BELOW_CWD(path) AT_FDCWD, path

/* One call that was carried out. `data` of a write and of an answer follow, after the two names. */
struct record {
    uint8_t what;
    uint8_t pad[3];
    uint16_t name;
    uint16_t other;
    uint64_t inode;
    uint64_t offset;
    uint64_t length;
};

/* Values of `what`. OPENED and ANSWER are not numbered. */
enum { OPENED = 'O', CREATED = 'C', WRITTEN = 'W', CUT = 'T', SYNCED = 'S', FOLDER_SYNCED = 'D', RENAMED = 'R',
       REMOVED = 'U', FOLDER_MADE = 'M', ANSWER = 'A' };

static char root[PATH_MAX];
static size_t root_length;
static int trace = -1;
static enum { NONE, KILL, TEAR, FULL, FAIL, SLOW } kind;
static uint64_t at, count;
/* The paths of open files below the folder. */
static char *open_as[FILES];

__attribute__((constructor)) static void start(void)
{
    static const char *kinds[] = {"none", "kill", "tear", "full", "fail", "slow"};
    const char *folder = getenv("EID_FAULT_ROOT"), *to = getenv("EID_FAULT_TRACE");
    const char *name = getenv("EID_FAULT_KIND"), *number = getenv("EID_FAULT_AT");
    if (!folder || !to || !name || !number || strlen(folder) >= sizeof root) return;
    strcpy(root, folder);
    root_length = strlen(root);
    for (int i = NONE; i <= SLOW; i++)
        if (strcmp(name, kinds[i]) == 0) kind = i;
    at = strtoull(number, NULL, 10);
    trace = (int)syscall(SYS_openat, BELOW_CWD(to), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void stop(void)
{
    syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
    for (;;) pause();
}

/* The part of a path below the folder; NULL if it is elsewhere. */
static const char *below(const char *path)
{
    if (trace < 0 || strncmp(path, root, root_length) != 0) return NULL;
    if (path[root_length] == '\0') return path + root_length;
    return path[root_length] == '/' ? path + root_length + 1 : NULL;
}

static const char *opened(int fd) { return fd >= 0 && fd < FILES ? open_as[fd] : NULL; }

/* What the record cannot hold would make the trace wrong: better none. */
static void put(struct record r, const char *name, const char *other, const void *data, size_t length)
{
    r.name = (uint16_t)strlen(name);
    r.other = (uint16_t)strlen(other);
    struct iovec parts[] = {{&r, sizeof r}, {(void *)name, r.name}, {(void *)other, r.other}, {(void *)data, length}};
    ssize_t all = (ssize_t)(sizeof r + r.name + r.other + length);
    if (syscall(SYS_writev, trace, parts, 4) != all) stop();
}

static uint64_t inode(int fd)
{
    struct stat s;
    return fstat(fd, &s) == 0 ? s.st_ino : 0;
}

/* Numbers a call that may need room or not. 0: go on; an errno: fail with it; -1: carry half of it out. */
static int numbered(int needs_room)
{
    count++;
    if (kind == SLOW) usleep((useconds_t)at);
    if (kind == KILL && count == at) stop();
    if (kind == TEAR && count == at) return -1;
    if (kind == FAIL && count == at) return EIO;
    if (kind == FULL && count >= at && needs_room) return count == at ? -1 : ENOSPC;
    return 0;
}

/* For calls that have no half. */
static int refused(int needs_room)
{
    int verdict = numbered(needs_room);
    if (verdict == -1) verdict = ENOSPC;
    if (verdict) errno = verdict;
    return verdict;
}

static ssize_t wrote(int fd, const void *data, size_t length, off_t offset, int moves)
{
    const char *name = opened(fd);
    if (fd == STDOUT_FILENO && trace >= 0)
        put((struct record){.what = ANSWER, .length = length}, "", "", data, length);
    if (!name)
        return moves ? syscall(SYS_write, fd, data, length) : syscall(SYS_pwrite64, fd, data, length, offset);
    int verdict = numbered(1);
    if (verdict > 0) {
        errno = verdict;
        return -1;
    }
    if (verdict < 0) length /= 2;
    if (moves && (fcntl(fd, F_GETFL) & O_APPEND)) {
        struct stat s;
        if (fstat(fd, &s) != 0) return -1;
        offset = s.st_size;
    } else if (moves) {
        offset = lseek(fd, 0, SEEK_CUR);
    }
    ssize_t done = moves ? syscall(SYS_write, fd, data, length) : syscall(SYS_pwrite64, fd, data, length, offset);
    if (done > 0)
        put((struct record){.what = WRITTEN, .inode = inode(fd), .offset = (uint64_t)offset, .length = (uint64_t)done}, name, "",
            data, (size_t)done);
    if (verdict < 0 && kind == TEAR) stop();
    if (verdict < 0 && done == 0) {
        errno = ENOSPC;
        return -1;
    }
    return done;
}

EXPORT ssize_t write(int fd, const void *data, size_t n) { return wrote(fd, data, n, 0, 1); }
EXPORT ssize_t pwrite(int fd, const void *data, size_t n, off_t offset) { return wrote(fd, data, n, offset, 0); }
EXPORT ssize_t pwrite64(int fd, const void *data, size_t n, off64_t offset) { return wrote(fd, data, n, offset, 0); }

/* One call per part: that is what a kernel may make of it. */
static ssize_t wrote_parts(int fd, const struct iovec *parts, int n, off_t offset, int moves)
{
    ssize_t sum = 0;
    for (int i = 0; i < n; i++) {
        ssize_t done = wrote(fd, parts[i].iov_base, parts[i].iov_len, offset + sum, moves);
        if (done < 0) return sum ? sum : -1;
        sum += done;
        if ((size_t)done < parts[i].iov_len) break;
    }
    return sum;
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int n) { return wrote_parts(fd, parts, n, 0, 1); }
EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t o) { return wrote_parts(fd, parts, n, o, 0); }
EXPORT ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t o) { return wrote_parts(fd, parts, n, o, 0); }

static int open_at(int folder, const char *path, int flags, mode_t mode)
{
    const char *name = below(path);
    struct stat s;
    int there = name && syscall(SYS_newfstatat, folder, path, &s, 0) == 0;
    int creates = name && (flags & O_CREAT) && !there;
    int cuts = there && (flags & O_TRUNC) && S_ISREG(s.st_mode) && s.st_size > 0;
    if ((creates || cuts) && refused(creates)) return -1;
    int fd = (int)syscall(SYS_openat, folder, path, flags, mode);
    if (fd < 0 || !name) return fd;
    if (fd >= FILES) stop();
    free(open_as[fd]);
    open_as[fd] = strdup(name);
    struct record r = {.what = creates ? CREATED : OPENED, .inode = inode(fd)};
    put(r, name, "", "", 0);
    if (cuts) put((struct record){.what = CUT, .inode = r.inode}, name, "", "", 0);
    return fd;
}

#define MODE(flags, last, mode)                  \
    mode_t mode = 0;                             \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {     \
        va_list rest;                            \
        va_start(rest, last);                    \
        mode = (mode_t)va_arg(rest, int);        \
        va_end(rest);                            \
    }

EXPORT int open(const char *path, int flags, ...) { MODE(flags, flags, mode) return open_at(BELOW_CWD(path), flags, mode); }
EXPORT int open64(const char *path, int flags, ...) { MODE(flags, flags, mode) return open_at(BELOW_CWD(path), flags, mode); }
EXPORT int openat(int folder, const char *path, int flags, ...) { MODE(flags, flags, mode) return open_at(folder, path, flags, mode); }
EXPORT int openat64(int folder, const char *path, int flags, ...) { MODE(flags, flags, mode) return open_at(folder, path, flags, mode); }
EXPORT int creat(const char *path, mode_t mode) { return open_at(BELOW_CWD(path), O_CREAT | O_WRONLY | O_TRUNC, mode); }

EXPORT int close(int fd)
{
    if (opened(fd)) {
        free(open_as[fd]);
        open_as[fd] = NULL;
    }
    return (int)syscall(SYS_close, fd);
}

/* The size that a file shall have. */
static int sized(int fd, off_t length, int only_grow)
{
    const char *name = opened(fd);
    struct stat s;
    if (!name) return only_grow ? (int)syscall(SYS_fallocate, fd, 0, 0, length) : (int)syscall(SYS_ftruncate, fd, length);
    if (fstat(fd, &s) != 0) return -1;
    if (only_grow && length <= s.st_size) return 0;
    if (refused(length > s.st_size)) return -1;
    int done = (int)syscall(SYS_ftruncate, fd, length);
    if (done == 0) put((struct record){.what = CUT, .inode = inode(fd), .length = (uint64_t)length}, name, "", "", 0);
    return done;
}

EXPORT int ftruncate(int fd, off_t length) { return sized(fd, length, 0); }
EXPORT int ftruncate64(int fd, off64_t length) { return sized(fd, length, 0); }
EXPORT int posix_fallocate(int fd, off_t from, off_t n) { return sized(fd, from + n, 1) ? errno : 0; }
EXPORT int posix_fallocate64(int fd, off64_t from, off64_t n) { return sized(fd, from + n, 1) ? errno : 0; }

static int synced(int fd, long call)
{
    const char *name = opened(fd);
    struct stat s;
    if (!name) return (int)syscall(call, fd);
    if (refused(0)) return -1;
    if (fstat(fd, &s) != 0 || syscall(call, fd) != 0) return -1;
    put((struct record){.what = S_ISDIR(s.st_mode) ? FOLDER_SYNCED : SYNCED, .inode = s.st_ino}, name, "", "", 0);
    return 0;
}

EXPORT int fsync(int fd) { return synced(fd, SYS_fsync); }
EXPORT int fdatasync(int fd) { return synced(fd, SYS_fdatasync); }

EXPORT int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    const char *name = below(from), *other = below(to);
    struct stat s;
    int there = name && other && syscall(SYS_newfstatat, from_folder, from, &s, AT_SYMLINK_NOFOLLOW) == 0;
    if (!there) return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 0);
    if (refused(0)) return -1;
    int done = (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 0);
    if (done == 0) put((struct record){.what = RENAMED}, name, other, "", 0);
    return done;
}

EXPORT int rename(const char *from, const char *to) { return renameat(BELOW_CWD(from), BELOW_CWD(to)); }

EXPORT int unlinkat(int folder, const char *path, int flags)
{
    const char *name = below(path);
    if (!name) return (int)syscall(SYS_unlinkat, folder, path, flags);
    if (strcmp(name, ".space") == 0) kind = NONE;
    struct stat s;
    /* What is not there is not removed: no number. */
    if (syscall(SYS_newfstatat, folder, path, &s, AT_SYMLINK_NOFOLLOW) != 0) return -1;
    if (refused(0)) return -1;
    int done = (int)syscall(SYS_unlinkat, folder, path, flags);
    if (done == 0) put((struct record){.what = REMOVED}, name, "", "", 0);
    return done;
}

EXPORT int unlink(const char *path) { return unlinkat(BELOW_CWD(path), 0); }
EXPORT int rmdir(const char *path) { return unlinkat(BELOW_CWD(path), AT_REMOVEDIR); }
EXPORT int remove(const char *path) { return unlinkat(BELOW_CWD(path), 0); }

EXPORT int mkdirat(int folder, const char *path, mode_t mode)
{
    const char *name = below(path);
    struct stat s;
    if (!name || syscall(SYS_newfstatat, folder, path, &s, 0) == 0) return (int)syscall(SYS_mkdirat, folder, path, mode);
    if (refused(1)) return -1;
    int done = (int)syscall(SYS_mkdirat, folder, path, mode);
    if (done == 0) put((struct record){.what = FOLDER_MADE}, name, "", "", 0);
    return done;
}

EXPORT int mkdir(const char *path, mode_t mode) { return mkdirat(BELOW_CWD(path), mode); }
