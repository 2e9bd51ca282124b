#include "shim.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sqlite3vfs.h"

#include "_cgo_export.h"

/*
** What changes a file is put to Go first, which says whether it
** happens; everything else goes straight on while the power is on.
*/
struct shim {
  sqlite3_vfs vfs;
  sqlite3_vfs *real;
  uintptr_t disk;            /* Go's handle of the Disk */
  atomic_int off;            /* the power is cut: nothing works */
  atomic_int generation;     /* counts loads: a file opened before the last one is dead */
  atomic_int level;          /* SHIM_… */
  atomic_llong clock;        /* milliseconds of SQLite's Julian day, 0 for the real time */
  char name[32];
};

/* A file as SQLite holds it; the real VFS's own file follows it in memory. */
typedef struct shim_file {
  sqlite3_file base;
  sqlite3_file *real;
  shim *shim;
  int number;     /* Go's number of the file; 0 for temporary files, which nobody looks after */
  int generation;
  int directory;  /* the next sync of this handle also syncs the directory, as SQLite's unix VFS does it */
} shim_file;

static shim *of(sqlite3_vfs *vfs) { return (shim*)vfs->pAppData; }

static int dead(shim_file *f) {
  return atomic_load(&f->shim->off) || f->generation != atomic_load(&f->shim->generation);
}

static int file_close(sqlite3_file *file) {
  shim_file *f = (shim_file*)file;
  return f->real->pMethods ? f->real->pMethods->xClose(f->real) : SQLITE_OK;
}

static int file_read(sqlite3_file *file, void *to, int n, sqlite3_int64 offset) {
  shim_file *f = (shim_file*)file;
  if (dead(f)) return SQLITE_IOERR_READ;
  return f->real->pMethods->xRead(f->real, to, n, offset);
}

static int file_write(sqlite3_file *file, const void *from, int n, sqlite3_int64 offset) {
  shim_file *f = (shim_file*)file;
  if (dead(f)) return SQLITE_IOERR_WRITE;
  if (f->number) {
    int rc = crashdiskWrite(f->shim->disk, f->number, (void*)from, n, offset);
    if (rc != SQLITE_OK) return rc;
  }
  return f->real->pMethods->xWrite(f->real, from, n, offset);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size) {
  shim_file *f = (shim_file*)file;
  if (dead(f)) return SQLITE_IOERR_TRUNCATE;
  if (f->number) {
    int rc = crashdiskTruncate(f->shim->disk, f->number, size);
    if (rc != SQLITE_OK) return rc;
  }
  return f->real->pMethods->xTruncate(f->real, size);
}

/* Nothing is ever really synced: what a sync means is Go's to know, and a test need not wait for this machine's disk. */
static int file_sync(sqlite3_file *file, int flags) {
  shim_file *f = (shim_file*)file;
  int rc;
  (void)flags;
  if (dead(f)) return SQLITE_IOERR_FSYNC;
  if (!f->number) return SQLITE_OK;
  rc = crashdiskSync(f->shim->disk, f->number, f->directory);
  if (rc == SQLITE_OK) f->directory = 0;
  return rc;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *size) {
  shim_file *f = (shim_file*)file;
  if (dead(f)) return SQLITE_IOERR_FSTAT;
  return f->real->pMethods->xFileSize(f->real, size);
}

static int file_lock(sqlite3_file *file, int level) {
  shim_file *f = (shim_file*)file;
  if (dead(f)) return SQLITE_IOERR_LOCK;
  return f->real->pMethods->xLock(f->real, level);
}

static int file_unlock(sqlite3_file *file, int level) {
  shim_file *f = (shim_file*)file;
  return f->real->pMethods->xUnlock(f->real, level);
}

static int file_reserved(sqlite3_file *file, int *reserved) {
  shim_file *f = (shim_file*)file;
  return f->real->pMethods->xCheckReservedLock(f->real, reserved);
}

/* SQLite asks the VFS before it obeys a pragma and goes on with the words that it finds then. */
static void turn_down(shim *s, char **pragma) {
  int level = atomic_load(&s->level);
  if (level == SHIM_AS_ASKED || !pragma[1] || strcasecmp(pragma[1], "synchronous") != 0) return;
  if (!pragma[2] || strlen(pragma[2]) < 1) return;
  strcpy(pragma[2], level == SHIM_NORMAL ? "1" : "0");
}

static int file_control(sqlite3_file *file, int op, void *argument) {
  shim_file *f = (shim_file*)file;
  if (op == SQLITE_FCNTL_PRAGMA) {
    turn_down(f->shim, (char**)argument);
    return SQLITE_NOTFOUND;
  }
  return f->real->pMethods->xFileControl(f->real, op, argument);
}

static int file_sector(sqlite3_file *file) {
  shim_file *f = (shim_file*)file;
  return f->real->pMethods->xSectorSize(f->real);
}

static int file_characteristics(sqlite3_file *file) {
  shim_file *f = (shim_file*)file;
  return f->real->pMethods->xDeviceCharacteristics(f->real);
}

static int shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **to) {
  shim_file *f = (shim_file*)file;
  if (dead(f)) return SQLITE_IOERR_SHMMAP;
  return f->real->pMethods->xShmMap(f->real, page, size, extend, to);
}

static int shm_lock(sqlite3_file *file, int offset, int n, int flags) {
  shim_file *f = (shim_file*)file;
  return f->real->pMethods->xShmLock(f->real, offset, n, flags);
}

