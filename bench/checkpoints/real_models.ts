/**
 * Judges the weights of every file in a folder, and prints all errors and warnings:
 * `deno run -A bench/checkpoints/real_models.ts FOLDER`. `make_models.py` fills the folder with
 * networks of torchvision, timm and transformers, as they are initialised and after some steps.
 *
 * @module
 */
import { readWeights } from "../../src/load/read_weights.ts";
import { measureCheckpoint } from "../../src/checkpoint/measure_checkpoint.ts";
import { runRules } from "../../src/core/rules/judge_rule.ts";

const [folder] = Deno.args;
const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
const counts = { error: 0, warning: 0, note: 0 };
for (const name of names) {
  const findings = runRules(await measureCheckpoint(await readWeights(`${folder}/${name}`)));
  for (const { severity, rule, kind, layer, layers } of findings) {
    counts[severity]++;
    if (severity !== "note") {
      console.log(`${name}: ${severity} ${rule} ${kind} ${layers?.join(", ") ?? layer}`);
    }
  }
}
console.log(
  `${names.length} files: ${counts.error} errors, ${counts.warning} warnings, ${counts.note} notes`,
);
