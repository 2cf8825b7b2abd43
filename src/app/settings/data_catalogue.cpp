// Settings of scenes, benchmarks, pictures and scores.
#include "app/settings/describe.hpp"

namespace hones::settings {

using enum Command;

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
          .means("vectors of the captions, .safetensors or .npy with its .ids.npy (tools/embed_captions.py), "
                 "whose cosine makes a negative hard; none: TF-IDF of words"),
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

// What is done to pictures before a model, or people, see them.
std::vector<Setting> picture_settings() {
  return {
      text("pictures.box_stroke", "--box-stroke", "centred")
          .one_of({"centred", "outside"})
          .in({prepare, generate, discover, ablate})
          .changes_numbers()
          .means(
              "where the 3 pixels of a blue box lie: centred on its edge, or just outside it, for boxes so "
              "small that the stroke would cover the word"),
      text("pictures.mask_text", "--mask-text", "none")
          .one_of({"none", "mean", "per_box", "polygon"})
          .in({prepare, generate, discover, ablate})
          .changes_numbers()
          .means("the caption control, scene text painted over in the pictures of captions: its boxes with "
                 "the picture's mean colour or each with its own, or its polygons with the picture's"),
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

}  // namespace hones::settings
