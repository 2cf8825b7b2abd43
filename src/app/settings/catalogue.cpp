// Every setting of the program. To add one, add a line here; nothing else lists settings.
#include <utility>

#include "app/settings/setting.hpp"

namespace hones::settings {

namespace {

using enum Command;

// More than these is a slip of the finger, and would only end in a job that never ends.
constexpr double kMostImages = 1'000'000;
constexpr double kMostHeads = 1'000'000;
constexpr double kMostResamples = 1'000'000;
constexpr double kMostOfAll = 1'000'000'000;  // instances, queries, positions, units
constexpr double kMostSeconds = 1'000'000;

// Builds a Setting from left to right.
class Describe {
 public:
  Describe(std::string key, std::string flag, Type type, Value fallback) {
    setting_.key = std::move(key);
    setting_.flag = std::move(flag);
    setting_.type = type;
    setting_.fallback = std::move(fallback);
  }
  Describe& in(std::vector<Command> commands) { return setting_.commands = std::move(commands), *this; }
  Describe& means(std::string meaning) { return setting_.meaning = std::move(meaning), *this; }
  Describe& unit(std::string unit) { return setting_.unit = std::move(unit), *this; }
  Describe& at_least(double minimum) { return setting_.minimum = minimum, *this; }
  Describe& above(double minimum) { return setting_.minimum = minimum, setting_.above_minimum = true, *this; }
  Describe& at_most(double maximum) { return setting_.maximum = maximum, *this; }
  Describe& or_minus_one() { return setting_.or_minus_one = true, *this; }
  Describe& one_of(std::vector<std::string> choices) { return setting_.choices = std::move(choices), *this; }
  Describe& changes_numbers() { return setting_.numeric = true, *this; }
  Describe& required() { return setting_.required = true, *this; }
  Describe& once() { return setting_.once = true, *this; }
  Describe& new_each_run() { return setting_.new_each_run = true, *this; }
  Describe& inherited_by(std::vector<Command> commands) {
    return setting_.inherited_by = std::move(commands), *this;
  }
  operator Setting() const { return setting_; }

