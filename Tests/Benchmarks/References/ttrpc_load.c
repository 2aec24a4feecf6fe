// Keeps unary ttRPC calls under way on one core and counts the answers.
//
//   ttrpc-load SOCKET METHOD APP CONNECTIONS IN-FLIGHT SECONDS [PAGE-SIZE]
//
// Prints "REQUESTS-PER-SECOND P50-MICROSECONDS BYTES-PER-ANSWER". METHOD is one of rollback.v1.RollbackService that takes a
// ListDeploysRequest's fields 1 (app) and 2 (page_size).
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { RECEIVE = 1 << 20, SLOTS = 4096, SAMPLES = 1 << 20 };

struct connection {
  int fd;
  uint32_t next;
  size_t received, unsent, sent;
  uint8_t in[RECEIVE], out[RECEIVE];
  uint64_t began[SLOTS];
};

static uint8_t frame[4096];
static size_t frame_size;
static uint64_t *samples, answers, bytes;
static size_t sample_count;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static size_t field(uint8_t *to, int number, const void *data, size_t size) {
  size_t n = 0;
  to[n++] = (uint8_t)(number << 3 | 2);
  for (size_t left = size;; left >>= 7) {
    to[n++] = (uint8_t)((left & 127) | (left > 127 ? 128 : 0));
    if (left <= 127) break;
  }
  memcpy(to + n, data, size);
  return n + size;
}

static void make_frame(const char *method, const char *app, unsigned page_size) {
  uint8_t request[1024], *data = frame + 10;
  size_t size = *app ? field(request, 1, app, strlen(app)) : 0, n = 0;
  if (page_size) {
    request[size++] = 2 << 3;
    for (; page_size > 127; page_size >>= 7) request[size++] = (uint8_t)(page_size | 128);
    request[size++] = (uint8_t)page_size;
  }
  n += field(data, 1, "rollback.v1.RollbackService", 27);
  n += field(data + n, 2, method, strlen(method));
  n += field(data + n, 3, request, size);
  frame[3] = (uint8_t)n, frame[2] = (uint8_t)(n >> 8), frame[8] = 1;
  frame_size = n + 10;
}

static void begin(struct connection *c) {
  uint8_t *to = c->out + c->unsent;
  memcpy(to, frame, frame_size);
  for (int i = 0; i < 4; i++) to[4 + i] = (uint8_t)(c->next >> (24 - 8 * i));
  c->began[c->next / 2 % SLOTS] = now();
  c->next += 2;
  c->unsent += frame_size;
}

static void flush(struct connection *c) {
  ssize_t n = send(c->fd, c->out + c->sent, c->unsent - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n < 0 && errno != EAGAIN) perror("ttrpc-load: send"), exit(1);
  if (n > 0) c->sent += (size_t)n;
  if (c->sent == c->unsent) c->sent = c->unsent = 0;
}

static void receive(struct connection *c) {
  ssize_t n = recv(c->fd, c->in + c->received, RECEIVE - c->received, MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN)) fputs("ttrpc-load: the server closed\n", stderr), exit(1);
  if (n < 0) return;
  c->received += (size_t)n;
  size_t at = 0;
  uint64_t time = now();
  while (c->received - at >= 10) {
    uint8_t *h = c->in + at;
    size_t size = (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];
    if (c->received - at < size + 10) break;
    uint32_t id = (uint32_t)h[4] << 24 | (uint32_t)h[5] << 16 | (uint32_t)h[6] << 8 | h[7];
    if (sample_count < SAMPLES) samples[sample_count++] = time - c->began[id / 2 % SLOTS];
    answers++, bytes += size;
    at += size + 10;
    // What does not fit now is begun with a later answer: never with frames this small.
    if (c->unsent + frame_size <= RECEIVE) begin(c);
  }
  memmove(c->in, c->in + at, c->received - at);
  c->received -= at;
  flush(c);
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

int main(int count, char **arguments) {
  if (count < 7) return fputs("usage: ttrpc-load SOCKET METHOD APP CONNECTIONS IN-FLIGHT SECONDS [PAGE-SIZE]\n", stderr), 64;
  int connections = atoi(arguments[4]), in_flight = atoi(arguments[5]);
  make_frame(arguments[2], arguments[3], count > 7 ? (unsigned)atoi(arguments[7]) : 0);
  samples = malloc(SAMPLES * sizeof *samples);
  struct connection *all = calloc((size_t)connections, sizeof *all);
  struct pollfd *polls = calloc((size_t)connections, sizeof *polls);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, arguments[1], sizeof address.sun_path - 1);
  for (int i = 0; i < connections; i++) {
    all[i].fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(all[i].fd, (struct sockaddr *)&address, sizeof address)) return perror("ttrpc-load: connect"), 1;
    all[i].next = 1;
    polls[i].fd = all[i].fd;
    for (int n = 0; n < in_flight; n++) begin(&all[i]);
    flush(&all[i]);
  }
  uint64_t start = now(), end = start + (uint64_t)(atof(arguments[6]) * 1e9);
  while (now() < end) {
    for (int i = 0; i < connections; i++) polls[i].events = (short)(POLLIN | (all[i].unsent ? POLLOUT : 0));
    if (poll(polls, (nfds_t)connections, 1000) < 0) return perror("ttrpc-load: poll"), 1;
    for (int i = 0; i < connections; i++) {
      if (polls[i].revents & POLLOUT) flush(&all[i]);
      if (polls[i].revents & (POLLIN | POLLHUP)) receive(&all[i]);
    }
  }
  double seconds = (double)(now() - start) / 1e9;
  qsort(samples, sample_count, sizeof *samples, by_value);
  printf("%.0f %.1f %.0f\n", (double)answers / seconds, sample_count ? (double)samples[sample_count / 2] / 1000 : 0,
         answers ? (double)bytes / (double)answers : 0);
}
