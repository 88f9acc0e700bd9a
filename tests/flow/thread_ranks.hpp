// Ranks that are threads of this process.
#pragma once

#include <barrier>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "noneq/core/ranks.hpp"
#include "noneq/core/stop.hpp"

namespace testing {

// The messages on their way, by sender, receiver and tag.
class mailbox {
 public:
  using address = std::tuple<int, int, int>;
  void put(const address& at, const noneq::word* words, std::int64_t count) {
    const std::lock_guard guard(one_);
    on_way_[at].emplace_back(words, words + count);
    arrived_.notify_all();
  }
  std::vector<noneq::word> take(const address& at) {
    std::unique_lock guard(one_);
    arrived_.wait(guard, [&] { return !on_way_[at].empty(); });
    std::vector<noneq::word> words = std::move(on_way_[at].front());
    on_way_[at].pop_front();
    return words;
  }

 private:
  std::mutex one_;
  std::condition_variable arrived_;
  std::map<address, std::deque<std::vector<noneq::word>>> on_way_;
};

inline thread_local std::int64_t messages_sent = 0;  // by this thread, as transfers

class mailed final : public noneq::transfers {
 public:
  mailed(mailbox& box, int rank) : box_(box), rank_(rank) {}
  void send(int to, int tag, const noneq::word* words, std::int64_t count) override {
    ++messages_sent;
    box_.put({rank_, to, tag}, words, count);
  }
  void receive(int from, int tag, noneq::word* words, std::int64_t count) override {
    expected_.push_back({{from, rank_, tag}, words, count});
  }
  void progress() override {}
  void finish() override {
    for (const auto& [from, words, count] : std::exchange(expected_, {})) {
      const std::vector<noneq::word> there = box_.take(from);
      if (static_cast<std::int64_t>(there.size()) != count) throw std::logic_error("unequal lengths of a message");
      std::copy(there.begin(), there.end(), words);
    }
  }

 private:
  struct expected {
    mailbox::address from;
    noneq::word* words;
    std::int64_t count;
  };
  mailbox& box_;
  int rank_;
  std::vector<expected> expected_;
};

class meeting {
 public:
  mailbox box;
  explicit meeting(int size) : shown_(static_cast<std::size_t>(size)), all_here_(size) {}

  struct offer {
    const noneq::word* words = nullptr;
    std::vector<std::int64_t> lengths;
  };
  // Shows what rank r offers to all; `take` then reads what each of them shows.
  void meet(int r, offer mine, const std::function<void(const std::vector<offer>&)>& take) {
    shown_[static_cast<std::size_t>(r)] = std::move(mine);
    all_here_.arrive_and_wait();
    take(shown_);
    all_here_.arrive_and_wait();
  }

 private:
  std::vector<offer> shown_;
  std::barrier<> all_here_;
};

class thread_rank final : public noneq::ranks {
 public:
  thread_rank(meeting& m, int rank, int size) : meeting_(m), rank_(rank), size_(size) {}
  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void exchange(const noneq::word* sent, const std::vector<std::int64_t>& to, noneq::word* received,
                const std::vector<std::int64_t>& from) const override {
    meeting_.meet(rank_, {sent, to}, [&](const std::vector<meeting::offer>& all) {
      for (std::size_t r = 0; r < all.size(); ++r) {
        const noneq::word* begin = all[r].words;
        for (std::size_t k = 0; k < static_cast<std::size_t>(rank_); ++k) begin += all[r].lengths[k];
        if (all[r].lengths[static_cast<std::size_t>(rank_)] != from[r]) throw std::logic_error("unequal lengths");
        received = std::copy_n(begin, from[r], received);
      }
    });
  }
  void share(noneq::word* whole, const std::vector<std::int64_t>& begins) const override {
    meeting_.meet(rank_, {whole, begins}, [&](const std::vector<meeting::offer>& all) {
      for (std::size_t r = 0; r < all.size(); ++r)
        if (static_cast<int>(r) != rank_)
          std::copy(all[r].words + begins[r], all[r].words + begins[r + 1], whole + begins[r]);
    });
  }
  std::unique_ptr<noneq::transfers> begin_transfers() const override {
    return std::make_unique<mailed>(meeting_.box, rank_);
  }
  [[noreturn]] void end_all(int) const override { std::abort(); }

 private:
  meeting& meeting_;
  int rank_, size_;
};

// How ranks ended: the code of each that another one reports for, the texts of errors, and the number of those stopped.
struct endings {
  std::vector<int> elsewhere;
  std::vector<std::string> errors;
  int stopped = 0, on_first = 0;  // on_first: of the errors
};

// Calls f on each of so many ranks, at once.
inline void on_ranks(int size, const std::function<void(const noneq::ranks&)>& f) {
  meeting all(size);
  std::vector<std::thread> threads;
  for (int r = 0; r < size; ++r) threads.emplace_back([&all, &f, r, size] { f(thread_rank(all, r, size)); });
  for (std::thread& t : threads) t.join();
}

// Calls f on each of so many ranks, at once, and returns how those ended that threw.
inline endings endings_on_ranks(int size, const std::function<void(const noneq::ranks&)>& f) {
  endings found;
  std::mutex one;
  on_ranks(size, [&](const noneq::ranks& r) {
    try {
      f(r);
    } catch (const noneq::reported_elsewhere& e) {
      const std::lock_guard guard(one);
      found.elsewhere.push_back(e.code);
    } catch (const noneq::stopped_together&) {
      const std::lock_guard guard(one);
      ++found.stopped;
    } catch (const std::exception& e) {
      const std::lock_guard guard(one);
      found.errors.emplace_back(e.what());
      found.on_first += r.first();
    }
  });
  return found;
}

}
