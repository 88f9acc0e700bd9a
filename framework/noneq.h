/* Trained runs in the process of another program, for C, Fortran (bind(C)) and every language that calls C. The C++
 * interface is noneq/runs.hpp, whose comments on shapes, units, threads, tasks and effects hold here too.
 *
 *   noneq_error e;
 *   noneq_run* run;
 *   noneq_task* fine;
 *   if (noneq_open(NONEQ_INTERFACE, "runs/weather", 0, &run, &e)) return fail(e.message);
 *   if (noneq_prepare(run, "sample", "{steps: 20}", &fine, &e)) return fail(e.message);
 *   noneq_rows low = {"low", NONEQ_FLOAT32, field, {4, {1, 1, 16, 16}}};
 *   noneq_request r = {.given = &low, .given_count = 1};
 *   if (noneq_compute(fine, &r, NONEQ_FLOAT32, samples, 64 * 64, &e)) return fail(e.message);
 *   noneq_release(fine);
 *   noneq_close(run);
 *
 * Every function that returns int returns NONEQ_DONE or one of the codes below, throws nothing, and writes the reason
 * to `error`, which may be null. Pointers that may be null are named; any other null pointer is NONEQ_BAD_INPUT.
 * Handles may be used by several threads at once, but closed and released by one, behind all other calls. A task may
 * outlive the handle of its run. */
#ifndef NONEQ_H
#define NONEQ_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface. It changes when a program that was built with an earlier one would not work. */
#define NONEQ_INTERFACE 1

enum { NONEQ_DONE = 0, NONEQ_FAILED = 1, NONEQ_BAD_INPUT = 2, NONEQ_STOPPED = 130 };
enum { NONEQ_FLOAT32 = 1, NONEQ_FLOAT64 = 2, NONEQ_INT64 = 3 };
enum { NONEQ_MOST_DIMENSIONS = 8, NONEQ_MESSAGE_SIZE = 1016 };

typedef struct noneq_run noneq_run;
typedef struct noneq_task noneq_task;

/* `message` is one line for each problem, cut where it would not fit, and ends with a zero. */
typedef struct noneq_error {
  int64_t code;
  char message[NONEQ_MESSAGE_SIZE];
} noneq_error;

/* Row-major: the last dimension is the one whose numbers are neighbours. (Fortran lists dimensions the other way.) */
typedef struct noneq_shape {
  int64_t rank;
  int64_t length[NONEQ_MOST_DIMENSIONS];
} noneq_shape;

/* A tensor of a request. Its memory is read during the call and not kept. */
typedef struct noneq_rows {
  const char* name; /* "x0", "label" or the name of a condition */
  int64_t type;     /* NONEQ_FLOAT32 or NONEQ_FLOAT64; NONEQ_INT64 for labels */
  const void* numbers;
  noneq_shape shape; /* the first dimension is the row */
} noneq_rows;

typedef struct noneq_request {
  const noneq_rows* given; /* may be null when given_count is 0 */
  int64_t given_count;
  int64_t count;                 /* rows to draw where nothing is given, else 0 */
  int64_t first;                 /* number of the first row, for its random numbers */
  int (*keep_going)(void* user); /* may be null; called before each call of the network, 0 stops the work */
  void* user;                    /* may be null */
} noneq_request;

typedef struct noneq_description {
  noneq_shape sample;    /* of one */
  int64_t classes;       /* 0: the model knows none */
  int64_t first_class;   /* the label of the first one, as the data has it */
  int64_t steps;         /* T of the schedule */
  int64_t trained_steps; /* of training that the weights have seen */
} noneq_description;

/* Return the NONEQ_INTERFACE that the library was built with, and the version of noneq, "0.1.0". */
int noneq_interface(void);
const char* noneq_version(void);

/* Opens the folder of a run. `interface` is NONEQ_INTERFACE; threads = 0: as many as the machine has. */
int noneq_open(int interface, const char* folder, int threads, noneq_run** run, noneq_error* error);
/* Gives the memory of a run back, once no task uses it. Null is allowed. */
void noneq_close(noneq_run* run);
int noneq_describe(const noneq_run* run, noneq_description* description, noneq_error* error);

/* Makes a task ready: sample, denoise, fill, score, encode or predict. `settings` is a YAML map, or null. */
int noneq_prepare(const noneq_run* run, const char* task, const char* settings, noneq_task** prepared,
                  noneq_error* error);
void noneq_release(noneq_task* task); /* null is allowed */

/* Returns the number of tensors that the task needs. */
int noneq_needed(const noneq_task* task, int64_t* tensors, noneq_error* error);
/* Returns the name of tensor k of them, which lives as long as the task, and the shape of one row of it. */
int noneq_need(const noneq_task* task, int64_t k, const char** name, noneq_shape* row, noneq_error* error);

/* Returns the shape of the result of so many rows. */
int noneq_result(const noneq_task* task, int64_t rows, noneq_shape* shape, noneq_error* error);

/* Writes the result to memory for `numbers` numbers of `type`, NONEQ_FLOAT32 or NONEQ_FLOAT64. */
int noneq_compute(const noneq_task* task, const noneq_request* request, int64_t type, void* result, int64_t numbers,
                  noneq_error* error);

#ifdef __cplusplus
}
#endif

#endif
