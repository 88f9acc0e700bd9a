/* Draws four samples of a trained run, and counts the calls of the network.
 *   draw_c RUN */
#include <noneq.h>
#include <stdio.h>
#include <stdlib.h>

static int count_calls(void* calls) {
  ++*(long*)calls;
  return 1; /* go on */
}

static int draw(const noneq_task* task, noneq_error* e) {
  noneq_shape shape;
  if (noneq_result(task, 4, &shape, e)) return (int)e->code;
  int64_t numbers = 1;
  for (int64_t d = 0; d < shape.rank; ++d) numbers *= shape.length[d];
  float* samples = malloc((size_t)numbers * sizeof *samples);

  long calls = 0;
  const noneq_request four = {.count = 4, .keep_going = count_calls, .user = &calls};
  if (noneq_compute(task, &four, NONEQ_FLOAT32, samples, numbers, e) == NONEQ_DONE) {
    for (int64_t i = 0; i < numbers; ++i) printf("%.9g%c", samples[i], (i + 1) % (numbers / 4) == 0 ? '\n' : ' ');
    fprintf(stderr, "%ld calls of the network\n", calls);
  }
  free(samples);
  return (int)e->code;
}

int main(int argc, char** argv) {
  noneq_error e;
  noneq_run* run = NULL;
  noneq_task* task = NULL;
  if (argc != 2) return fprintf(stderr, "usage: %s RUN\n", argv[0]), 2;
  if (noneq_open(NONEQ_INTERFACE, argv[1], 0, &run, &e) == NONEQ_DONE &&
      noneq_prepare(run, "sample", NULL, &task, &e) == NONEQ_DONE)
    draw(task, &e);
  if (e.code != NONEQ_DONE) fprintf(stderr, "%s\n", e.message);
  noneq_release(task);
  noneq_close(run);
  return (int)e.code;
}
