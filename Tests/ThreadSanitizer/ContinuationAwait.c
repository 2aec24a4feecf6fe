// Tells the thread sanitizer that resuming a continuation comes before what its task does next. scripts/test links this
// into what it builds under that sanitizer, and into nothing else.
//
// The Swift runtime tells it so itself where a task has suspended: swift_continuation_resume releases the task's address
// and running its job acquires it. A task whose continuation was resumed before it came to wait goes on without a job,
// and swift_continuation_await (stdlib/public/Concurrency/Task.cpp, 6.3) acquires nothing there. Whatever the resumer
// had written, the result included, is then reported as a race.
//
// So this stands before the runtime's function: it lets the task resume in a function that acquires, then goes on.
// Compiled without the sanitizer, so that its own table orders nothing in the sanitizer's eyes.
#include <dlfcn.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>

#define ASYNC __attribute__((swiftasynccall))
#define CONTEXT __attribute__((swift_async_context))

struct context;
typedef ASYNC void (*resumption)(CONTEXT struct context *);
typedef ASYNC void (*await_function)(struct context *);

// The head of ContinuationAsyncContext (swift/ABI/Task.h): part of the ABI.
struct context {
  struct context *parent;
  resumption resume_parent;
};

void __tsan_acquire(void *);
void *swift_task_getCurrent(void);

// What each waiting context goes on with. A context waits once.
struct entry {
  struct entry *next;
  struct context *context;
  resumption resumption;
};

#define BUCKETS 1024
static struct bucket {
  int is_taken;
  struct entry *first;
} table[BUCKETS];

static struct bucket *lock(struct context *context) {
  struct bucket *bucket = &table[((uintptr_t)context >> 4) % BUCKETS];
  while (__atomic_exchange_n(&bucket->is_taken, 1, __ATOMIC_ACQUIRE)) sched_yield();
  return bucket;
}

static void unlock(struct bucket *bucket) { __atomic_store_n(&bucket->is_taken, 0, __ATOMIC_RELEASE); }

static resumption take(struct context *context) {
  struct bucket *bucket = lock(context);
  struct entry **place = &bucket->first;
  while ((*place)->context != context) place = &(*place)->next;
  struct entry *entry = *place;
  *place = entry->next;
  unlock(bucket);
  resumption resumption = entry->resumption;
  free(entry);
  return resumption;
}

static ASYNC void resume(CONTEXT struct context *context) {
  context->resume_parent = take(context);
  __tsan_acquire(swift_task_getCurrent());
  __attribute__((musttail)) return context->resume_parent(context);
}

ASYNC void swift_continuation_await(struct context *context) {
  static await_function original;
  await_function await = __atomic_load_n(&original, __ATOMIC_RELAXED);
  if (!await) {
    await = (await_function)dlsym(RTLD_NEXT, "swift_continuation_await");
    if (!await) abort();
    __atomic_store_n(&original, await, __ATOMIC_RELAXED);
  }
  struct entry *entry = malloc(sizeof *entry);
  if (!entry) abort();
  entry->context = context;
  entry->resumption = context->resume_parent;
  struct bucket *bucket = lock(context);
  entry->next = bucket->first;
  bucket->first = entry;
  unlock(bucket);
  context->resume_parent = resume;
  __attribute__((musttail)) return await(context);
}
