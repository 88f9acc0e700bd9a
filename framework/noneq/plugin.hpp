// The one header a plugin author includes; for a model or a trainer also that role, noneq/plugin/roles/model.hpp or
// trainer.hpp, whose libtorch costs every file seconds. A plugin is a struct deriving from a role
// (noneq/plugin/roles/), whose members are its parameters, and a table that describes them:
//
//   struct constant : noneq::schedule {
//     double beta_t = 0.02;
//     noneq::Tensor beta() const override { return at::full({steps}, beta_t, at::kDouble); }
//     static void describe(noneq::description<constant>& d) {
//       d.doc("The same β at every step.").param("beta", &constant::beta_t, "β", noneq::inside(0, 1));
//     }
//   };
//   NONEQ_PLUGIN(constant);
//
// A shared library may hold any number of plugins, in one file or in many; its own file name is free.
#pragma once

#pragma GCC visibility push(default)
#include "noneq/core/error.hpp"
#include "noneq/core/random.hpp"
#include "noneq/core/tensor.hpp"
#include "noneq/diffusion/bound.hpp"
#include "noneq/diffusion/coefficients.hpp"
#include "noneq/diffusion/schedules.hpp"
#include "noneq/diffusion/tables.hpp"
#include "noneq/plugin/batch.hpp"
#include "noneq/plugin/conditions.hpp"
#include "noneq/plugin/denoiser.hpp"
#include "noneq/plugin/description.hpp"
#include "noneq/plugin/exported.hpp"
#include "noneq/plugin/part.hpp"
#include "noneq/plugin/process.hpp"
#include "noneq/plugin/roles/feature.hpp"
#include "noneq/plugin/roles/grid.hpp"
#include "noneq/plugin/roles/guide.hpp"
#include "noneq/plugin/roles/kernel.hpp"
#include "noneq/plugin/roles/loader.hpp"
#include "noneq/plugin/roles/loss.hpp"
#include "noneq/plugin/roles/mean.hpp"
#include "noneq/plugin/roles/metric.hpp"
#include "noneq/plugin/roles/model_transform.hpp"
#include "noneq/plugin/roles/noiser.hpp"
#include "noneq/plugin/roles/sample_transform.hpp"
#include "noneq/plugin/roles/sampler.hpp"
#include "noneq/plugin/roles/schedule.hpp"
#include "noneq/plugin/roles/time_sampler.hpp"
#include "noneq/plugin/roles/transform.hpp"
#include "noneq/plugin/roles/variance.hpp"
#include "noneq/plugin/roles/weighting.hpp"
#include "noneq/plugin/roles/writer.hpp"
#pragma GCC visibility pop

// Makes a struct the plugin <role>.<type> of the library that this file becomes a part of. Stands once for each plugin,
// in the namespace of the struct; types of one name in one library need namespaces of their own.
#define NONEQ_PLUGIN(type)                                                                                   \
  static const noneq::plugin_entry* noneq_describe_##type() {                                                \
    static const noneq::plugin_entry entry = noneq::make_entry<type>(#type);                                 \
    return &entry;                                                                                           \
  }                                                                                                          \
  [[gnu::used, gnu::section("noneq_records")]] static constexpr noneq::exported_plugin noneq_plugin_##type = \
      noneq::exported<type>(#type, &noneq_describe_##type)
