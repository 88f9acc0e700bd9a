#include "noneq/flow/occasions.hpp"

#include <list>
#include <utility>

#include <fmt/format.h>

#include "noneq/flow/effort.hpp"
#include "noneq/flow/loss_curve.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/flow/writer_checks.hpp"
#include "noneq/plugin/returned.hpp"
#include "noneq/storage/files.hpp"

namespace noneq {
namespace {

struct lost_samples : error {
  using error::error;
};

}

void occasions::after_step() {
  earlier_.clear();
  for (const plan_node& n : session_.plan().nodes)
    if (n.every > 0 && session_.step() % n.every == 0) run(n, fmt::format("step {}", session_.step()));
}

void occasions::at_end() {
  earlier_.clear();
  for (const plan_node& n : session_.plan().nodes) run(n, "");
}

void occasions::run(const plan_node& n, const std::string& occasion) {
  at::NoGradGuard guard;
  working(n, [&] {
    if (n.role() == "sampler") sample(n, occasion);
    if (n.role() == "metric" && n.in.empty()) measure(n, occasion);
    if (n.role() == "loss") show_losses(n);
  });
}

void occasions::write(const plan_node& n, const writing& w, const producer& produce) {
  std::vector<std::pair<const plan_node*, std::unique_ptr<sink>>> sinks;
  for (const plan_node* f : session_.plan().followers(n.id))
    if (f->role() == "writer")
      sinks.emplace_back(f, working(*f, [&] {
                           // A run whose folder was removed is not to make it again.
                           if (!std::filesystem::is_directory(folder_)) throw file_error(folder_, "write", ENOENT);
                           return open_writer(*f, w);
                         }));
  produce([&](const batch& b) {
    for (auto& [node, s] : sinks) working(*node, [&] { s->write(b); });
  });
  for (auto& [node, s] : sinks)
    for (const auto& file : working(*node, [&] { return s->close(); })) {
      wrote_(file);
      say_.say(fmt::format("{}: wrote {}", node->id, file.string()));
    }
}

denoiser occasions::watched(const denoiser& d, effort& made) {
  return d.watched([this, &made] {
    stop_here_if_asked();
    made.called();
    say_.at_work([&] { return made.text(); });
  });
}

measurement occasions::measuring(const plan_node& n, const denoiser& d, effort& made) {
  return {d,
          session_.data(),
          session_.stream().fork(n.id),
          [this, &n, &made](std::int64_t count, const std::function<void(std::int64_t)>& f) {
            made.expect(count);
            pool_.parallel(count, [&](std::int64_t i) {
              const at_work here(*n.plugin.entry, n.id);
              stop_here_if_asked();
              say_.at_work([&] { return made.text(); });
              at::NoGradGuard guard;
              f(i);
              made.finished();
            });
          },
          earlier_,
          folder_};
}

void occasions::report(const plan_node& n, const std::string& occasion, const measurement& done) {
  for (const measured& value : done.records) {
    record_(n.id, value);
    earlier_.push_back(value);
    say_.say(fmt::format("{}: {}", n.id, to_text(value)));
  }
  const writing w{folder_,
                  occasion,
                  done.denoiser,
                  &done.data,
                  done.stream.fork("writers"),
                  {{"trained_steps", std::to_string(session_.step())}},
                  {},
                  session_.info()};
  write(n, w, [&](const auto& use) { use(done.arrays); });
}

void occasions::measure(const plan_node& n, const std::string& occasion) {
  const auto& m = n.as<metric>();
  effort made(n.id);
  const denoiser d = watched(session_.denoiser(m.weights), made);
  measurement now = measuring(n, d, made);
  m.measure(now);
  check_returned_batch(n.plugin.entry->full_name(), now.arrays);
  report(n, occasion, now);
}

void occasions::show_losses(const plan_node& n) {
  const auto after = session_.plan().followers(n.id);
  if (std::none_of(after.begin(), after.end(), [](const plan_node* f) { return f->role() == "writer"; })) return;
  const denoiser d = session_.denoiser("raw");
  const writing w{folder_,
                  "",
                  d,
                  nullptr,
                  session_.stream().fork(n.id),
                  {{"trained_steps", std::to_string(session_.step())}, {"unit", n.as<loss>().unit()}},
                  {},
                  session_.info()};
  write(n, w, [&](const auto& use) { use(loss_curve(folder_ / "metrics.jsonl", n.id)); });
}

batch occasions::draw(const plan_node& n, const sampling& ready, const denoiser& d, std::int64_t chunk,
                      const std::vector<std::int64_t>& times, Tensor& missed, effort& made) {
  const auto& s = n.as<sampler>();
  const normalisation normal = session_.info().normal;
  const std::string by = n.plugin.entry->full_name();
  batch b{chunk, chunk * s.chunk_size(), {}};
  const std::int64_t count = std::min(s.chunk_size(), s.count - b.first);
  std::vector<Tensor> frames(times.size());
  const auto T = static_cast<double>(d.process().steps());
  const double part = static_cast<double>(count) / static_cast<double>(s.count);
  double share = 0;
  sampling_request r = ready.request(b.first, count);
  const at::ScalarType type = r.start.defined() ? r.start.scalar_type() : at::kFloat;
  const auto keep = [&](std::int64_t t, const Tensor& xt) {
    const double now = 1 - static_cast<double>(t) / T;
    made.advanced((now - std::exchange(share, now)) * part);
    check_returned_samples(by, "frames", xt, count, r.shape, type);
    for (std::size_t j = 0; j < times.size(); ++j)
      // A respaced sampler shows the first state at or below the wanted time.
      if (t <= times[j] && !frames[j].defined()) frames[j] = normal.restore(xt);
  };
  r.visit = keep;
  r.missed = [&](const Tensor& by_guides) { missed = by_guides; };
  const Tensor x0 = s.sample(d, r);
  check_returned_samples(by, "samples", x0, count, r.shape, type);
  b.set("samples", normal.restore(x0));
  if (!frames.empty()) b.set("frames", at::stack(frames, 1));
  if (r.label.defined()) b.set("label", r.label);
  return b;
}

writing occasions::writing_of(const sampling& ready, const denoiser& d, const std::string& occasion) {
  return {
      folder_,        occasion, d, session_.data_if_there(), ready.stream().fork("writers"), {}, ready.frame_times(),
      session_.info()};
}

// Guides put what they are certain of into every x̂⁰, but what a sampler does with that may take it out again.
void occasions::report_missed(const plan_node& n, const std::vector<Tensor>& chunks) {
  constexpr double enough = 1e-3;
  std::int64_t samples = 0;
  double farthest = 0;
  for (const Tensor& missed : chunks) {
    if (!missed.defined()) continue;
    samples += (missed > enough).sum().item<std::int64_t>();
    farthest = std::max(farthest, missed.nan_to_num(0).max().item<double>());
  }
  if (samples > 0)
    say_.say(
        fmt::format("{}: {} of {} samples miss what its guides are certain of, by up to {:.2g} in normalised units; "
                    "clip, or denoise: false, may be why",
                    n.id, samples, n.as<sampler>().count, farthest));
}

void occasions::sample(const plan_node& n, const std::string& occasion) {
  const auto& s = n.as<sampler>();
  const sampling ready(session_, n);
  effort made(n.id);
  const denoiser d = watched(ready.denoiser(), made);
  const std::int64_t chunks = (s.count - 1) / s.chunk_size() + 1;
  writing w = writing_of(ready, d, occasion);
  w.provenance = ready.provenance();

  // One that measures on the way, with what it keeps of each chunk until that chunk's turn comes.
  struct listener {
    const plan_node* node;
    measurement now;
    std::unique_ptr<noneq::meter> meter;
    std::vector<batch> digests;
  };
  std::list<listener> listeners;  // each meter holds on to its measurement
  for (const plan_node* f : session_.plan().followers(n.id))
    if (f->role() == "metric") {
      auto& l = listeners.emplace_back(listener{f, measuring(*f, d, made), nullptr, std::vector<batch>(chunks)});
      l.meter = working(
          *f, [&] { return need_made(f->as<sample_metric>().follow(l.now), f->plugin.entry->full_name(), "meter"); });
    }

  std::vector<Tensor> missed(chunks);
  const auto make = [&](std::int64_t chunk) {
    const at_work here(*n.plugin.entry, n.id);
    stop_here_if_asked();
    at::NoGradGuard guard;
    const batch b = draw(n, ready, d, chunk, w.frame_times, missed[chunk], made);
    for (listener& l : listeners)
      l.digests[chunk] = working(*l.node, [&] {
        batch digest = l.meter->digest(b);
        check_returned_batch(l.node->plugin.entry->full_name(), digest);
        return digest;
      });
    return b;
  };
  std::int64_t lost = 0;
  try {
    write(n, w, [&](const auto& use) {
      pool_.ordered(chunks, make, [&](const batch& b) {
        use(b);
        lost += b.at("samples").flatten(1).isfinite().all(1).logical_not().sum().item<std::int64_t>();
        for (listener& l : listeners) working(*l.node, [&] { l.meter->add(std::exchange(l.digests[b.step], {})); });
      });
      if (lost > 0)
        throw lost_samples(fmt::format(
            "{} returned {} of {} samples with numbers that are not finite, need finite ones; nothing of them was "
            "written. Try clip: true, or more steps",
            n.plugin.entry->full_name(), lost, s.count));
    });
  } catch (const lost_samples& e) {
    if (occasion.empty()) throw;
    say_.say(at_node(n, e).what());  // training goes on, and may mend it
    return;
  }
  report_missed(n, missed);
  for (listener& l : listeners) {
    working(*l.node, [&] { l.meter->finish(l.now); });
    report(*l.node, occasion, l.now);
  }
}

}
