import { MEASURE_PERMISSIONS } from "../flags/measure_flags.ts";
import { defineCommand, late } from "../kit/command.ts";
import { REPORT_FLAGS } from "./report_flags.ts";
import type * as ReportWork from "./run_report.ts";

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
    "saves it, or a .ts or .js module that exports createModel({ tf, seed }), or exports a built model as",
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
    "",
    "Dropout is off while it measures. Batch normalisation uses its moving statistics, or those of the batch if",
    "no training step has updated them yet.",
  ].join("\n"),
  flags: REPORT_FLAGS,
  examples: [
    ["report", "the exercise's network"],
    ["report examples/digits.ts", "a model that a module creates"],
    ["examples/digits.ts", "the same"],
    ["report model.json --batch batch.json --objective meanSquaredError", "a model from disk"],
    ["report examples/digits.ts --watch", "again whenever the module changes"],
    ["report model.keras --batch batch.npz", "a model that Keras saved, on NumPy data"],
    ["report model.safetensors", "the weights of a PyTorch network, without its topology"],
    [
      "report net.ts --weights model.pt --batch batch.npz",
      "the same with its network, on NumPy data",
    ],
    ["report model.json --format json --out report.json", "the figures, for other programs"],
  ],
  permissions: MEASURE_PERMISSIONS,
  run: late<typeof ReportWork>(() => import(import.meta.resolve("./run_report.ts"))),
});
