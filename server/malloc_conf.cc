#include <jemalloc/jemalloc.h>

// Read by jemalloc before it gives out the first block (its manual, "TUNING"); MALLOC_CONF in the environment comes
// after it. Huge pages save page faults and walks, for some megabytes more when idle; the background thread gives back
// what a burst took, also when no call comes any more. A thread keeps as many free blocks of a size as the calls of a
// turn take together: docs/adr/2026-11-22-jemalloc.md.
const char* malloc_conf =
    "thp:always,background_thread:true,"
    "tcache_nslots_small_min:100,tcache_nslots_small_max:800,lg_tcache_nslots_mul:3";
