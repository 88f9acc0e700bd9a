#include "noneq/flow/occasions.hpp"

#include <list>
#include <utility>

#include <fmt/format.h>

#include "noneq/flow/loss_curve.hpp"
#include "noneq/flow/stop.hpp"
#include "noneq/storage/files.hpp"

namespace noneq {
namespace {

void make_folder_of(const std::filesystem::path& file) {
  std::error_code failed;
  std::filesystem::create_directories(file.parent_path(), failed);
  if (failed) throw file_error(file.parent_path(), "make the folder", failed.value());
}

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
                           make_folder_of(f->as<writer>().path(w));
                           return f->as<writer>().open(w);
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

measurement occasions::measuring(const plan_node& n, const denoiser& d) {
  return {d,
          session_.data(),
          session_.stream().fork(n.id),
          [this](std::int64_t count, const std::function<void(std::int64_t)>& f) {
            pool_.parallel(count, [&](std::int64_t i) {
              stop_here_if_asked();
              at::NoGradGuard guard;
              f(i);
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
  const denoiser d = session_.denoiser(m.weights);
  measurement now = measuring(n, d);
  m.measure(now);
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

batch occasions::draw(const plan_node& n, const sampling& ready, std::int64_t chunk,
                      const std::vector<std::int64_t>& times) {
  const auto& s = n.as<sampler>();
  const normalisation normal = session_.info().normal;
  batch b{chunk, chunk * s.chunk, {}};
  const std::int64_t count = std::min(s.chunk, s.count - b.first);
  std::vector<Tensor> frames(times.size());
  const auto keep = [&](std::int64_t t, const Tensor& xt) {
    for (std::size_t j = 0; j < times.size(); ++j)
      // A respaced sampler shows the first state at or below the wanted time.
      if (t <= times[j] && !frames[j].defined()) frames[j] = normal.restore(xt);
  };
  sampling_request r = ready.request(b.first, count);
  r.visit = keep;
  b.set("samples", normal.restore(s.sample(ready.denoiser(), r)));
  if (!frames.empty()) b.set("frames", at::stack(frames, 1));
  if (r.label.defined()) b.set("label", r.label);
  return b;
}

writing occasions::writing_of(const sampling& ready, const std::string& occasion) {
  source* data = nullptr;
  try {
    data = &session_.data();
  } catch (const error&) {  // sampling needs no data file; a writer that does says so
  }
  const denoiser& d = ready.denoiser();
  return {folder_, occasion, d, data, ready.stream().fork("writers"), {}, ready.frame_times(), session_.info()};
}

void occasions::sample(const plan_node& n, const std::string& occasion) {
  const auto& s = n.as<sampler>();
  const sampling ready(session_, n);
  const denoiser& d = ready.denoiser();
  const std::int64_t chunks = (s.count + s.chunk - 1) / s.chunk;
  writing w = writing_of(ready, occasion);
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
      auto& l = listeners.emplace_back(listener{f, measuring(*f, d), nullptr, std::vector<batch>(chunks)});
      l.meter = working(*f, [&] { return f->as<sample_metric>().follow(l.now); });
    }

  const auto make = [&](std::int64_t chunk) {
    stop_here_if_asked();
    at::NoGradGuard guard;
    const batch b = draw(n, ready, chunk, w.frame_times);
    for (listener& l : listeners) l.digests[chunk] = working(*l.node, [&] { return l.meter->digest(b); });
    return b;
  };
  std::int64_t lost = 0;
  write(n, w, [&](const auto& use) {
    pool_.ordered(chunks, make, [&](const batch& b) {
      use(b);
      lost += b.at("samples").flatten(1).isfinite().all(1).logical_not().sum().item<std::int64_t>();
      for (listener& l : listeners) working(*l.node, [&] { l.meter->add(std::exchange(l.digests[b.step], {})); });
    });
  });
  if (lost > 0)
    say_.say(fmt::format("{}: {} of {} samples hold numbers that are not finite; try clip: true, or more steps", n.id,
                         lost, s.count));
  for (listener& l : listeners) {
    working(*l.node, [&] { l.meter->finish(l.now); });
    report(*l.node, occasion, l.now);
  }
}

}
