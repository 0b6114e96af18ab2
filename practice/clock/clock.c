// The settable clock of the practice scenarios: a library that is loaded before a program (LD_PRELOAD) and moves the
// time of day that it reads by PRACTICE_CLOCK seconds. Time that measures durations is left alone, so that waiting
// takes as long as ever; a wait until a time of day ends at that time of the moved clock. What ships knows nothing of it.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t moved(void) {
    const char *seconds = getenv("PRACTICE_CLOCK");
    return seconds ? (time_t)strtoll(seconds, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *result) {
    int status = (int)syscall(SYS_clock_gettime, clock, result);
    if (status == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) result->tv_sec += moved();
    return status;
}

int gettimeofday(struct timeval *restrict result, void *restrict zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    result->tv_sec = now.tv_sec;
    result->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

// A deadline of the moved clock as the kernel's clock has it. One that is too near 1970 to be a time of day is one of a
// clock that was not moved.
static struct timespec kernels(const struct timespec *deadline) {
    struct timespec result = *deadline;
    if (result.tv_sec > 1000000000) result.tv_sec -= moved();
    return result;
}

typedef int (*cond_wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
typedef int (*sem_wait_until)(sem_t *, const struct timespec *);

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict deadline) {
    // The version whose condition variables are today's; processors that came later have that one only.
    static cond_wait next;
    if (!next) next = (cond_wait)dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!next) next = (cond_wait)dlsym(RTLD_NEXT, "pthread_cond_timedwait");
    struct timespec until = kernels(deadline);
    return next(condition, mutex, &until);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
    static sem_wait_until next;
    if (!next) next = (sem_wait_until)dlsym(RTLD_NEXT, "sem_timedwait");
    struct timespec until = kernels(deadline);
    return next(semaphore, &until);
}
