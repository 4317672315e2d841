#include <jemalloc/jemalloc.h>

// Read by jemalloc before it gives out the first block (its manual, "TUNING"); MALLOC_CONF in the environment comes
// after it. Huge pages save page faults and walks, for some megabytes more when idle: docs/adr/2026-11-22-jemalloc.md.
const char* malloc_conf = "thp:always";
