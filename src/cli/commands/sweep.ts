import { MEASURE_PERMISSIONS } from "../flags/measure_flags.ts";
import { SWEEP_FLAGS } from "../flags/sweep_flags.ts";
import { defineCommand, late } from "../kit/command.ts";

/** `sweep`: the rescaling study. */
export const sweep = defineCommand({
  operand: { name: "MODEL", least: 0, most: 1, takes: "files", opensFolders: true },
  description: [
    "The rescaling study: multiplies the kernels by every scale, measures one forward and one backward",
    "pass at each, and shows the effect on activations and gradients for different activations:",
    "the healthy scales and the best one in a table and in sentences, then for each activation heat",
    "maps (scale x layer), the verdict at every scale, and the delta of the first layer over that of",
    "the last beside the mean-field curve.",
    "",
    "Without MODEL: a network of --depth layers of --width units whose kernels have the standard",
    "deviation 1 / sqrt(fan-in) at scale 1 (change it with --initializer), so that the scale is sigma_w;",
    "with --exercise the exercise's network. MODEL, as for report, is swept on its own weights; with",
    "--activation and --initializer the layers that support it get others. A model.json, .keras or .h5",
    "has the same weights in every draw; only the batch differs. Layers alone, as to_json() of Keras",
    "writes them, are drawn again for every seed.",
    "",
    "Ctrl-C stops the study and keeps the finished points. --out FILE is complete and readable at any",
    "time; --resume continues it. Without --resume, only --force replaces an existing study.",
  ].join("\n"),
  flags: SWEEP_FLAGS,
  examples: [
    ["sweep", "relu, tanh, sigmoid and selu from 0.001 to 1000"],
    ["sweep --exercise --activation tanh", "what rescaling does to the exercise's network"],
    ["sweep examples/digits.ts --scale 0.1..10", "your own model"],
    ["sweep --format html --out sweep.html --open", "a page with a slider over the scales"],
    [
      "sweep --depth 10,30 --seeds 20 --out study.json --resume",
      "long work that can be interrupted",
    ],
    ["sweep --shard 1/3 --out part1.json", "a third of it, on one machine of three; then merge"],
  ],
  sections: [
    ["exit code of an interrupted study", [
      "130 after Ctrl-C, 143 after SIGTERM; the rest as below.",
    ]],
  ],
  permissions: MEASURE_PERMISSIONS,
  run: late(() => import(import.meta.resolve("./run_sweep.ts"))),
});
