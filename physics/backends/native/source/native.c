// The kernel's door to JAX: a call of XLA's foreign function interface, spread over threads.
//
// Compiled for one capacity, JOINTS and SPRINGS, by `physics.backends.native.compiler`. The order
// of arguments and results is that of `physics.backends.native.program`.

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "walk.h"
#include "xla/ffi/api/c_api.h"

#define MOST_THREADS 256

enum {
  SIZES, WORLD, CLOCK, POSITION, SHARE, ENDS, REST, COSINE, SINE, STIFFNESS, DAMPING, TERRAIN_OF,
  TERRAINS, PLACES, ENTRIES, BOUNDS, LISTED, SEGMENTS
};
enum { DISPLACEMENT, DIVERGED, CENTER_OF_MASS, CONTACT, ENERGY, PATH };

typedef struct {
  const Call *call;
  int64_t walkers;
  atomic_llong next;  // walker that nobody has taken yet
  atomic_int failed;  // for lack of memory
} Work;

static void *zeros(size_t size) {
  size_t whole_lines = (size + 63) / 64 * 64;
  void *memory = aligned_alloc(64, whole_lines);
  if (memory) memset(memory, 0, whole_lines);
  return memory;
}

// Takes walkers until none is left. Which thread takes which is chance, and plays no part.
static void *labour(void *argument) {
  Work *work = argument;
  size_t listed = work->call->most_listed;
  size_t row = (listed + 1) * FIELDS * JOINTS;
  Scratch *scratch = zeros(sizeof *scratch);
  Facing *facings = zeros((listed + 1) * sizeof *facings);
  float *segments = zeros((ABREAST * row + LANES) * sizeof *segments);
  if (scratch && facings && segments) {
    scratch->facings = facings;
    spread(&work->call->world, &scratch->world);
    for (int w = 0; w < ABREAST; w++) scratch->walkers[w].window.segments = segments + w * row;
    for (;;) {
      int64_t begin = atomic_fetch_add(&work->next, ABREAST);
      if (begin >= work->walkers) break;
      int64_t rest = work->walkers - begin;
      walk(work->call, scratch, begin, rest < ABREAST ? (int)rest : ABREAST);
    }
  } else {
    work->failed = 1;
  }
  free(segments);
  free(facings);
  free(scratch);
  return 0;
}

static int walk_all(const Call *call, int64_t walkers, int64_t threads) {
  Work work = {.call = call, .walkers = walkers};
  pthread_t others[MOST_THREADS];
  int started = 0;
  int64_t useful = (walkers + ABREAST - 1) / ABREAST;
  if (threads > useful) threads = useful;
  if (threads > MOST_THREADS) threads = MOST_THREADS;
  // A thread that cannot be started leaves its share to the others.
  while (started < threads - 1 && !pthread_create(&others[started], 0, labour, &work)) started++;
  labour(&work);
  while (started) pthread_join(others[--started], 0);
  return !work.failed;
}

static XLA_FFI_Error *describe(XLA_FFI_Metadata_Extension *extension) {
  extension->metadata->api_version.major_version = XLA_FFI_API_MAJOR;
  extension->metadata->api_version.minor_version = XLA_FFI_API_MINOR;
  return 0;
}

static XLA_FFI_Error *fail(const XLA_FFI_Api *api, const char *message) {
  XLA_FFI_Error_Create_Args args = {
      .struct_size = XLA_FFI_Error_Create_Args_STRUCT_SIZE,
      .message = message,
      .errc = XLA_FFI_Error_Code_RESOURCE_EXHAUSTED,
  };
  return api->XLA_FFI_Error_Create(&args);
}

XLA_FFI_Error *walk_batch(XLA_FFI_CallFrame *frame) {
  XLA_FFI_Extension_Base *extension = frame->extension_start;
  if (extension && extension->type == XLA_FFI_Extension_Metadata) {
    return describe((XLA_FFI_Metadata_Extension *)extension);
  }
  XLA_FFI_Buffer **arguments = (XLA_FFI_Buffer **)frame->args.args;
  XLA_FFI_Buffer **results = (XLA_FFI_Buffer **)frame->rets.rets;
#define GIVEN(name) arguments[name]->data
#define RESULT(name) results[name]->data
  const int32_t *sizes = GIVEN(SIZES);
  int64_t steps = arguments[CLOCK]->dims[1];
  Call call = {
      .world = *(const World *)GIVEN(WORLD),
      .steps = steps,
      .interval = sizes[1],
      .cosine = GIVEN(CLOCK),
      .sine = (const float *)GIVEN(CLOCK) + steps,
      .bodies = {GIVEN(POSITION), GIVEN(SHARE), GIVEN(ENDS), GIVEN(REST), GIVEN(COSINE),
                 GIVEN(SINE), GIVEN(STIFFNESS), GIVEN(DAMPING)},
      .terrain_of = GIVEN(TERRAIN_OF),
      .ground = {GIVEN(TERRAINS), GIVEN(PLACES), GIVEN(ENTRIES), GIVEN(BOUNDS),
                 GIVEN(LISTED), GIVEN(SEGMENTS)},
      .samples = results[CENTER_OF_MASS]->dims[1],
      .path_frames = results[PATH]->dims[1],
      .most_listed = sizes[3],
      .displacement = RESULT(DISPLACEMENT),
      .diverged = RESULT(DIVERGED),
      .center_of_mass = RESULT(CENTER_OF_MASS),
      .contact = RESULT(CONTACT),
      .energy = RESULT(ENERGY),
      .path = RESULT(PATH),
  };
#undef GIVEN
#undef RESULT
  // Rows beyond the walkers are not walked: batches come in few sizes.
  if (walk_all(&call, sizes[0], sizes[2])) return 0;
  return fail(frame->api, "native physics: not enough memory");
}
