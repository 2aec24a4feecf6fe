// What ListDeploys asks of PostgreSQL, by bare libpq.
//
//   deploys-reference CONNINFO APP PAGE-SIZE SECONDS          blocking, one at a time: "QUERIES-PER-SECOND P50-MICROSECONDS"
//   deploys-reference CONNINFO APP PAGE-SIZE SECONDS pipeline two connections, 64 on their way on each, a sync every 16
#include <libpq-fe.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// The statement of the deploy store, for a first page.
static const char query[] =
    "SELECT d.id, a.name, d.image_ref, d.image_digest, d.status, d.replicas_desired, d.replicas_updated,"
    " d.replicas_ready, d.replicas_available, d.created_at, d.finished_at, d.time_to_ready_ms, d.actor_id, d.reason,"
    " d.rollback_of, d.warnings, d.current, d.not_rollbackable_reason, d.image_retained_until, d.request_id,"
    " (SELECT count(*) FROM paas_migrations_applied m WHERE m.app_id = d.app_id AND m.applied_at > d.created_at),"
    " d.current AND coalesce(d.created_at < (SELECT n.created_at FROM paas_deployments n WHERE n.app_id = d.app_id"
    " AND n.status NOT IN ('building', 'deploying') ORDER BY n.created_at DESC LIMIT 1), false)"
    " FROM paas_deployments d JOIN paas_apps a ON a.id = d.app_id"
    " WHERE d.app_id = (SELECT id FROM paas_apps WHERE name = $1) ORDER BY d.created_at DESC, d.id LIMIT $2";

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(PGconn *c) {
  fprintf(stderr, "deploys-reference: %s", PQerrorMessage(c));
  exit(1);
}

static PGconn *open_connection(const char *conninfo) {
  PGconn *c = PQconnectdb(conninfo);
  if (PQstatus(c) != CONNECTION_OK) die(c);
  const Oid types[] = {25, 20};
  PQclear(PQprepare(c, "list", query, 2, types));
  return c;
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

static const char *values[2];
static int lengths[2], formats[] = {0, 0};

static void blocking(PGconn *c, uint64_t end, uint64_t *samples, size_t *count) {
  for (uint64_t begin = now(); begin < end && *count < 1 << 20;) {
    PGresult *r = PQexecPrepared(c, "list", 2, values, lengths, formats, 1);
    if (PQresultStatus(r) != PGRES_TUPLES_OK) die(c);
    PQclear(r);
    uint64_t time = now();
    samples[(*count)++] = time - begin;
    begin = time;
  }
}

static size_t pipelined(PGconn **all, int connections, uint64_t end) {
  size_t done = 0;
  int under_way[8] = {0}, sent[8] = {0};
  struct pollfd polls[8];
  for (int i = 0; i < connections; i++) {
    PQsetnonblocking(all[i], 1);
    PQenterPipelineMode(all[i]);
    polls[i] = (struct pollfd){.fd = PQsocket(all[i]), .events = POLLIN};
  }
  while (now() < end) {
    for (int i = 0; i < connections; i++) {
      while (under_way[i] <= 48) {
        for (int n = 0; n < 16; n++, under_way[i]++)
          if (!PQsendQueryPrepared(all[i], "list", 2, values, lengths, formats, 1)) die(all[i]);
        PQpipelineSync(all[i]);
        sent[i]++;
      }
      polls[i].events = (short)(POLLIN | (PQflush(all[i]) ? POLLOUT : 0));
    }
    poll(polls, (nfds_t)connections, 1000);
    for (int i = 0; i < connections; i++) {
      if (!PQconsumeInput(all[i])) die(all[i]);
      // A null result ends a query; two in a row never come before something else is there.
      for (int nulls = 0; nulls < 2 && !PQisBusy(all[i]);) {
        PGresult *r = PQgetResult(all[i]);
        if (!r) {
          nulls++;
          continue;
        }
        nulls = 0;
        if (PQresultStatus(r) == PGRES_TUPLES_OK) done++, under_way[i]--;
        PQclear(r);
      }
    }
  }
  return done;
}

int main(int count, char **arguments) {
  if (count < 5) return fputs("usage: deploys-reference CONNINFO APP PAGE-SIZE SECONDS [pipeline]\n", stderr), 64;
  values[0] = arguments[2], values[1] = arguments[3];
  PGconn *all[2] = {open_connection(arguments[1]), open_connection(arguments[1])};
  uint64_t start = now(), end = start + (uint64_t)(atof(arguments[4]) * 1e9);
  if (count > 5) {
    size_t done = pipelined(all, 2, end);
    printf("%.0f 0\n", (double)done / ((double)(now() - start) / 1e9));
  } else {
    uint64_t *samples = malloc((1 << 20) * sizeof *samples);
    size_t done = 0;
    blocking(all[0], end, samples, &done);
    qsort(samples, done, sizeof *samples, by_value);
    printf("%.0f %.1f\n", (double)done / ((double)(now() - start) / 1e9), done ? (double)samples[done / 2] / 1000 : 0);
  }
}
