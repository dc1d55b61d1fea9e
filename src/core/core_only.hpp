// Included last by every core source: the core must compile, and be tested,
// without PostgreSQL.
#ifdef POSTGRES_H
#error "src/core must not include PostgreSQL headers"
#endif
