#ifndef CRASHDISK_SHIM_H
#define CRASHDISK_SHIM_H

#include <stdint.h>

/* Levels that PRAGMA synchronous is turned down to; 0 leaves it as asked for. */
enum { SHIM_AS_ASKED = 0, SHIM_NORMAL = 1, SHIM_OFF = 2 };

/* A shim is one registered VFS in front of SQLite's own. */
typedef struct shim shim;

shim *shim_new(uintptr_t disk, int number);
void shim_free(shim *s);
const char *shim_name(const shim *s);

void shim_power(shim *s, int off);
void shim_next_generation(shim *s);
void shim_synchronous(shim *s, int level);
void shim_clock(shim *s, int64_t julian_milliseconds);
void shim_seed(int seed);

#endif
