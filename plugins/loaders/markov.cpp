// Texts of a Markov chain over K letters: the first is any, the next repeats it with probability `stay`, else it is the
// one after it in a circle. Endless; the entropy is ln K + (length − 1)·h(stay) nats, with h that of one bit.
#include "generated.hpp"

namespace {

using noneq::Tensor;

struct markov : noneq::loader {
  std::int64_t letters = 4, length = 8, spare = 0;
  double stay = 0.7;

  std::shared_ptr<noneq::source> open(const std::optional<noneq::normalisation>&,
                                      const noneq::stream& s) const override;

  static void describe(noneq::description<markov>& d) {
    d.doc(
         "Texts of a Markov chain, one-hot [letters + spare, length], drawn afresh without end; their entropy is "
         "known.")
        .param("letters", &markov::letters, "letters of the alphabet", noneq::at_least(2), noneq::at_most(1000))
        .param("spare", &markov::spare, "categories after the letters that never occur: 1 for a mask",
               noneq::at_least(0), noneq::at_most(1000))
        .param("length", &markov::length, "letters of a text", noneq::at_least(1), noneq::at_most(1e5))
        .param("stay", &markov::stay, "probability that a letter is repeated", noneq::between(0, 1));
  }
};

class text_source : public shipped::generated_source {
 public:
  text_source(const markov& of, const noneq::stream& s) : generated_source(of.batch_size, s), of_(of) {
    info_.shape = {of.letters + of.spare, of.length};
  }

 private:
  Tensor samples(const noneq::stream& s, std::int64_t first, std::int64_t count) const override {
    const Tensor u = s.uniform({count, of_.length}, first).to(at::kDouble);
    const Tensor start = (u.narrow(1, 0, 1) * of_.letters).to(at::kLong);
    const Tensor moves = u.narrow(1, 1, of_.length - 1).ge(of_.stay).to(at::kLong);
    const Tensor letter = at::cat({start, moves}, 1).cumsum(1).remainder(of_.letters);
    return at::one_hot(letter, info_.shape[0]).transpose(1, 2).to(at::kFloat).contiguous();
  }

  const markov of_;
};

// Letters are letters: a model's normalisation can only be the identity, which they have anyway.
std::shared_ptr<noneq::source> markov::open(const std::optional<noneq::normalisation>&, const noneq::stream& s) const {
  return std::make_shared<text_source>(*this, s);
}

}

NONEQ_PLUGIN(markov);
