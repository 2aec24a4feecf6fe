// What the Glibc module does not show to Swift: epoll, eventfd, signalfd, peer credentials.
// 1:1 with the call of the same name, whose manual page has every rule; what an address or a set of signals is made of
// is built here, for Swift cannot.
#ifndef CLINUX_H
#define CLINUX_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/types.h>

// A ready descriptor: what epoll_wait(2) reports, without its packed union.
typedef struct { uint32_t events; uint64_t data; } clinux_ready;

int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int fd, uint32_t events, uint64_t data);
int clinux_epoll_modify(int epoll, int fd, uint32_t events, uint64_t data);
int clinux_epoll_delete(int epoll, int fd);
// Waits at most `timeout` nanoseconds, for ever when it is negative. At most 256 descriptors a call.
int clinux_epoll_wait(int epoll, clinux_ready *ready, int capacity, int64_t timeout);

int clinux_eventfd(void);
int clinux_signalfd(const int *signals, int count);
// Blocks the signals in the calling thread and in those it creates: pthread_sigmask(3).
int clinux_block_signals(const int *signals, int count);
// Takes one signal off a signalfd; 0 when there is none, -1 with errno on failure.
int clinux_read_signal(int fd);

// SO_PEERCRED and SO_PEERGROUPS of unix(7), socket(7). *count is the capacity before, the number after.
int clinux_peer_credentials(int fd, pid_t *pid, uid_t *uid, gid_t *gid);
int clinux_peer_groups(int fd, gid_t *groups, int *count);

int clinux_unix_socket(void);
int clinux_unix_datagram_socket(void);
// `path` may begin with NUL (abstract). -1 and ENAMETOOLONG when it does not fit.
int clinux_bind(int fd, const char *path, size_t length);
int clinux_connect(int fd, const char *path, size_t length);
int clinux_send_to(int fd, const char *path, size_t length, const void *bytes, size_t count);
int clinux_accept(int fd);

// Names the calling thread: pthread_setname_np(3), 15 bytes.
void clinux_set_thread_name(const char *name);

int clinux_set_nonblocking(int fd);
int clinux_set_close_on_exec(int fd);

// The loop whose thread this is, or NULL: a thread-local.
void *clinux_current_loop(void);
void clinux_set_current_loop(void *loop);

#endif
