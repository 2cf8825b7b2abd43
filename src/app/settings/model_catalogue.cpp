// Settings of models, the engine, interventions and single answers.
#include "app/settings/describe.hpp"

namespace hones::settings {

using enum Command;

std::vector<Setting> model_settings() {
  return {
      Describe("model.path", "--model", Type::model, std::string())
          .required()
          .in({generate, plan, discover, ablate})
          .means("checkpoint folder, or org/name looked up offline in the local Hugging Face cache"),
      text("model.revision", "--revision", "main")
          .in({generate, plan, discover, ablate})
          .means("branch, tag or commit of an org/name model"),
      one_word("model.dtype", "--dtype", choice::NumberFormat::automatic)
          .in({generate, plan, discover, bench, ablate})
          .changes_numbers()
          .means("number format of weights and arithmetic; auto: fp32 on a CPU"),
      one_word("model.device", "--device", choice::Device::automatic)
          .in({generate, discover, bench, ablate})
          .changes_numbers()
          .means("where the model runs; GPUs are not built yet, so auto is cpu"),
      integer("model.threads", "--threads", 1)
          .unit("threads per rank")
          .at_least(1)
          .at_most(1024)
          .in({generate, plan, discover, bench, ablate})
          .changes_numbers()
          .means("threads of the arithmetic; nothing else sets them"),

      one_word("engine.form", "--engine", choice::Form::fast)
          .in({plan, discover, ablate})
          .changes_numbers()
          .means("how cells are computed: fast, or plain, the straightforward reference that recomputes "
                 "every cell whole"),
      boolean("engine.resume", "", true)
          .in({plan, discover, ablate})
          .changes_numbers()
          .means("fast engine: a replaced head's run starts at its layer, from what the plain run kept"),
      boolean("engine.tree", "", true)
          .in({plan, discover, ablate})
          .changes_numbers()
          .means("fast engine: prompts about one picture, candidates included, share one packed sequence"),
      boolean("engine.verify", "", true)
          .in({plan, discover, ablate})
          .changes_numbers()
          .means(
              "fast engine: the plain answer is checked in the same pass, and only rows that differ decode"),
      integer("engine.tile_positions", "--tile-positions", 0)
          .unit("positions")
          .at_least(0)
          .at_most(kMostOfAll)
          .in({plan, discover, ablate})
          .changes_numbers()
          .means("positions of one batch of heads, rows times length; 0: follows from model shape and dtype"),

      one_word("intervention.operator", "--operator", choice::Operator::mean)
          .in({generate, discover, ablate})
          .changes_numbers()
          .means("what replaces a head's output: the mean of the layer's other heads, zero, the head plus "
                 "noise, or itself (the null control)"),
      real("intervention.sigma", "--sigma", 3)
          .unit("standard deviations of the channel")
          .at_least(0)
          .at_most(1000)
          .in({generate, discover, ablate})
          .changes_numbers()
          .means("strength of the noise of operator gaussian"),
      integer("run.seed", "--seed", 3407)
          .at_least(0)
          .in({generate, discover, bench, ablate})
          .changes_numbers()
          .means("seed of noise, of interval resampling and of halvings"),

      integer("answer.max_new_tokens", "--max-new-tokens", 24)
          .unit("tokens")
          .at_least(1)
          .at_most(4096)
          .in({generate, plan, discover, ablate})
          .changes_numbers()
          .means("length at which an answer ends without an end token; a task's own limit wins"),
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

}  // namespace hones::settings
