// Finds a function in this process's own vDSO. Needs no C library.
#pragma once

#include <elf.h>
#include <link.h>

static inline int same_text(const char *a, const char *b) {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return *a == *b;
}

/// The address of the function `name` in the vDSO image at `base` (AT_SYSINFO_EHDR), or null.
static inline void *vdso_symbol(const char *base, const char *name) {
  const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)base;
  if (base == 0) return 0;
  const ElfW(Shdr) *sections = (const ElfW(Shdr) *)(base + header->e_shoff);
  for (int s = 0; s < header->e_shnum; ++s) {
    if (sections[s].sh_type != SHT_DYNSYM) continue;
    const ElfW(Sym) *symbols = (const ElfW(Sym) *)(base + sections[s].sh_offset);
    const char *names = base + sections[sections[s].sh_link].sh_offset;
    for (unsigned i = 0; i < sections[s].sh_size / sizeof *symbols; ++i) {
      if (symbols[i].st_value != 0 && same_text(names + symbols[i].st_name, name)) {
        return (void *)(base + symbols[i].st_value);
      }
    }
  }
  return 0;
}
