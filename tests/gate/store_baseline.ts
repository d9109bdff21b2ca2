import { writeBaseline } from "../../src/gate/write_baseline.ts";

/**
 * Run as a subprocess: stores a pass with a number of layers under a model's name, several times
 * over. Arguments: file, model, layers, times.
 */
const [file, model, layers, times] = Deno.args;
for (let time = 0; time < Number(times); time++) {
  const pass = {
    objective: "sum",
    examples: time,
    layers: Object.fromEntries(
      Array.from({ length: Number(layers) }, (_, index) => [`dense_${index}`, { deltas: time }]),
    ),
  };
  await writeBaseline(file, (stored) => ({ ...stored, [`${model}_${time}`]: { 0: pass } }));
  if (time === 0) console.log("stored");
}
