// Settings of `ablate`, beside those that it shares with `discover`, of `watch` and of `placement`.
#include "app/settings/describe.hpp"

namespace hones::settings {

using enum Command;

std::vector<Setting> ablate_settings() {
  return {
      path("ablate.discovery", "--discovery")
          .in({ablate})
          .means("folder of the `discover` run whose neurons and heads are masked; none: random draws and "
                 "--sets alone"),
      text("ablate.split", "--split", "test")
          .one_of({"discovery", "dev", "test"})
          .in({ablate})
          .changes_numbers()
          .means("split of the benchmark that is answered"),
      integer("ablate.instances", "--instances", -1)
          .unit("images")
          .at_least(1)
          .at_most(kMostOfAll)
          .or_minus_one()
          .in({ablate})
          .changes_numbers()
          .means("first lines of the split that tasks over records take; -1: all"),
      integer("ablate.queries", "--queries", -1)
          .unit("queries")
          .at_least(1)
          .at_most(kMostOfAll)
          .or_minus_one()
          .in({ablate})
          .changes_numbers()
          .means("first lines of the split's queries that tasks over queries take; -1: all"),
      list("ablate.strategies", "--strategies", Type::texts, {"hones", "no_head", "random"})
          .one_of({"hones", "hones_after_mean", "no_head", "rand_head", "random", "none"})
          .in({ablate})
          .changes_numbers()
          .means("how the masked neurons are chosen: the run's neurons in either mode, by mean plain "
                 "contribution, by heads drawn by chance (discover --rand-head-seeds), by chance; none: "
                 "--head-budgets and --sets alone"),
      list("ablate.budgets", "--budgets", Type::texts, {"0.01"})
          .unit("share of all FFN neurons")
          .in({ablate})
          .changes_numbers()
          .means("how many neurons each strategy masks"),
      list("ablate.head_budgets", "--head-budgets", Type::texts, {})
          .unit("heads")
          .in({ablate})
          .changes_numbers()
          .means("so many of the run's best heads are replaced together; 0 is the plain run, computed as the "
                 "others are"),
      list("ablate.sets", "--sets", Type::texts, {})
          .in({ablate})
          .means("neurons of your own, masked on every task: CSV files with columns layer,neuron, or "
                 "FILE.h5:/path/to/dataset"),
      integer("ablate.random_seeds", "--random-seeds", 5)
          .unit("draws")
          .at_least(1)
          .at_most(kMostHeads)
          .in({ablate})
          .changes_numbers()
          .means("draws of the strategy random"),
      one_word("ablate.caption_metric", "--caption-metric", choice::CaptionBleu::corpus)
          .one_of({"corpus", "mean"})
          .in({ablate})
          .changes_numbers()
          .means("captions: corpus BLEU-4, or the mean of sentence BLEU-4"),
      path("ablate.out", "--out")
          .required()
          .new_each_run()
          .in({ablate})
          .means("folder that the results go to"),
  };
}

std::vector<Setting> watch_settings() {
  return {
      path("watch.folder", "DIR")
          .required()
          .in({watch})
          .means("folder of a discover or ablate job (its --out)"),
      real("watch.every", "--every", 2)
          .unit("s")
          .above(0)
          .at_most(kMostSeconds)
          .in({watch})
          .means("from one look to the next, on a terminal"),
      boolean("watch.once", "--once").once().in({watch}).means("look once, on a terminal too"),
  };
}

std::vector<Setting> placement_settings() {
  return {
      text("placement.device", "--device", "auto")
          .one_of({"auto", "cpu", "cuda"})
          .in({placement})
          .means("what each rank gets: a GPU of its own, or only cores; auto: GPUs where a rank sees one"),
      boolean("placement.share_gpu", "--share-gpu")
          .in({placement})
          .means("ranks may have the same GPU; otherwise two of them on one are refused"),
  };
}

}  // namespace hones::settings
