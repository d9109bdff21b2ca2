import {
  MEASURE_PERMISSIONS,
  PLUGIN_FLAG,
  PROOF_FLAG,
  QUIET_FLAG,
  REMOTE_PERMISSIONS,
  RUN_FLAGS,
  shardFlag,
  TRIAL_BUDGET_FLAG,
  TRIAL_FLAG,
} from "../flags/measure_flags.ts";
import {
  BY_EXTENSION,
  DETAILS_FLAG,
  FORCE_FLAG,
  OPEN_FLAG,
  TEXT_FLAGS,
} from "../flags/show_flags.ts";
import { formatsOf } from "../formats.ts";
import { defineCommand, late } from "../kit/command.ts";
import { boolean, file, type FlagValues, oneOf, pattern, usual } from "../kit/flag.ts";

export const REPORT_FORMATS = formatsOf("report");

/** Flags of `report`. */
export const REPORT_FLAGS = {
  plugin: PLUGIN_FLAG,
  ...RUN_FLAGS,
  proof: PROOF_FLAG,
  trial: TRIAL_FLAG,
  trialBudget: TRIAL_BUDGET_FLAG,
  rates: usual(
    "runs and verdict",
    boolean(
      "train at a ladder of learning rates, show the loss over the rate, and name the usable rates " +
        "and the best one",
    ),
  ),
  quiet: QUIET_FLAG,
  format: usual(
    "result",
    oneOf(REPORT_FORMATS, { help: "how to show the result", otherwise: BY_EXTENSION }),
  ),
  out: usual("result", file("write", { help: "write the result there instead of to stdout" })),
  force: FORCE_FLAG,
  open: usual("result", OPEN_FLAG),
  watch: usual(
    "result",
    boolean("measure again whenever a file that was read changes, until Ctrl-C", [{
      grant: "--allow-read=FOLDERS",
      purpose:
        "the folders of the files that --watch watches: MODEL, what it imports, its weights, " +
        "--batch",
    }]),
  ),
  shard: shardFlag(
    "measure only the I-th of N parts of a file of weights, and write it to --out; merge joins them",
  ),
  layers: pattern("show only the layers whose name matches"),
  axis: oneOf(["log", "linear"], { help: "axis of the bars", default: "log" }),
  ...TEXT_FLAGS,
  details: DETAILS_FLAG,
  all: boolean("give every layer its own row, even where blocks repeat"),
};

/** Values of the flags of `report`. */
export type ReportValues = FlagValues<typeof REPORT_FLAGS>;

/** `report`: measures and shows; exits with 0 unless measuring fails. */
export const report = defineCommand({
  operand: { name: "MODEL", least: 0, most: 1, takes: "files", opensFolders: true },
  description: [
    "Runs one forward and one backward pass and says what is wrong: the verdict, the causes, and",
    "for each the fix, which it has tried on the model. A network with an error is trained on its",
    "batch for some steps, and one that learns gets a warning (--trial). Then it shows charts of the",
    "mean absolute gradient and activation of each layer, and a table: the standard deviation of its",
    "kernel beside that of the initialiser that fits, and the size of output and gradient beside",
    "what theory predicts. Blocks that repeat share a row (--all). The model is restored. Exits with",
    "0 unless the model cannot be measured.",
    "",
    "MODEL is a TensorFlow.js model.json (its weight files beside it), a .keras or .h5 file as Keras 2 or 3",
    "saves it, a .pt2 program as torch.export saves it, or a .ts or .js module that exports createModel({ tf, seed }), or exports a built model as",
    "`model`; either can be the default export. Optional are createBatch({ tf, seed, examples }) and objective,",
    "the name of a loss; without it, the loss that the model was compiled with is measured. The default MODEL",
    "is the exercise's network: a relu layer and nine tanh layers whose weights are far too large. The word",
    "report may be left out before a MODEL.",
    "",
    "Of a model that Keras saved, each weight goes where the order of the layers, their names and the shapes",
    "agree; ambiguous files are rejected. Layers alone, as to_json() writes them, get weights drawn",
    "from --seed, or those of --weights FILE. If TensorFlow.js lacks a layer, the error names it; supply it",
    "with --register FILE.",
    "",
    "With --watch it measures again whenever MODEL, a file that it imports, its weights or the batch",
    "changes, and says on top what moved. Each time the code is loaded again, in a worker with one thread.",
    "A terminal is redrawn in place; elsewhere one report follows the other. Ctrl-C ends it (130).",
    "",
    "MODEL may also be a PyTorch file without a topology (.safetensors, or what torch.save wrote of a state",
    "dict: .pt, .pth, .ckpt, .bin). No pass is run; the rules that weights alone decide judge it, and the",
    "table names the initialiser that each kernel looks drawn by. Nothing in the file runs. With a module",
    "that builds the same network, --weights FILE puts the weights in and everything is judged.",
    "An .npz and a .weights.h5 are judged likewise, and with --weights-only a .keras, .h5, .pt2 or",
    "model.json. A file of any size is read in pieces.",
    "",
    "MODEL may be on a server: https://HOST/model.safetensors, or hf:ORG/NAME[@REVISION] of Hugging Face.",
    "Its weights are read by HTTP ranges and judged alone; nothing is kept without --cache FOLDER. It needs",
    "--allow-net=HOST. HF_TOKEN is sent to Hugging Face alone.",
    "",
    "Dropout is off while it measures. Batch normalisation uses its moving statistics, or those of the batch if",
    "no training step has updated them yet.",
  ].join("\n"),
  flags: REPORT_FLAGS,
  examples: [
    ["report examples/digits.ts", "a model that a module creates"],
    ["report model.json --batch batch.json --objective meanSquaredError", "a model from disk"],
    ["report model.keras --batch batch.npz", "a model that Keras saved, on NumPy data"],
    ["report model.safetensors", "the weights of a PyTorch network, without its topology"],
    ["report", "the exercise's network"],
    ["examples/digits.ts", "a model, without the word report"],
    ["report examples/digits.ts --watch", "again whenever the module changes"],
    ["report hf:org/name", "the weights of a model of Hugging Face, which is not downloaded"],
    [
      "report net.ts --weights model.pt --batch batch.npz",
      "the same with its network, on NumPy data",
    ],
    ["report model.json --format json --out report.json", "the figures, for other programs"],
  ],
  permissions: [...MEASURE_PERMISSIONS, ...REMOTE_PERMISSIONS],
  run: late(() => import(import.meta.resolve("./run_report.ts"))),
});
