// Checks of the results of plugins, made where they enter the framework. A tensor of another shape or type than its
// role promises would be trained on by broadcasting, or written, and blamed on another plugin later; so each of these
// functions throws noneq::error with the plugin `by` (its full name), the tensor, its property and the one that is
// needed. Shapes and types cost nothing to check; of large tensors a few numbers, spread evenly, are read. Pure,
// thread-safe.
#pragma once

#include <string>
#include <vector>

#include "noneq/plugin/batch.hpp"
#include "noneq/plugin/description.hpp"
#include "noneq/plugin/measured.hpp"
#include "noneq/plugin/process.hpp"
#include "noneq/plugin/roles/loader.hpp"

namespace noneq {

struct weighting;

// Throws unless the tensor is defined and has this shape (−1: any length) and one of these types.
void need_tensor(const std::string& by, const std::string& name, const Tensor& got, at::IntArrayRef shape,
                 std::initializer_list<at::ScalarType> types);
// Throws when one of 64 numbers, spread over the tensor, is not finite; of fewer numbers all are read.
void need_finite(const std::string& by, const std::string& name, const Tensor& got);

// Returns the object that a plugin made; throws when it is null.
template <class Pointer>
Pointer need_made(Pointer made, const std::string& by, const char* what) {
  if (!made) throw error(by + " returned nothing, need a " + what);
  return made;
}

// For a loader or a transform: its description of the data, and a batch of it, prepared.
void check_returned_info(const std::string& by, const dataset_info& info);
void check_returned_data(const std::string& by, const batch& b, const dataset_info& info);

// For a noiser: t, weight and noise; then x^t.
void check_returned_times(const std::string& by, const batch& b, const process& p);
void check_returned_states(const std::string& by, const batch& b);

// For a network called with x [B, …]; `trained`: a gradient must be able to reach its weights.
void check_returned_output(const std::string& by, const Tensor& output, const Tensor& x, std::int64_t outputs,
                           bool trained);
// For a loss: one number for each of n samples, with a gradient.
void check_returned_losses(const std::string& by, const Tensor& per_sample, std::int64_t n);

// For a weighting, at the first, middle and last step of these tables.
void check_returned_weights(const std::string& by, const weighting& w, const tables& t);

// For a schedule: β of T steps, or ln SNR at times like `u`. make_tables() checks their values.
void check_returned_beta(const Tensor& beta, std::int64_t T);
void check_returned_log_snr(const Tensor& log_snr, const Tensor& u);

// For the mean and variance of a process: p(x^{t−1}|x^t).
void check_returned_reverse(const distribution& reverse, const Tensor& xt);

// For a sampler: `count` samples like one of `shape`, in the type of x^T. The caller counts those that are not finite.
void check_returned_samples(const std::string& by, const char* name, const Tensor& got, std::int64_t count,
                            const sizes& shape, at::ScalarType type);

// For any plugin that returns a batch: every tensor is defined.
void check_returned_batch(const std::string& by, const batch& b);

// For a node that applies a model to n rows: every tensor is declared in its table, with n rows, and of the extent that
// is stated there, of samples of `shape`.
void check_returned_rows(const std::string& by, const batch& b, const std::vector<named_tensor_doc>& declared,
                         std::int64_t n, const sizes& shape);

// For a sink: every number that it found is finite. A standard error need not be, where none is known.
void check_returned_records(const std::string& by, const std::vector<measured>& records);

// For a metric: every array is defined and has the extent that the table declares for it, of samples of `shape` and T
// steps. Throws noneq::error with the array, its shape and the shape that is needed.
void check_returned_arrays(const std::string& by, const batch& arrays, const std::vector<named_tensor_doc>& declared,
                           const sizes& shape, std::int64_t T);

}
