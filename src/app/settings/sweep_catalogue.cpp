// Settings of sweeps: what is computed, ranked, forecast and timed.
#include "app/settings/describe.hpp"

namespace hones::settings {

using enum Command;

std::vector<Setting> discover_settings() {
  return {
      path("benchmark.path", "--benchmark")
          .required()
          .in({plan, discover, ablate})
          .means("folder that `prepare` made"),
      text("benchmark.split", "--split", "discovery")
          .one_of({"discovery", "dev", "test"})
          .in({prepare, plan, discover})
          .changes_numbers()
          .means("split of the benchmark that is looked at; transfer sets (GQA, TextVQA, Flickr30k) have "
                 "test alone"),

      path("tasks.file", "--tasks-file")
          .in({prepare, plan, discover, ablate})
          .means("TOML file of tasks beside the built-in vqa, ocr, caption and retrieval, or in their place; "
                 "configs/tasks.toml explains the form"),
      list("discover.tasks", "--tasks", Type::texts, {"vqa", "ocr", "caption", "retrieval"})
          .in({prepare, plan, discover, ablate})
          .changes_numbers()
          .means("tasks swept, or shown by --preview, in this order"),
      integer("discover.instances", "--instances", -1)
          .unit("images")
          .at_least(1)
          .at_most(kMostOfAll)
          .or_minus_one()
          .in({plan, discover})
          .changes_numbers()
          .means("first lines of the discovery split that tasks over records take, before their filters; -1: "
                 "all"),
      integer("discover.queries", "--queries", -1)
          .unit("queries")
          .at_least(1)
          .at_most(kMostOfAll)
          .or_minus_one()
          .in({plan, discover})
          .changes_numbers()
          .means("first lines of the discovery queries that tasks over queries take; -1: all"),
      list("discover.heads", "--heads", Type::heads, {"all"})
          .one_of({"all"})
          .unit("LAYER:HEAD")
          .in({plan, discover})
          .changes_numbers()
          .means("heads whose replacement is measured"),
      one_word("discover.prompts", "--prompts", choice::Prompts::paper)
          .in({prepare, plan, discover, ablate})
          .changes_numbers()
          .means("wording of the prompts: the paper's, or that of its released code"),
      one_word("discover.caption_importance", "--caption-importance", choice::CaptionBleu::mean)
          .in({discover})
          .changes_numbers()
          .means("a head's importance for captions: mean of sentence BLEU-4 differences, or difference of "
                 "corpus BLEU-4"),
      one_word("discover.open_target_join", "--open-target-join", choice::TargetJoin::separate)
          .in({discover})
          .changes_numbers()
          .means("the five references as attribution target: encoded one by one, or joined by blanks first"),
      integer("discover.bootstrap_resamples", "--bootstrap-resamples", 1000)
          .unit("resamples")
          .at_least(1)
          .at_most(kMostResamples)
          .in({discover, ablate})
          .changes_numbers()
          .means("resamples behind every 95 % interval"),
      real("discover.max_bad", "--max-bad", 0.01)
          .unit("share")
          .at_least(0)
          .at_most(1)
          .in({discover, ablate})
          .changes_numbers()
          .means(
              "excluded instances, and invalid cells, beyond this share of all end the run with exit code 5"),
      path("discover.out", "--out")
          .required()
          .new_each_run()
          .in({discover})
          .means("folder that the results go to"),
      boolean("discover.restart", "--restart")
          .once()
          .in({discover, ablate})
          .means("begin anew in a folder that holds results or a ledger, instead of going on from it"),
      boolean("discover.accept_environment", "--accept-environment")
          .once()
          .in({discover, ablate})
          .means(
              "go on from a ledger that another commit, LibTorch or kind of processor made; the results note "
              "which cells are whose"),
      real("discover.checkpoint_minutes", "--checkpoint-minutes", 10)
          .unit("min")
          .above(0)
          .at_most(kMostSeconds / 60)
          .in({discover, ablate})
          .means("from one checkpoint (ledger.h5) to the next; USR1 writes one at once and stops"),
      text("discover.deadline", "--deadline", "")
          .once()
          .in({discover, ablate})
          .means(
              "when the allocation ends, as 2026-11-27T08:00:00 or +SECONDS from now: nothing is begun that "
              "cannot be done by then, a checkpoint is written and the exit code is 75; none: as Slurm says"),
      real("discover.end_reserve", "--end-reserve", 60)
          .unit("s")
          .at_least(0)
          .at_most(kMostSeconds)
          .in({discover, ablate})
          .means("kept free before the allocation's end, beside the time that a checkpoint takes"),
      boolean("discover.dry_run", "--dry-run")
          .once()
          .in({discover, ablate})
          .means("print units and positions, touch nothing"),

      integer("units.instances", "--unit-instances", 1)
          .unit("instances")
          .at_least(1)
          .at_most(kMostOfAll)
          .in({plan, discover, ablate})
          .means("instances of one unit of work"),
      integer("units.layers", "--unit-layers", 0)
          .unit("layers")
          .at_least(0)
          .at_most(kMostOfAll)
          .in({plan, discover})
          .means("layers of one unit of work in the head stage; 0: so that every rank gets several units"),
      integer("units.grant_seed", "", -1)
          .at_least(0)
          .or_minus_one()
          .in({discover, ablate})
          .means("grant units in a random order of this seed, which must not change a result; -1: longest "
                 "first"),
      real("units.stage_timeout", "", 600)
          .unit("s")
          .above(0)
          .at_most(kMostSeconds)
          .in({discover, ablate})
          .means("how long the ranks wait for each other in a stage's reductions, and for rank 0's answer to "
                 "a request for work, before the run is given up"),
  };
}

std::vector<Setting> ranking_settings() {
  return {
      integer("ranking.top_k", "--top-k", 30)
          .unit("heads")
          .at_least(1)
          .at_most(kMostHeads)
          .in({discover, rank, ablate})
          .inherited_by({rank, ablate})
          .changes_numbers()
          .means("size of a task's critical set"),
      integer("ranking.stored_heads", "--stored-heads", 50)
          .unit("heads")
          .at_least(1)
          .at_most(kMostHeads)
          .in({plan, discover})
          .changes_numbers()
          .means("best heads whose neuron sums are kept, so that every smaller top-k needs no model"),
      integer("ranking.rand_head_seeds", "--rand-head-seeds", 0)
          .unit("draws")
          .at_least(0)
          .at_most(kMostHeads)
          .in({plan, discover})
          .changes_numbers()
          .means("draws of top-k heads by chance whose neuron sums are kept too: what `ablate --strategies "
                 "rand_head` masks"),
      real("ranking.neuron_share", "--neuron-share", 0.01)
          .unit("share of all FFN neurons")
          .above(0)
          .at_most(1)
          .in({discover, rank})
          .inherited_by({rank})
          .changes_numbers()
          .means("how many neurons are selected"),
      one_word("ranking.neuron_mode", "--mode", choice::NeuronMode::per_instance)
          .in({discover, rank})
          .inherited_by({rank})
          .changes_numbers()
          .means("positive part of a neuron's contribution drop: of each instance, or of the mean"),
      one_word("ranking.weights", "--weights", choice::HeadWeights::importance)
          .in({discover, rank, ablate})
          .inherited_by({rank, ablate})
          .changes_numbers()
          .means("weight of each critical head in a neuron's importance"),
      path("rank.folder", "DIR").required().in({rank}).means("folder that `discover` made"),
      path("rank.benchmark", "--benchmark")
          .in({rank})
          .means("refuse unless this is the benchmark that the run was made with; none: not compared"),
      path("rank.out", "--out").in({rank}).means("folder that the tables go to; none: DIR/rank"),
  };
}

std::vector<Setting> plan_settings() {
  return {
      integer("plan.gpus", "--gpus", 1)
          .unit("ranks")
          .at_least(1)
          .at_most(kMostHeads)
          .in({plan})
          .means("ranks that share the work, one a GPU"),
      real("plan.tflops", "--tflops", 0)
          .unit("TFLOP/s")
          .at_least(0)
          .at_most(kMostSeconds)
          .in({plan})
          .means("useful speed of one rank, as `bench` measures it there; 0: the peak of matrix products on "
                 "this "
                 "machine's CPU, measured now with --threads"),
      real("plan.changed", "--changed", 0.1)
          .unit("share of the cells")
          .at_least(0)
          .at_most(1)
          .in({plan})
          .means("of the generating tasks, those whose answer changes and is decoded"),
      Describe("plan.out", "--out", Type::path, std::string("plan.json"))
          .new_each_run()
          .in({plan})
          .means("file that the figures go to"),
  };
}

std::vector<Setting> bench_settings() {
  return {
      Describe("bench.model", "--model", Type::model, std::string("checkpoints/tiny-llava"))
          .in({bench})
          .means("checkpoint folder; with --shape the one that lends its tokenizer"),
      text("bench.shape", "--shape", "")
          .in({bench})
          .means("layers=8,heads=16,dim=512,ffn=1376,image_tokens=576: a model of random weights, made for "
                 "this run; answers are then 2 tokens long, captions 12; none: --model itself"),
      path("bench.benchmark", "--benchmark")
          .in({bench})
          .means("folder that `prepare` made; none: scenes drawn for this run"),
      list("bench.tasks", "--tasks", Type::texts, {"vqa", "ocr", "caption", "retrieval"})
          .one_of({"vqa", "ocr", "caption", "retrieval"})
          .in({bench})
          .means("tasks measured, each alone and all together"),
      integer("bench.instances", "--instances", 1)
          .unit("images")
          .at_least(1)
          .at_most(kMostImages)
          .in({bench})
          .means("first lines of the discovery split, and first queries"),
      list("bench.forms", "--forms", Type::texts, {"engine"})
          .one_of({"engine", "plain", "parts", "rows", "prefix"})
          .in({bench})
          .means("engine: the fast one; plain: the straightforward one; parts: what edits, contributions and "
                 "the "
                 "same-bits rules cost the engine; by transformers, started as "
                 "--rivals: rows: hooks, heads as rows of a batch, keys and values cached; prefix: the same "
                 "for retrieval with the candidates' common prompt computed once per batch"),
      list("bench.changed", "--changed", Type::texts, {})
          .unit("share of the heads")
          .in({bench})
          .means("how many heads' answers the engine decodes whole, drawn by the seed, one measurement each; "
                 "none: those that change, and with --shape, whose answers mean nothing, 0.05,0.2,1"),
      integer("bench.heads", "--rival-heads", 2)
          .unit("heads of each layer")
          .at_least(0)
          .at_most(kMostHeads)
          .in({bench})
          .means("what plain and rows compute and are scaled from; prefix computes as many cells in whole "
                 "layers, which suits it; 0: all"),
      integer("bench.candidates", "--rival-candidates", 5)
          .unit("candidates of each query")
          .at_least(0)
          .at_most(kMostHeads)
          .in({bench})
          .means("what the other forms compute and are scaled from; 0: all"),
      Describe("bench.python", "--python", Type::path, std::string(".venv/bin/python3"))
          .in({bench})
          .means("interpreter with transformers, for rows and prefix"),
      Describe("bench.rivals", "--rivals", Type::path, std::string("tools/reference_bench.py"))
          .in({bench})
          .means("program of the forms rows and prefix"),
      Describe("bench.out", "--out", Type::path, std::string("bench.json"))
          .new_each_run()
          .in({bench})
          .means("file that the figures go to"),
  };
}

}  // namespace hones::settings