 private:
  Setting setting_;
};

Describe boolean(std::string key, std::string flag, bool fallback = false) {
  return {std::move(key), std::move(flag), Type::boolean, fallback};
}
Describe integer(std::string key, std::string flag, std::int64_t fallback) {
  return {std::move(key), std::move(flag), Type::integer, fallback};
}
Describe real(std::string key, std::string flag, double fallback) {
  return {std::move(key), std::move(flag), Type::real, fallback};
}
Describe text(std::string key, std::string flag, std::string fallback) {
  return {std::move(key), std::move(flag), Type::text, std::move(fallback)};
}
Describe path(std::string key, std::string flag) {
  return {std::move(key), std::move(flag), Type::path, std::string()};
}
Describe list(std::string key, std::string flag, Type type, std::vector<std::string> fallback) {
  return {std::move(key), std::move(flag), type, std::move(fallback)};
}

std::vector<Setting> data_settings() {
  return {
      integer("synth.images", "--images", 200)
          .unit("scenes")
          .at_least(1)
          .at_most(kMostImages)
          .in({synth})
          .changes_numbers()
          .means("how many scenes are drawn"),
      integer("synth.seed", "--seed", 3407)
          .at_least(0)
          .in({synth})
          .changes_numbers()
          .means("seed of every random decision"),
      real("synth.near_twins", "--near-twins", 0)
          .unit("share of the scenes")
          .at_least(0)
          .at_most(1)
          .in({synth})
          .changes_numbers()
          .means("share of the scenes that come in families of eight which differ in one printed word, size, "
                 "count or relation"),
      path("synth.out", "--out")
          .required()
          .new_each_run()
          .in({synth})
          .means("folder that the pictures and annotation files go to"),
      boolean("synth.overwrite", "--overwrite")
          .once()
          .in({synth})
          .means("replace scenes that are there already: their pictures and annotation files go"),

      path("prepare.source", "--source")
          .in({prepare})
          .means("folder with the official files under their official names and images/; the next five name "
                 "single files"),
      path("prepare.captions", "--captions").in({prepare}).means("COCO captions, captions_train2014.json"),
      path("prepare.scene_text", "--scene-text").in({prepare}).means("COCO-Text v2, cocotext.v2.json"),
      path("prepare.questions", "--questions")
          .in({prepare})
          .means("VQAv2 questions, v2_OpenEnded_mscoco_train2014_questions.json"),
      path("prepare.annotations", "--annotations")
          .in({prepare})
          .means("VQAv2 annotations, v2_mscoco_train2014_annotations.json"),
      path("prepare.images", "--images").in({prepare}).means("folder with the pictures"),
      path("prepare.gqa", "--gqa")
          .in({prepare})
          .means("instead of the unified benchmark the transfer set GQA: a file of balanced questions, or a "
                 "folder of such chunks"),
      path("prepare.textvqa", "--textvqa")
          .in({prepare})
          .means("the transfer set TextVQA: TextVQA_0.5.1_val.json"),
      path("prepare.flickr30k", "--flickr30k")
          .in({prepare})
          .means("the transfer set Flickr30k: Karpathy's .json, the .csv form, or the token file"),
      text("prepare.transfer_split", "--transfer-split", "test")
          .one_of({"train", "val", "test"})
          .in({prepare})
          .changes_numbers()
          .means("which images of a Flickr30k file that tells splits; the token file tells none"),
      integer("prepare.transfer_images", "--transfer-images", -1)
          .unit("images")
          .at_least(1)
          .at_most(kMostImages)
          .or_minus_one()
          .in({prepare})
          .changes_numbers()
          .means("images of a transfer set, drawn by the seed, with all their questions; -1: all"),
      integer("prepare.discovery", "--discovery", 7000)
          .unit("images")
          .at_least(1)
          .at_most(kMostImages)
          .in({prepare})
          .changes_numbers()
          .means("size of the discovery split"),
      integer("prepare.dev", "--dev", 2000)
          .unit("images")
          .at_least(0)
          .at_most(kMostImages)
          .in({prepare})
          .changes_numbers()
          .means("size of the dev split"),
      integer("prepare.test", "--test", 3000)
          .unit("images")
          .at_least(0)
          .at_most(kMostImages)
          .in({prepare})
          .changes_numbers()
          .means("size of the test split"),
      integer("prepare.queries", "--queries", -1)
          .unit("discovery images")
          .at_least(0)
          .at_most(kMostImages)
          .or_minus_one()
          .in({prepare})
          .changes_numbers()
          .means("retrieval queries of discovery; the other images give the pool of their negatives; -1: two "
                 "sevenths"),
      text("prepare.vqa_policy", "--vqa-policy", "first")
          .one_of({"first", "seeded"})
          .in({prepare})
          .changes_numbers()
          .means("which of an image's questions stands for it: the smallest id, or one drawn by the seed"),
      text("prepare.ocr_policy", "--ocr-policy", "seeded")
          .one_of({"seeded", "first"})
          .in({prepare})
          .changes_numbers()
          .means(
              "which of an image's legible words stands for it: one drawn by the seed, or the smallest id"),
      real("prepare.min_box_side", "--min-box-side", 0)
          .unit("px")
          .at_least(0)
          .at_most(kMostOfAll)
          .in({prepare})
          .changes_numbers()
          .means(
              "a legible word counts when its box, cut to the picture, has no shorter side; 0: every word"),
      integer("prepare.min_text_length", "--min-text-length", 0)
          .unit("characters")
          .at_least(0)
          .at_most(kMostOfAll)
          .in({prepare})
          .changes_numbers()
          .means("a legible word counts when it has at least so many; 0: every word"),
      boolean("prepare.english_only", "--english-only")
          .in({prepare})
          .changes_numbers()
          .means("a legible word counts when its language is english"),
      path("prepare.embeddings", "--embeddings")
          .in({prepare})
          .means(
              "vectors of the captions, .safetensors or .npy (tools/embed_captions.py), whose cosine makes "
              "a negative hard; none: TF-IDF of words"),
      text("prepare.embed", "--embed", "text")
          .one_of({"text", "image"})
          .in({prepare})
          .changes_numbers()
          .means("a query's vector: that of its positive caption, or that of its picture"),
      boolean("prepare.disjoint_pools", "--disjoint-pools")
          .in({prepare})
          .changes_numbers()
          .means(
              "two sevenths of the dev and test images ask, and negatives come from the others; without it "
              "every image asks"),
      integer("prepare.seed", "--seed", 3407)
          .at_least(0)
          .in({prepare})
          .changes_numbers()
          .means("seed of every random decision"),
      integer("prepare.preview", "--preview", 0)
          .unit("instances of every task")
          .at_least(0)
          .at_most(1000)
          .in({prepare})
          .means("contact sheets of what a model will see, in preview/ of the benchmark; 0: none"),
      Describe("prepare.preview_model", "--preview-model", Type::model, std::string())
          .in({prepare})
          .means("checkpoint whose picture processor the sheets show; none: that of LLaVA-1.5, 336 x 336"),
      path("prepare.out", "--out")
          .required()
          .new_each_run()
          .in({prepare})
          .means("folder that the benchmark goes to"),
      boolean("prepare.overwrite", "--overwrite")
          .once()
          .in({prepare})
          .means("replace a benchmark that is there already"),
  };
}

std::vector<Setting> model_settings() {
  return {
      Describe("model.path", "--model", Type::model, std::string())
          .required()
          .in({generate, plan, discover})
          .means("checkpoint folder, or org/name looked up offline in the local Hugging Face cache"),
      text("model.revision", "--revision", "main")
          .in({generate, plan, discover})
          .means("branch, tag or commit of an org/name model"),
      text("model.dtype", "--dtype", "auto")
          .one_of({"auto", "fp32", "bf16", "fp16"})
          .in({generate, plan, discover, bench})
          .changes_numbers()
          .means("number format of weights and arithmetic; auto: fp32 on a CPU"),
      text("model.device", "--device", "auto")
          .one_of({"auto", "cpu"})
          .in({generate, discover, bench})
          .changes_numbers()
          .means("where the model runs; GPUs are not built yet, so auto is cpu"),
      integer("model.threads", "--threads", 1)
          .unit("threads per rank")
          .at_least(1)
          .at_most(1024)
          .in({generate, plan, discover, bench})
          .changes_numbers()
          .means("threads of the arithmetic; nothing else sets them"),

      text("engine.form", "--engine", "fast")
          .one_of({"fast", "plain"})
          .in({plan, discover})
          .changes_numbers()
          .means("how cells are computed: fast, or plain, the straightforward reference that recomputes "
                 "every cell whole"),
      boolean("engine.resume", "", true)
          .in({plan, discover})
          .changes_numbers()
          .means("fast engine: a replaced head's run starts at its layer, from what the plain run kept"),
      boolean("engine.tree", "", true)
          .in({plan, discover})
          .changes_numbers()
          .means("fast engine: prompts about one picture, candidates included, share one packed sequence"),
      boolean("engine.verify", "", true)
          .in({plan, discover})
          .changes_numbers()
          .means(
              "fast engine: the plain answer is checked in the same pass, and only rows that differ decode"),
      integer("engine.tile_positions", "--tile-positions", 0)
          .unit("positions")
          .at_least(0)
          .at_most(kMostOfAll)
          .in({plan, discover})
          .changes_numbers()
          .means("positions of one batch of heads, rows times length; 0: follows from model shape and dtype"),

      text("intervention.operator", "--operator", "mean")
          .one_of({"mean", "zero", "gaussian", "none"})
          .in({generate, discover})
          .changes_numbers()
          .means("what replaces a head's output: the mean of the layer's other heads, zero, the head plus "
                 "noise, or itself (the null control)"),
      real("intervention.sigma", "--sigma", 3)
          .unit("standard deviations of the channel")
          .at_least(0)
          .at_most(1000)
          .in({generate, discover})
          .changes_numbers()
          .means("strength of the noise of operator gaussian"),
      integer("run.seed", "--seed", 3407)
          .at_least(0)
          .in({generate, discover, bench})
          .changes_numbers()
          .means("seed of noise, of interval resampling and of halvings"),

      integer("answer.max_new_tokens", "--max-new-tokens", 24)
          .unit("tokens")
          .at_least(1)
          .at_most(4096)
          .in({generate, plan, discover})
          .changes_numbers()
          .means("length at which an answer ends without an end token; a task's own limit wins"),
  };
}

// What is done to pictures before a model, or people, see them.
std::vector<Setting> picture_settings() {
  return {
      text("pictures.box_stroke", "--box-stroke", "centred")
          .one_of({"centred", "outside"})
          .in({prepare, generate, discover})
          .changes_numbers()
          .means(
              "where the 3 pixels of a blue box lie: centred on its edge, or just outside it, for boxes so "
              "small that the stroke would cover the word"),
      text("pictures.mask_text", "--mask-text", "none")
          .one_of({"none", "mean", "per_box", "polygon"})
          .in({prepare, generate, discover})
          .changes_numbers()
          .means("the caption control, scene text painted over in the pictures of captions: its boxes with "
                 "the picture's mean colour or each with its own, or its polygons with the picture's"),
  };
}

std::vector<Setting> generate_settings() {
  return {
      path("generate.image", "--image")
          .in({generate})
          .means("the picture, JPEG or PNG; none: text only, with --raw-prompt"),
      text("generate.prompt", "--prompt", "")
          .required()
          .in({generate})
          .means("what is asked; rendered into the family's chat form"),
      text("generate.box", "--box", "")
          .unit("pixels")
          .in({generate})
          .means("X,Y,WIDTH,HEIGHT of a blue box drawn on the picture, as for the task ocr"),
      text("generate.text_regions", "--text-regions", "")
          .unit("pixels")
          .in({generate})
          .means("where the text is that --mask-text paints over: X,Y,WIDTH,HEIGHT, or the corners "
                 "X1,Y1,X2,Y2,X3,Y3,... of a polygon; several between semicolons"),
      boolean("generate.raw_prompt", "--raw-prompt")
          .in({generate})
          .means("take the prompt as it stands, <image> included"),
      boolean("generate.allow_special_in_text", "--allow-special-in-text")
          .in({generate})
          .means("let special tokens spelled in the prompt's text be these tokens; without it they are "
                 "encoded as ordinary text"),
      list("generate.replace_heads", "--replace-head", Type::heads, {})
          .unit("LAYER:HEAD")
          .in({generate})
          .means("heads replaced together in a second run beside the plain one"),
      path("generate.mask_neurons", "--mask-neurons")
          .in({generate})
          .means("neurons masked in the second run: a CSV with columns layer,neuron (more are ignored), or "
                 "FILE.h5:/path/to/dataset with such rows"),
      boolean("generate.json", "--json")
          .in({generate})
          .means("print one JSON object with ids and log-probabilities"),
      path("generate.dump", "--dump")
          .in({generate})
          .means("write pixel values, logits, head outputs and activations to this FILE.safetensors"),
  };
}

std::vector<Setting> score_settings() {
  return {
      text("score.metric", "--metric", "")
          .required()
          .one_of({"vqa_accuracy:normalize_always", "vqa_accuracy:official",
                   "vqa_accuracy:official_on_normalized_prediction", "textvqa_accuracy",
                   "gqa_accuracy:after_trim_dot_lower", "gqa_accuracy:official", "anls:rrc", "anls:stvqa_m4c",
                   "anls:mp_docvqa", "anls:alnum_only", "bleu4:corpus", "bleu4:corpus:single",
                   "bleu4:sentence", "bleu4:sentence:lines", "ndcg5:tie_average", "ndcg5:index_order",
                   "ndcg5:pessimistic", "ndcg5:optimistic"})
          .in({score})
          .changes_numbers()
          .means("NAME:VARIANT; captions of bleu4:corpus are tokenised as lines of one text, those of "
                 "bleu4:sentence one by one"),
      path("score.predictions", "--predictions")
          .required()
          .in({score})
          .means("JSON lines {id, prediction}, for ndcg5 {id, scores}"),
      path("score.references", "--references")
          .required()
          .in({score})
          .means("JSON lines {id, references}, for the accuracies {id, answers}, for ndcg5 {id, relevance}"),
      boolean("score.json", "--json")
          .in({score})
          .means("print one JSON object with the value of every id and the metric's further numbers"),
  };
}

std::vector<Setting> discover_settings() {
  return {
      path("benchmark.path", "--benchmark")
          .required()
          .in({plan, discover})
          .means("folder that `prepare` made"),
      text("benchmark.split", "--split", "discovery")
          .one_of({"discovery", "dev", "test"})
          .in({prepare, plan, discover})
          .changes_numbers()
          .means("split of the benchmark that is looked at; transfer sets (GQA, TextVQA, Flickr30k) have "
                 "test alone"),

      path("tasks.file", "--tasks-file")
          .in({prepare, plan, discover})
          .means("TOML file of tasks beside the built-in vqa, ocr, caption and retrieval, or in their place; "
                 "configs/tasks.toml explains the form"),
      list("discover.tasks", "--tasks", Type::texts, {"vqa", "ocr", "caption", "retrieval"})
          .in({prepare, plan, discover})
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
      text("discover.prompts", "--prompts", "paper")
          .one_of({"paper", "release"})
          .in({prepare, plan, discover})
          .changes_numbers()
          .means("wording of the prompts: the paper's, or that of its released code"),
      text("discover.caption_importance", "--caption-importance", "mean")
          .one_of({"mean", "corpus"})
          .in({discover})
          .changes_numbers()
          .means("a head's importance for captions: mean of sentence BLEU-4 differences, or difference of "
                 "corpus BLEU-4"),
      text("discover.open_target_join", "--open-target-join", "separate")
          .one_of({"separate", "release_join"})
          .in({discover})
          .changes_numbers()
          .means("the five references as attribution target: encoded one by one, or joined by blanks first"),
      integer("discover.bootstrap_resamples", "--bootstrap-resamples", 1000)
          .unit("resamples")
          .at_least(1)
          .at_most(kMostResamples)
          .in({discover})
          .changes_numbers()
          .means("resamples behind every 95 % interval"),
      real("discover.max_bad", "--max-bad", 0.01)
          .unit("share")
          .at_least(0)
          .at_most(1)
          .in({discover})
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
          .in({discover})
          .means("begin anew in a folder that holds results or a ledger, instead of going on from it"),
      real("discover.checkpoint_minutes", "--checkpoint-minutes", 10)
          .unit("min")
          .above(0)
          .at_most(kMostSeconds / 60)
          .in({discover})
          .means("from one checkpoint (ledger.h5) to the next; USR1 writes one at once and stops"),
      boolean("discover.dry_run", "--dry-run")
          .once()
          .in({discover})
          .means("print units and positions, touch nothing"),

      integer("units.instances", "--unit-instances", 1)
          .unit("instances")
          .at_least(1)
          .at_most(kMostOfAll)
          .in({plan, discover})
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
          .in({discover})
          .means("grant units in a random order of this seed, which must not change a result; -1: longest "
                 "first"),
      real("units.stage_timeout", "", 600)
          .unit("s")
          .above(0)
          .at_most(kMostSeconds)
          .in({discover})
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
          .in({discover, rank})
          .inherited_by({rank})
          .changes_numbers()
          .means("size of a task's critical set"),
      integer("ranking.stored_heads", "--stored-heads", 50)
          .unit("heads")
          .at_least(1)
          .at_most(kMostHeads)
          .in({plan, discover})
          .changes_numbers()
          .means("best heads whose neuron sums are kept, so that every smaller top-k needs no model"),
      real("ranking.neuron_share", "--neuron-share", 0.01)
          .unit("share of all FFN neurons")
          .above(0)
          .at_most(1)
          .in({discover, rank})
          .inherited_by({rank})
          .changes_numbers()
          .means("how many neurons are selected"),
      text("ranking.neuron_mode", "--mode", "per_instance")
          .one_of({"per_instance", "after_mean"})
          .in({discover, rank})
          .inherited_by({rank})
          .changes_numbers()
          .means("positive part of a neuron's contribution drop: of each instance, or of the mean"),
      text("ranking.weights", "--weights", "importance")
          .one_of({"importance", "uniform"})
          .in({discover, rank})
          .inherited_by({rank})
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

}  // namespace

std::span<const Setting> catalogue() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> settings;
    for (auto part :
         {data_settings(), model_settings(), picture_settings(), generate_settings(), score_settings(),
          discover_settings(), ranking_settings(), plan_settings(), bench_settings()}) {
      settings.insert(settings.end(), part.begin(), part.end());
    }
    return settings;
  }();
  return all;
}

}  // namespace hones::settings
