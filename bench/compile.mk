# What `make` does in the benchmark: compiles one file eight times. For example: make -s -B -f bench/compile.mk
objects := $(foreach n,1 2 3 4 5 6 7 8,build/bench/calls-$(n).o)

all: $(objects)

build/bench/calls-%.o: bench/calls.c
	$(CC) -O2 -c -o $@ $<

.PHONY: all
