// Ranks by MPI. A library of its own, so that the program needs no MPI where it is not started by one.
#include "noneq/core/ranks.hpp"

#include <mpi.h>

#include "noneq/core/error.hpp"

namespace {

using noneq::word;

std::vector<int> counts(const std::vector<std::int64_t>& of) {
  std::vector<int> all;
  for (const std::int64_t n : of) {
    if (n > noneq::most_words) throw noneq::error("got more than 2^31 − 1 words to exchange at once, need fewer");
    all.push_back(static_cast<int>(n));
  }
  return all;
}

std::vector<int> begins(const std::vector<std::int64_t>& of) {
  std::vector<std::int64_t> at{0};
  for (const std::int64_t n : of) at.push_back(at.back() + n);
  return counts(at);
}

class mpi_transfers final : public noneq::transfers {
 public:
  void send(int to, int tag, const word* words, std::int64_t n) override {
    MPI_Isend(words, counts({n}).front(), MPI_UINT32_T, to, tag, MPI_COMM_WORLD, &open_.emplace_back());
  }
  void receive(int from, int tag, word* words, std::int64_t n) override {
    MPI_Irecv(words, counts({n}).front(), MPI_UINT32_T, from, tag, MPI_COMM_WORLD, &open_.emplace_back());
  }
  void progress() override {
    int all = 0;
    MPI_Testall(static_cast<int>(open_.size()), open_.data(), &all, MPI_STATUSES_IGNORE);
    if (all) open_.clear();
  }
  void finish() override {
    MPI_Waitall(static_cast<int>(open_.size()), open_.data(), MPI_STATUSES_IGNORE);
    open_.clear();
  }

 private:
  std::vector<MPI_Request> open_;
};

// MPI itself ends the job when a call fails; the texts are its own.
class mpi_ranks final : public noneq::ranks {
 public:
  mpi_ranks() {
    int given = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &given);
    if (given < MPI_THREAD_SERIALIZED) throw noneq::error("got an MPI without MPI_THREAD_SERIALIZED, need one with it");
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
  }
  ~mpi_ranks() override { MPI_Finalize(); }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void exchange(const word* sent, const std::vector<std::int64_t>& to, word* received,
                const std::vector<std::int64_t>& from) const override {
    MPI_Alltoallv(sent, counts(to).data(), begins(to).data(), MPI_UINT32_T, received, counts(from).data(),
                  begins(from).data(), MPI_UINT32_T, MPI_COMM_WORLD);
  }

  void share(word* whole, const std::vector<std::int64_t>& at) const override {
    std::vector<std::int64_t> lengths;
    for (std::size_t r = 0; r + 1 < at.size(); ++r) lengths.push_back(at[r + 1] - at[r]);
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_UINT32_T, whole, counts(lengths).data(), counts(at).data(), MPI_UINT32_T,
                   MPI_COMM_WORLD);
  }

  std::unique_ptr<noneq::transfers> begin_transfers() const override { return std::make_unique<mpi_transfers>(); }

  [[noreturn]] void end_all(int code) const override {
    MPI_Abort(MPI_COMM_WORLD, code);
    std::abort();
  }

 private:
  int rank_ = 0, size_ = 1;
};

}

// Returns the ranks of the job that this process is one of; the caller deletes them when the job is done.
extern "C" [[gnu::visibility("default")]] noneq::ranks* noneq_join_ranks() { return new mpi_ranks; }
