// Where memory ends, and pointers that lead nowhere.
#pragma once

#include <sys/mman.h>

#include "target.h"

enum { kPage = 4096 };

/// What follows it cannot be read.
static char *edge;
static char *const wild[] = {NULL, (char *)16, (char *)0x8000000000000000, (char *)-8};

static void make_edge(void) {
  char *pages = mmap(NULL, 3 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(pages != MAP_FAILED && mprotect(pages + 2 * kPage, kPage, PROT_NONE) == 0);
  memset(pages, 'a', 2 * kPage);
  edge = pages + 2 * kPage;
}
