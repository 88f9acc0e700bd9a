// The laws of every role, one function a role, and those that all plugins share. Pure.
#pragma once

#include "noneq/laws/detail/law.hpp"

namespace noneq::laws {

law_list of_any_plugin();
law_list of_feature();
law_list of_grid();
law_list of_guide();
law_list of_kernel();
law_list of_loader();
law_list of_loss();
law_list of_mean();
law_list of_metric();
law_list of_model();
law_list of_model_transform();
law_list of_noiser();
law_list of_sample_transform();
law_list of_sampler();
law_list of_schedule();
law_list of_time_sampler();
law_list of_trainer();
law_list of_transform();
law_list of_variance();
law_list of_weighting();
law_list of_writer();

}
