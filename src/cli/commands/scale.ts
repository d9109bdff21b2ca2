import { MEASURE_PERMISSIONS } from "../flags/measure_flags.ts";
import { SCALE_FLAGS } from "../flags/scale_flags.ts";
import { defineCommand, late } from "../kit/command.ts";

/** `scale`: does a model stay healthy when it grows? */
export const scale = defineCommand({
  operand: { name: "MODEL", least: 1, most: 1, takes: "files", opensFolders: true },
  description: [
    "Trains siblings of a model, which differ in width or depth, for five steps on one batch each, with",
    "the optimizer that they are compiled with (Adam at 0.01 if there is none), and shows how the size of",
    "activations, of their change per step, of gradients and of updates depends on width and depth: the",
    "slope of log2 size over log2 width. In a model that stays healthy when it grows, activations and",
    "their change keep their size: a slope above 0.25 warns, one above 0.5 fails, from the second step on.",
    "A learning rate found on a small sibling then suits a large one.",
    "",
    "MODEL is a module that exports createModel({ tf, seed, width, depth }). A constant behind a kernel, as",
    "width parametrizations have it, belongs to that kernel. If a slope is steep, the change of each layer",
    "(initial standard deviation, learning rate) is named as code, and tried on all siblings.",
    "",
    "--rates instead finds the best rate of each sibling, and says whether it transfers.",
    "",
    "Ctrl-C stops the study and keeps the finished points. --out FILE is complete and readable at any",
    "time; --resume continues it. The file is the proof that report and check take as --proof.",
  ].join("\n"),
  flags: SCALE_FLAGS,
  examples: [
    ["scale model.ts --widths 64,128,256,512", "does it keep its scale in width?"],
    ["scale model.ts --widths 64 --depths 2,4,8,16", "and in depth?"],
    ["scale model.ts --widths 64,128,256 --rates", "does the best learning rate transfer?"],
    ["scale model.ts --widths 64,128,256 --out proof.json", "a proof for report and check"],
    ["scale model.ts --widths 64,128 --shard 1/2 --out part1.json", "a half of it; then merge"],
  ],
  sections: [
    ["exit code", [
      "1 if a slope is above 0.5; 130 after Ctrl-C, 143 after SIGTERM; the rest as below.",
    ]],
  ],
  permissions: MEASURE_PERMISSIONS,
  run: late(() => import(import.meta.resolve("./run_scale.ts"))),
});
