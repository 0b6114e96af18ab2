// System calls that Swift's Glibc module leaves out: extended attributes, getdents64, fallocate, memfd_create, pipe2. Declarations and thin
// inline wrappers only; no logic.

#ifndef HIKAE_CLINUX_SHIM_H
#define HIKAE_CLINUX_SHIM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/xattr.h>

#if defined(__linux__)

#include <malloc.h>

// fcntl.h hides these without _GNU_SOURCE, which a module's header comes too late to define.
#define HIKAE_O_NOATIME 01000000
#define HIKAE_O_PATH 010000000
#define HIKAE_UTIME_OMIT 1073741822
#define HIKAE_FALLOC_FL_KEEP_SIZE 1
#define HIKAE_MFD_CLOEXEC 1u

extern long syscall(long number, ...);
extern ssize_t getdents64(int descriptor, void *buffer, size_t length);
extern int pipe2(int ends[2], int flags);
extern int memfd_create(const char *name, unsigned flags);
extern int fallocate(int descriptor, int mode, off_t offset, off_t length);

struct hikae_xattr_args {
    uint64_t value;
    uint32_t size;
    uint32_t flags;
};

// listxattrat and getxattrat (Linux 6.13): no path is resolved, so none can be exchanged underneath. ENOSYS before.
static inline ssize_t hikae_listxattrat(int directory, const char *name, char *list, size_t size) {
    return syscall(465, directory, name, 0x100 /* AT_SYMLINK_NOFOLLOW */, list, size);
}

static inline ssize_t hikae_getxattrat(int directory, const char *name, const char *attribute, void *value,
                                       size_t size) {
    struct hikae_xattr_args arguments = {(uint64_t)(uintptr_t)value, (uint32_t)size, 0};
    return syscall(464, directory, name, 0x100 /* AT_SYMLINK_NOFOLLOW */, attribute, &arguments, sizeof arguments);
}

static inline int hikae_setxattrat(int directory, const char *name, const char *attribute, const void *value,
                                   size_t size) {
    struct hikae_xattr_args arguments = {(uint64_t)(uintptr_t)value, (uint32_t)size, 0};
    return (int)syscall(463, directory, name, 0x100 /* AT_SYMLINK_NOFOLLOW */, attribute, &arguments,
                        sizeof arguments);
}

#endif
#endif