static void shm_barrier(sqlite3_file *file) {
  shim_file *f = (shim_file*)file;
  f->real->pMethods->xShmBarrier(f->real);
}

static int shm_unmap(sqlite3_file *file, int delete) {
  shim_file *f = (shim_file*)file;
  return f->real->pMethods->xShmUnmap(f->real, delete);
}

/* Version 2: without xFetch nothing is written to by way of mapped memory, which nobody could see. */
static const struct sqlite3_io_methods methods = {
  2, file_close, file_read, file_write, file_truncate, file_sync, file_size, file_lock, file_unlock, file_reserved,
  file_control, file_sector, file_characteristics, shm_map, shm_lock, shm_barrier, shm_unmap, 0, 0,
};

static int vfs_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out) {
  const int journals = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL;
  shim *s = of(vfs);
  shim_file *f = (shim_file*)file;
  int rc;
  memset(f, 0, sizeof *f);
  f->real = (sqlite3_file*)(f + 1);
  f->shim = s;
  f->generation = atomic_load(&s->generation);
  if (atomic_load(&s->off)) return SQLITE_CANTOPEN;
  rc = s->real->xOpen(s->real, name, f->real, flags, out);
  if (rc != SQLITE_OK) return rc;
  if (name && (flags & (journals | SQLITE_OPEN_MAIN_DB))) {
    f->number = crashdiskOpened(s->disk, (char*)name, (flags & SQLITE_OPEN_MAIN_DB) != 0);
    if (!f->number) {
      f->real->pMethods->xClose(f->real);
      return SQLITE_CANTOPEN;
    }
    f->directory = (flags & SQLITE_OPEN_CREATE) && (flags & journals);
  }
  f->base.pMethods = &methods;
  return SQLITE_OK;
}

static int vfs_delete(sqlite3_vfs *vfs, const char *name, int directory) {
  shim *s = of(vfs);
  int rc;
  if (atomic_load(&s->off)) return SQLITE_IOERR_DELETE;
  rc = crashdiskDelete(s->disk, (char*)name, directory);
  if (rc != SQLITE_OK) return rc;
  return s->real->xDelete(s->real, name, 0);
}

static int vfs_access(sqlite3_vfs *vfs, const char *name, int flags, int *out) {
  return of(vfs)->real->xAccess(of(vfs)->real, name, flags, out);
}

static int vfs_path(sqlite3_vfs *vfs, const char *name, int n, char *out) {
  return of(vfs)->real->xFullPathname(of(vfs)->real, name, n, out);
}

static int vfs_randomness(sqlite3_vfs *vfs, int n, char *out) {
  return of(vfs)->real->xRandomness(of(vfs)->real, n, out);
}

static int vfs_sleep(sqlite3_vfs *vfs, int microseconds) {
  return of(vfs)->real->xSleep(of(vfs)->real, microseconds);
}

static int vfs_time64(sqlite3_vfs *vfs, sqlite3_int64 *out) {
  long long clock = atomic_load(&of(vfs)->clock);
  if (!clock) return of(vfs)->real->xCurrentTimeInt64(of(vfs)->real, out);
  *out = clock;
  return SQLITE_OK;
}

static int vfs_time(sqlite3_vfs *vfs, double *out) {
  sqlite3_int64 milliseconds;
  int rc = vfs_time64(vfs, &milliseconds);
  *out = milliseconds / 86400000.0;
  return rc;
}

static int vfs_error(sqlite3_vfs *vfs, int n, char *out) {
  return of(vfs)->real->xGetLastError ? of(vfs)->real->xGetLastError(of(vfs)->real, n, out) : 0;
}

shim *shim_new(uintptr_t disk, int number) {
  sqlite3_vfs *real = sqlite3_vfs_find(0);
  shim *s;
  if (!real || !(s = calloc(1, sizeof *s))) return 0;
  snprintf(s->name, sizeof s->name, "crashdisk-%d", number);
  s->disk = disk;
  s->real = real;
  s->vfs.iVersion = 2;
  s->vfs.szOsFile = (int)sizeof(shim_file) + real->szOsFile;
  s->vfs.mxPathname = real->mxPathname;
  s->vfs.zName = s->name;
  s->vfs.pAppData = s;
  s->vfs.xOpen = vfs_open;
  s->vfs.xDelete = vfs_delete;
  s->vfs.xAccess = vfs_access;
  s->vfs.xFullPathname = vfs_path;
  s->vfs.xRandomness = vfs_randomness;
  s->vfs.xSleep = vfs_sleep;
  s->vfs.xCurrentTime = vfs_time;
  s->vfs.xGetLastError = vfs_error;
  s->vfs.xCurrentTimeInt64 = vfs_time64;
  if (sqlite3_vfs_register(&s->vfs, 0) != SQLITE_OK) {
    free(s);
    return 0;
  }
  return s;
}

void shim_free(shim *s) {
  sqlite3_vfs_unregister(&s->vfs);
  free(s);
}

const char *shim_name(const shim *s) { return s->name; }

void shim_power(shim *s, int off) { atomic_store(&s->off, off); }

void shim_next_generation(shim *s) { atomic_fetch_add(&s->generation, 1); }

void shim_synchronous(shim *s, int level) { atomic_store(&s->level, level); }

void shim_clock(shim *s, int64_t julian_milliseconds) { atomic_store(&s->clock, julian_milliseconds); }

void shim_seed(int seed) { sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, (void*)0); }
