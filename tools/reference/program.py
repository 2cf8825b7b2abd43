"""The program's own activations of single instances, through `hones_mpi generate --dump`."""
import json
import pathlib
import subprocess
import tempfile

import numpy as np
from safetensors.numpy import load_file

from . import compare
from .compare import Stored, Tally
from .sweep import Sweep


def compare_dumps(sweep: Sweep, program: pathlib.Path, model: pathlib.Path, task: str, stored: Stored, instances: int, heads: int,
                  tally: Tally) -> None:
    """Contributions, inputs and answers of the first instances, plain and under the first stored
    heads, one run a head.

    The plain run is in every dump; without a head there is one run for it alone.
    """
    reference = sweep.reference
    with tempfile.TemporaryDirectory() as folder:
        image, dump = pathlib.Path(folder) / "image.png", pathlib.Path(folder) / "dump.safetensors"
        for number, case in enumerate(sweep.benchmark.cases(task, min(instances, len(stored.status)))):
            if stored.status[number] != 1:
                continue  # a failure already: Sweep.run
            text = case.texts[case.positive]
            picture = sweep.benchmark.picture(case)
            picture.save(image)
            pixels = reference.pixels(picture)
            projection = reference.projection(sweep.direction(case))
            chosen = stored.neuron_heads[:heads]
            plain, replaced = sweep.contributions(case, pixels, chosen)
            for chosen_head, under in list(zip(chosen, replaced)) or [(None, None)]:
                command = [program, "generate", "--model", model, "--image", image, "--prompt", text, "--json", "--dump", dump]
                if chosen_head:
                    command += ["--replace-head", "{}:{}".format(*chosen_head)]
                output = subprocess.run(command, capture_output=True, text=True, check=False)
                if output.returncode != 0:
                    tally.failures.append(f"image {case.image_id}: {program.name} generate: {output.stderr.strip()}")
                    continue
                tensors, said = load_file(dump), json.loads(output.stdout)
                if said["prompt_ids"] != reference.prompt_ids(text):
                    tally.failures.append(f"image {case.image_id}: prompt ids differ")
                if not np.array_equal(tensors["pixel_values"].reshape(pixels.shape), pixels.numpy()):
                    tally.failures.append(f"image {case.image_id}: pixel values differ")
                tally.contribution("c, one instance", compare.relative(plain, tensors["a"].astype(np.float64) * projection))
                answers = [(0, said["answer_ids"])]
                if chosen_head:
                    contributions = tensors["intervened.a"].astype(np.float64) * projection
                    tally.contribution("c under a head, one instance", compare.relative(under, contributions))
                    column = 1 + chosen_head[0] * reference.heads + chosen_head[1]
                    answers.append((column, said["intervened"]["answer_ids"]))
                if task != "retrieval" and any(ids != stored.answer(number, column) for column, ids in answers):
                    tally.failures.append(f"image {case.image_id}, head {chosen_head}: generate and discover differ")
