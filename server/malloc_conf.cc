#include <jemalloc/jemalloc.h>

// Read by jemalloc before it gives out the first block (its manual, "TUNING"); MALLOC_CONF in the environment comes
// after it. Huge pages save page faults and walks, for some megabytes more when idle; the background thread gives back
// what a burst took, also when no call comes any more: docs/adr/2026-11-22-jemalloc.md.
const char* malloc_conf = "thp:always,background_thread:true";
