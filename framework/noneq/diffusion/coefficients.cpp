#include "noneq/diffusion/coefficients.hpp"

namespace noneq {

coefficients at(const tables& t, const Tensor& index, const Tensor& x) {
  sizes shape(static_cast<std::size_t>(x.dim()) + 1, 1);
  shape[0] = t.rows.size(0);
  shape[1] = index.size(0);
  const Tensor rows =
      index.is_floating_point() ? rows_between(t, index) : t.rows.gather(1, index.expand({shape[0], shape[1]}));
  const auto row = rows.to(x.scalar_type()).view(shape).unbind(0);
  return {index,  row[0], row[1], row[2],  row[3],  row[4],  row[5], row[6],
          row[7], row[8], row[9], row[10], row[11], row[12], row[13]};
}

}
