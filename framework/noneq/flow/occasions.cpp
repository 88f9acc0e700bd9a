#include "noneq/flow/occasions.hpp"

#include <fmt/format.h>

#include "noneq/flow/sampling.hpp"
#include "noneq/flow/stop.hpp"

namespace noneq {
namespace {

// t = T … 0 in F equal strides.
std::vector<std::int64_t> frame_times(std::int64_t frames, std::int64_t T) {
  std::vector<std::int64_t> times;
  for (std::int64_t j = 0; j < frames; ++j) times.push_back(frames == 1 ? 0 : T - j * T / (frames - 1));
  return times;
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
  try {
    if (n.role() == "sampler") sample(n, occasion);
    if (n.role() == "metric") measure(n, occasion);
  } catch (const interrupted&) {
    throw;
  } catch (const std::exception& e) {
    throw at_node(n, e);
  }
}

void occasions::write(const plan_node& n, const writing& w,
                      const std::function<void(const std::function<void(const batch&)>&)>& produce) {
  std::vector<std::pair<const plan_node*, std::unique_ptr<sink>>> sinks;
  const auto at_writer = [](const plan_node& writer_node, auto&& f) {
    try {
      return f();
    } catch (const std::exception& e) {
      throw at_node(writer_node, e);
    }
  };
  for (const plan_node* f : session_.plan().followers(n.id))
    sinks.emplace_back(f, at_writer(*f, [&] { return f->as<writer>().open(w); }));
  produce([&](const batch& b) {
    for (auto& [node, s] : sinks) at_writer(*node, [&] { s->write(b); });
  });
  for (auto& [node, s] : sinks)
    for (const auto& file : at_writer(*node, [&] { return s->close(); }))
      say_.say(fmt::format("{}: wrote {}", node->id, file.string()));
}

void occasions::sample(const plan_node& n, const std::string& occasion) {
  const auto& s = n.as<sampler>();
  const sampling ready(session_, n);
  const denoiser& d = ready.denoiser();
  const std::int64_t T = d.process().steps(), chunks = (s.count + s.chunk - 1) / s.chunk;
  const normalisation normal = session_.info().normal;
  const auto times = frame_times(s.frames, T);
  const auto make = [&](std::int64_t chunk) {
    stop_here_if_asked();
    at::NoGradGuard guard;
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
    b.set("samples", normal.restore(s.sample(d, r)));
    if (!frames.empty()) b.set("frames", at::stack(frames, 1));
    if (r.label.defined()) b.set("label", r.label);
    return b;
  };
  source* data = nullptr;
  try {
    data = &session_.data();
  } catch (const error&) {  // sampling needs no data file; a writer that does says so
  }
  const writing w{folder_, occasion, d, data, ready.stream().fork("writers"), ready.provenance(), times};
  write(n, w, [&](const auto& use) { pool_.ordered(chunks, make, use); });
}

void occasions::measure(const plan_node& n, const std::string& occasion) {
  const auto& m = n.as<metric>();
  const denoiser d = session_.denoiser(m.weights);
  const stream noise = session_.stream().fork(n.id);
  measurement measured_now{d, session_.data(), noise,
                           [this](std::int64_t count, const std::function<void(std::int64_t)>& f) {
                             pool_.parallel(count, [&](std::int64_t i) {
                               stop_here_if_asked();
                               at::NoGradGuard guard;
                               f(i);
                             });
                           },
                           earlier_};
  m.measure(measured_now);
  for (const measured& value : measured_now.records) {
    record_(n.id, value);
    earlier_.push_back(value);
    say_.say(fmt::format("{}: {}", n.id, to_text(value)));
  }
  const writing w{folder_,
                  occasion,
                  d,
                  &session_.data(),
                  noise.fork("writers"),
                  {{"trained_steps", std::to_string(session_.step())}},
                  {}};
  write(n, w, [&](const auto& use) { use(measured_now.arrays); });
}

}
