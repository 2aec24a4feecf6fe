#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(int epoll, int operation, int fd, uint32_t events, uint64_t data) {
  struct epoll_event event = {.events = events, .data = {.u64 = data}};
  return epoll_ctl(epoll, operation, fd, &event);
}
int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t data) {
  return control(epoll, EPOLL_CTL_ADD, fd, events, data);
}
int clinux_epoll_modify(int epoll, int fd, uint32_t events, uint64_t data) {
  return control(epoll, EPOLL_CTL_MOD, fd, events, data);
}
int clinux_epoll_delete(int epoll, int fd) { return control(epoll, EPOLL_CTL_DEL, fd, 0, 0); }

int clinux_epoll_wait(int epoll, clinux_ready *ready, int capacity, int64_t timeout) {
  struct epoll_event events[256];
  if (capacity > 256) capacity = 256;
  // epoll_pwait2 (Linux 5.11) takes nanoseconds; a sandbox may refuse it, then milliseconds rounded up serve.
  static _Atomic int coarse = 0;
  int count = -1;
  if (!coarse) {
    struct timespec limit = {.tv_sec = timeout / 1000000000, .tv_nsec = timeout % 1000000000};
    count = epoll_pwait2(epoll, events, capacity, timeout < 0 ? NULL : &limit, NULL);
    if (count < 0 && (errno == ENOSYS || errno == EPERM)) coarse = 1;
  }
  if (coarse) {
    int64_t milliseconds = timeout < 0 ? -1 : (timeout + 999999) / 1000000;
    count = epoll_wait(epoll, events, capacity, milliseconds > 3600000 ? 3600000 : (int)milliseconds);
  }
  for (int i = 0; i < count; i++) {
    ready[i].events = events[i].events;
    ready[i].data = events[i].data.u64;
  }
  return count;
}

int clinux_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

static void fill(sigset_t *set, const int *signals, int count) {
  sigemptyset(set);
  for (int i = 0; i < count; i++) sigaddset(set, signals[i]);
}
int clinux_signalfd(const int *signals, int count) {
  sigset_t set;
  fill(&set, signals, count);
  return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
int clinux_block_signals(const int *signals, int count) {
  sigset_t set;
  fill(&set, signals, count);
  return pthread_sigmask(SIG_BLOCK, &set, NULL);
}
int clinux_read_signal(int fd) {
  struct signalfd_siginfo info;
  ssize_t count = read(fd, &info, sizeof info);
  if (count == (ssize_t)sizeof info) return (int)info.ssi_signo;
  return count < 0 && errno != EAGAIN ? -1 : 0;
}

int clinux_peer_credentials(int fd, pid_t *pid, uid_t *uid, gid_t *gid) {
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) return -1;
  *pid = credentials.pid;
  *uid = credentials.uid;
  *gid = credentials.gid;
  return 0;
}
#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif
int clinux_peer_groups(int fd, gid_t *groups, int *count) {
  socklen_t length = (socklen_t)(*count * (int)sizeof(gid_t));
  int result = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &length);
  *count = (int)(length / sizeof(gid_t));
  return result;
}

int clinux_unix_socket(void) { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0); }
int clinux_unix_datagram_socket(void) { return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0); }

// unix(7): a path is NUL-terminated, an abstract name is as long as the address says.
static int address(struct sockaddr_un *out, socklen_t *size, const char *path, size_t length) {
  memset(out, 0, sizeof *out);
  out->sun_family = AF_UNIX;
  if (length == 0 || length >= sizeof out->sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(out->sun_path, path, length);
  *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (path[0] != 0));
  return 0;
}
int clinux_bind(int fd, const char *path, size_t length) {
  struct sockaddr_un name;
  socklen_t size;
  return address(&name, &size, path, length) != 0 ? -1 : bind(fd, (struct sockaddr *)&name, size);
}
int clinux_connect(int fd, const char *path, size_t length) {
  struct sockaddr_un name;
  socklen_t size;
  return address(&name, &size, path, length) != 0 ? -1 : connect(fd, (struct sockaddr *)&name, size);
}
int clinux_send_to(int fd, const char *path, size_t length, const void *bytes, size_t count) {
  struct sockaddr_un name;
  socklen_t size;
  if (address(&name, &size, path, length) != 0) return -1;
  return (int)sendto(fd, bytes, count, MSG_NOSIGNAL, (struct sockaddr *)&name, size);
}
int clinux_accept(int fd) { return accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int clinux_set_nonblocking(int fd) {
  int flags = fcntl(fd, F_GETFL);
  return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}
int clinux_set_close_on_exec(int fd) {
  int flags = fcntl(fd, F_GETFD);
  return flags < 0 ? -1 : fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

static _Thread_local void *current_loop;
void *clinux_current_loop(void) { return current_loop; }
void clinux_set_current_loop(void *loop) { current_loop = loop; }

void clinux_set_thread_name(const char *name) {
  char short_name[16];
  strncpy(short_name, name, sizeof short_name - 1);
  short_name[sizeof short_name - 1] = 0;
  pthread_setname_np(pthread_self(), short_name);
}
