// Trained runs in the process of another program: draws samples, removes noise, fills gaps and scores rows that lie in
// the program's memory. Needs nothing but the C++ standard library to be included; noneq.h is the interface for C.
//
//   const noneq::runs::trained_run run("runs/weather");
//   const noneq::runs::task fine = run.prepare("sample", "{steps: 20, members: 8}");
//   noneq::runs::request r;
//   r.given.emplace("low", noneq::runs::rows(field.data(), {1, 1, 16, 16}));
//   const auto members = fine.compute<float>(r);   // shape {1, 8, 1, 64, 64}
//
// Shapes and units: rows have the shape of a sample as the model takes it, behind the transforms of the run that change
//   shapes, and numbers are in data units. Arrays are row-major, without gaps; their first dimension is the row.
// Threads: trained_run and task are values that share what they opened. Const use is thread-safe, and calls of any
//   number of threads run at once. Work is done by threads that begin and end with each call.
// Effects on the program: nothing is printed and no signal handler is installed. Plugins are found in NONEQ_PLUGIN_PATH
//   and where noneq is installed; their libraries stay loaded. From the first trained_run on, libtorch and OpenBLAS
//   compute with one thread where the program itself uses them, because two pools of threads slow each other down.
// Determinism: the result of a row depends on the run, the task with its settings, and the number of the row alone, on
//   whatever number of threads. A network may round differently in chunks of other sizes; a call begins a chunk.
// Errors: every function that is not noexcept throws noneq::runs::failure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace noneq::runs {

// Its text is one line for each problem: "settings:1:2: sampler.stepz: … has no parameter 'stepz', did you mean
// 'steps'?"
struct failure : std::runtime_error {
  enum class cause { failed = 1, bad_input = 2, stopped = 130 };
  failure(cause why, const std::string& what) : std::runtime_error(what), why(why) {}
  cause why;
};

using shape = std::vector<std::int64_t>;
enum class number { float32 = 1, float64 = 2, int64 = 3 };

// Rows in memory of the caller, which is read during a call and never kept.
struct rows {
  rows(const float* first, shape s) : numbers(first), type(number::float32), of(std::move(s)) {}
  rows(const double* first, shape s) : numbers(first), type(number::float64), of(std::move(s)) {}
  rows(const std::int64_t* first, shape s) : numbers(first), type(number::int64), of(std::move(s)) {}
  const void* numbers;
  number type;
  shape of;
};

template <class T>
struct array {
  shape of;
  std::vector<T> numbers;
};

struct request {
  // By the name of the tensor: "x0", the rows themselves; conditions of the model; "label", the class of each row,
  // int64 [n] with the labels of the data, where the model knows classes. Masks follow from NaN. All have equal numbers
  // of rows.
  std::map<std::string, rows> given;
  std::int64_t count = 0;  // rows to draw where nothing is given
  std::int64_t first = 0;  // number of the first row: row k of every call has the random numbers of row k
  // Called before each call of the network, one call at a time, on threads of this call. A false ends the work with the
  // cause `stopped`. May be empty.
  std::function<bool()> keep_going;
};

struct opened_run;
struct ready_task;

// A task that is ready to compute.
class task {
 public:
  // The tensors of a request that this task needs, and the shape of one row of each.
  const std::map<std::string, shape>& needs() const noexcept;
  // Returns the shape of the result of n rows.
  shape result(std::int64_t n) const;

  // Returns the result as float or double.
  template <class T>
  array<T> compute(const request& r) const {
    array<T> made{result_of(r, sizeof(T)), {}};
    std::size_t n = 1;
    for (const std::int64_t d : made.of) n *= static_cast<std::size_t>(d);
    made.numbers.resize(n);
    compute(r, made.numbers.data(), n);
    return made;
  }
  // Write the result, `n` numbers, to memory of the caller. After a failure its content is not specified.
  void compute(const request& r, float* into, std::size_t n) const;
  void compute(const request& r, double* into, std::size_t n) const;
  // Returns the number of rows of a request, and throws where its tensors are none that the task can take.
  std::int64_t rows_of(const request& r) const;

 private:
  shape result_of(const request& r, std::size_t bytes_of_number) const;  // throws where it is beyond all memory
  template <class T>
  void compute_into(const request& r, T* into, std::size_t n) const;

  friend class trained_run;
  explicit task(std::shared_ptr<const ready_task> of) : ready_(std::move(of)) {}
  std::shared_ptr<const ready_task> ready_;
};

class trained_run {
 public:
  // Opens the folder of a run, which may still train: its checkpoint of this moment is read. threads = 0: as many as
  // the machine, and the quota of a container or batch job, have.
  explicit trained_run(const std::filesystem::path& folder, int threads = 0);

  const shape& sample() const noexcept;                             // the shape of one
  const std::map<std::string, shape>& conditions() const noexcept;  // that the model reads, and the shape of one row
  std::int64_t classes() const noexcept;                            // 0: the model knows none
  std::int64_t first_class() const noexcept;                        // the label of the first one, as the data has it
  std::int64_t steps() const noexcept;                              // T of its schedule; 1000 in continuous time
  std::int64_t trained_steps() const noexcept;

  // Returns a task of this model:
  //   sample    new data [n, (members,) …] given conditions, if the model reads any
  //   denoise   what the rows x0 are without their noise: {noise: its deviation in data units}, or {t: the step that
  //   they
  //             are noised to first}
  //   fill      rows x0 with numbers in place of each NaN, given the others
  //   score     [n], the log likelihood of each row x0 in bits, or a bound on it, as transform.likelihood measures it
  //   encode    x^T of each row x0, in units of the model
  //   predict   x̂⁰, the mean of the data given the row x0, by one call of the network; {noise: …} or {t: …} as above
  // `settings` is a YAML map of the parameters of the run's own sampler, of another one by `sampler: ddim`, or of the
  // transform of this name; and
  //   seed      of the random numbers (default: the run's for sample, else 0)
  //   chunk     rows that one thread computes together (default: that of the run's own sampler, else 16)
  //   given     names of tensors that guides, or `start`, read from a request beside the conditions, in the shape of a
  //             sample: {given: [noise], start: noise} begins at x^T of the caller
  // Tasks are prepared one at a time in the process. Preparing `score` may read the data of the training.
  task prepare(const std::string& name, const std::string& settings = "{}") const;

 private:
  std::shared_ptr<const opened_run> opened_;
};

}
