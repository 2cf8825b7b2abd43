#include "opening.hpp"

#include <algorithm>

#include <hones/base/log.hpp>
#include <hones/checkpoint/model_folder.hpp>
#include <hones/family/family.hpp>
#include <hones/sweep/environment.hpp>

#include "folder.hpp"

namespace hones::sweep {

std::string found_ledger(const JobContext& job) {
  return job.first() ? check_folder(job.options).string() : "";
}

void warn_of_template(const JobContext& job) {
  if (!job.first()) return;
  const std::string warning =
      family::family_of(job.options.selection.model).chat_warning(job.options.selection.model);
  if (!warning.empty()) log::warning(warning);
}

double reading_seconds(const Options& options) {
  constexpr double kReading = 3600;  // s
  return std::max(kReading, options.job.deadline_seconds);
}

std::string shared_digest(const JobContext& job, const std::string& known) {
  const bool reads = job.first() && known.empty();
  return job.share(reads ? checkpoint::model_digest(job.options.selection.model) : known,
                   reading_seconds(job.options));
}

store::FileHeader header_of(const Inputs& inputs, const table::Shape& shape,
                            const std::string& model_digest) {
  store::FileHeader header;
  header.model_family = inputs.config.model_type;
  header.shape = shape;
  header.dtype = choice::word(inputs.dtype);
  header.model_digest = model_digest;
  header.benchmark_digest = inputs.benchmark.digest;
  header.settings_json = inputs.options.job.settings_json;
  header.environment = environment(inputs, model_digest);
  return header;
}

}  // namespace hones::sweep
