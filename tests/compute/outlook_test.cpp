// How a network is computed here, in words.
#include "noneq/compute/machine.hpp"

#include <cstdlib>
#include "doctest.hpp"
#include "noneq/compute/precision.hpp"
#include "small_networks.hpp"

using namespace noneq::compute;

namespace {

std::string fact(const outlook& o, const std::string& name) {
  for (const auto& [known, value] : o.facts)
    if (known == name) return value;
  return "";
}

}

TEST_CASE("pixels are computed in the fastest precision of the machine, vectors in float32") {
  const network_layers pixels = small::unet(1, 8, 8, false, 1), vectors = small::perceptron();
  const std::string fastest = fastest_precision() == precision::bf16 ? "bf16" : "fp32";
  CHECK(fact(outlook_of(pixels, {"compiled", "auto"}), "precision") == fastest);
  CHECK(fact(outlook_of(pixels, {"compiled", "fp32"}), "precision") == "fp32");
  CHECK(fact(outlook_of(pixels, {"reference", "auto"}), "precision") == "fp32");
  CHECK(fact(outlook_of(vectors, {"compiled", "auto"}), "precision") == "fp32");
  CHECK(fact(outlook_of(vectors, {"compiled", "auto"}), "convolutions") == "");
  CHECK(outlook_of(vectors, {"compiled", "auto"}).slow.empty() == (std::getenv("ONEDNN_MAX_CPU_ISA") == nullptr));
}
