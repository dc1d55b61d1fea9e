# Builds and installs position_telemetry.
#
#   make && make install                  the native build (C++)
#   make PORTABLE=1 && make install PORTABLE=1   the portable build (SQL only)
#   make installcheck                     pg_regress and isolation tests
#   scripts/test                          everything, on a throw-away server

EXTENSION := position_telemetry
EXTENSION_VERSION := $(shell sed -n "s/^default_version = '\(.*\)'/\1/p" position_telemetry.control)
PG_CONFIG ?= pg_config

FLAVOUR := $(if $(PORTABLE),portable,native)
BUILD_DIR := build/$(FLAVOUR)
EXTENSION_SQL := $(BUILD_DIR)/$(EXTENSION)--$(EXTENSION_VERSION).sql

# The scripts that lead to this version: from earlier ones, and from the other build.
EARLIER_VERSIONS := $(sort $(foreach step,$(notdir $(wildcard src/update/[0-9]*.sql)),$(firstword $(subst --, ,$(step)))))
CHANGING := $(EXTENSION_VERSION)-$(FLAVOUR)
UPDATES := $(EARLIER_VERSIONS:%=%--$(EXTENSION_VERSION)) $(EXTENSION_VERSION)--$(CHANGING) $(CHANGING)--$(EXTENSION_VERSION)
UPDATE_SQL := $(UPDATES:%=$(BUILD_DIR)/$(EXTENSION)--%.sql)

DATA = $(EXTENSION_SQL) $(UPDATE_SQL)

ifndef PORTABLE
MODULE_big := $(EXTENSION)
CORE_SOURCES := $(addprefix src/core/,$(shell cat src/core/SOURCES))
PG_SOURCES := $(wildcard src/pg/*.cpp)
OBJS := $(CORE_SOURCES:.cpp=.o) $(PG_SOURCES:.cpp=.o)
SHLIB_LINK := -lstdc++
endif

# The server's headers are not ours to warn about; PostgreSQL 15 says "register".
PG_CXXFLAGS := -std=c++20 -Wall -Wextra $(if $(WERROR),-Werror) -Wno-register -MMD -MP \
               -isystem $(shell $(PG_CONFIG) --includedir-server)

REGRESS = $(filter setup,$(TESTS)) $(filter-out setup,$(TESTS))
TESTS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
REGRESS_OPTS = --inputdir=. --load-extension=plpgsql
ISOLATION = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --outputdir=build/isolation --load-extension=position_telemetry

EXTRA_CLEAN = build $(wildcard src/*/*.d)

# JIT bitcode would be compiled by clang with other flags, for nothing: triggers
# are not inlined.
override with_llvm := no
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

-include $(wildcard src/*/*.d)

all: $(DATA)

$(EXTENSION_SQL): scripts/assemble $(EXTENSION).control $(wildcard src/sql/*.sql src/update/*.sql src/install/*.sql)
	scripts/assemble files $(FLAVOUR) $(BUILD_DIR)

# Written along with it.
$(UPDATE_SQL): $(EXTENSION_SQL)
	@test -e $@ || scripts/assemble files $(FLAVOUR) $(BUILD_DIR)
