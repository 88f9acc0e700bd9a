#include "noneq/plugin/start_point.hpp"

#include <nlohmann/json.hpp>

#include "noneq/config/emit.hpp"
#include "noneq/config/read.hpp"

namespace noneq {

void read_into(const config::value& v, start_point& out) {
  out = {};
  if (!v.is_map()) {
    if (v.is_scalar() && v.text().empty()) return;
    return config::read_into(v, out.from);
  }
  for (const auto& [key, given] : v.entries()) {
    if (key == "from")
      config::read_into(given, out.from);
    else if (key == "t")
      config::read_into(given, out.t);
    else if (key == "deviation")
      config::read_into(given, out.deviation);
    else
      throw error("got the key '" + key + "', need from and one of t and deviation" +
                      did_you_mean(key, {"from", "t", "deviation"}),
                  "", v.key_place(key));
  }
  if (out.from.empty()) throw error("got no 'from', need the tensor of the stream to start from", "", v.where());
  if (v.contains("t") == v.contains("deviation"))
    throw error(std::string(v.contains("t") ? "got both t and deviation" : "got neither t nor deviation") +
                    ", need one: the t that data is noised to, or the deviation of the noise in it",
                "", v.where());
  if (v.contains("t") && out.t < 1)
    throw error(c10::str("got t: ", out.t, ", need a value of at least 1"), "", v.find("t")->where());
  if (v.contains("deviation") && !(out.deviation > 0))
    throw error(c10::str("got deviation: ", out.deviation, ", need a value above 0"), "", v.find("deviation")->where());
}

config::value written_as(const start_point& s) {
  if (!s.of_data()) return config::from_json(s.from);
  config::value v = config::value::map();
  v.set("from", config::from_json(s.from));
  if (s.t > 0)
    v.set("t", config::from_json(s.t));
  else
    v.set("deviation", config::from_json(s.deviation));
  return v;
}

void need_one_scale(const normalisation& normal, const std::string& parameter) {
  normal.need_affine("a deviation");
  if (normal.scale.numel() != 1)
    throw error(
        "got a deviation for data that is normalised by a scale for each of several channels or positions, in which "
        "one "
        "deviation is not the noise of one step; need t, the step to which the data is noised",
        parameter);
}

std::int64_t index_of_deviation(double deviation, const normalisation& normal, const tables& t,
                                const std::string& parameter) {
  need_one_scale(normal, parameter);
  const Tensor log_spread = 0.5 * (t.one_minus_alpha_bar.log() - t.log_alpha_bar);
  const double scale = std::abs(normal.scale.item<double>()), wanted = std::log(deviation / scale);
  const auto at = [&](std::int64_t index) { return log_spread[index].item<double>(); };
  const std::int64_t last = t.steps() - 1, next = std::min<std::int64_t>(1, last);
  const double below = at(0) - (at(next) - at(0)) / 2, above = at(last) + (at(last) - at(last - next)) / 2;
  if (wanted < below || wanted > above)
    throw error(
        c10::str("got ", deviation, ", need a deviation from ", scale * std::exp(at(0)), " to ",
                 scale * std::exp(at(last)), ", those of the noise at the first and the last step, in data units"),
        parameter);
  return (log_spread - wanted).abs().argmin().item<std::int64_t>();
}

}
