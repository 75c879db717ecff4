// The state of a thread or process, as anybody may see it (proc(5)).
#pragma once

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "target.h"

static char state_of(pid_t pid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  const int file = open(path, O_RDONLY);
  CHECK(file >= 0);
  const ssize_t bytes = read(file, text, sizeof text - 1);
  CHECK(bytes > 0 && close(file) == 0);
  text[bytes] = 0;
  return strrchr(text, ')')[2];
}
