// The least that a C server does for a refused unary call: epoll, protobuf-c for the envelope, the request, and the status
// that goes back. The same bytes go over the wire as with rollbackd.
//
//   ttrpc-reference SOCKET
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "google/rpc/error_details.pb-c.h"
#include "google/rpc/status.pb-c.h"
#include "rollback/v1/rollback.pb-c.h"
#include "ttrpc/request.pb-c.h"

enum { SIZE = 1 << 20 };

struct connection {
  int fd;
  size_t received, unsent;
  uint8_t in[SIZE], out[SIZE];
};

static size_t answer(const uint8_t *data, size_t size, uint8_t *to) {
  Ttrpc__Request *request = ttrpc__request__unpack(NULL, size, data);
  if (!request) return 0;
  Rollback__V1__ListDeploysRequest *list =
      rollback__v1__list_deploys_request__unpack(NULL, request->payload.len, request->payload.data);
  Google__Rpc__ErrorInfo info = GOOGLE__RPC__ERROR_INFO__INIT;
  info.reason = "invalid_argument", info.domain = "rollbackd";
  uint8_t packed[256];
  Google__Protobuf__Any any = GOOGLE__PROTOBUF__ANY__INIT, *details[] = {&any};
  any.type_url = "type.googleapis.com/google.rpc.ErrorInfo";
  any.value.len = google__rpc__error_info__pack(&info, packed), any.value.data = packed;
  Google__Rpc__Status status = GOOGLE__RPC__STATUS__INIT;
  status.code = 3;
  status.message = list && *list->app ? "" : "app is empty: name an app (list them with app list)";
  status.n_details = 1, status.details = details;
  Ttrpc__Response response = TTRPC__RESPONSE__INIT;
  response.status = &status;
  size_t count = ttrpc__response__get_packed_size(&response);
  if (count + 10 <= 4096) ttrpc__response__pack(&response, to);
  if (list) rollback__v1__list_deploys_request__free_unpacked(list, NULL);
  ttrpc__request__free_unpacked(request, NULL);
  return count;
}

static int serve(struct connection *c) {
  ssize_t n = recv(c->fd, c->in + c->received, SIZE - c->received, MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN)) return -1;
  if (n > 0) c->received += (size_t)n;
  size_t at = 0;
  while (c->received - at >= 10 && SIZE - c->unsent >= 4096) {
    uint8_t *h = c->in + at, *to = c->out + c->unsent;
    size_t size = (size_t)h[0] << 24 | (size_t)h[1] << 16 | (size_t)h[2] << 8 | h[3];
    if (c->received - at < size + 10) break;
    size_t count = answer(h + 10, size, to + 10);
    to[0] = (uint8_t)(count >> 24), to[1] = (uint8_t)(count >> 16), to[2] = (uint8_t)(count >> 8), to[3] = (uint8_t)count;
    memcpy(to + 4, h + 4, 4);
    to[8] = 2, to[9] = 0;
    c->unsent += count + 10;
    at += size + 10;
  }
  memmove(c->in, c->in + at, c->received - at);
  c->received -= at;
  size_t sent = 0;
  while (sent < c->unsent) {
    n = send(c->fd, c->out + sent, c->unsent - sent, MSG_NOSIGNAL);
    if (n < 0) return -1;
    sent += (size_t)n;
  }
  c->unsent = 0;
  return 0;
}

int main(int count, char **arguments) {
  if (count != 2) return fputs("usage: ttrpc-reference SOCKET\n", stderr), 64;
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, arguments[1], sizeof address.sun_path - 1);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), epoll = epoll_create1(EPOLL_CLOEXEC);
  unlink(arguments[1]);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096))
    return perror("ttrpc-reference: listen"), 1;
  struct epoll_event event = {.events = EPOLLIN}, events[64];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int ready = epoll_wait(epoll, events, 64, -1);
    for (int i = 0; i < ready; i++) {
      struct connection *c = events[i].data.ptr;
      if (!c) {
        c = calloc(1, sizeof *c);
        c->fd = accept(listener, NULL, NULL);
        event.data.ptr = c;
        epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
      } else if (serve(c)) {
        close(c->fd);
        free(c);
      }
    }
  }
}
