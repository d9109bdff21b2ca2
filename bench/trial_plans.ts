/**
 * Counts the models that a trial fits within its default budget, by the estimate of its steps:
 *
 *     deno run -A bench/trial_plans.ts [FOLDER] [--only NAME,...] [--time STEPS]
 *
 * The models are the published programs of `bench/faults`, buggy and repaired, and the model files in
 * FOLDER, such as the networks of keras.applications that `bench/peers/write_keras_applications.py` writes. With
 * `--time` each model is also trained, in one thread, on the examples of its plan, and its processor time
 * is compared with the estimate.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { startEngine } from "../src/engine/mod.ts";
import { heapOf } from "../src/engine/start/prepare_engine.ts";
import type { LayersModel, Tensor } from "../src/engine/tensorflow.ts";
import { loadModel, randomBatch } from "../src/entry/model.ts";
import { openProbe } from "../src/core/probe/open_probe.ts";
import { openTrial, processorSeconds } from "../src/core/probe/open_trial.ts";
import { planTrial, stepWork } from "../src/core/probe/plan_trial.ts";
import { rungs } from "../src/core/probe/rungs.ts";
import { TELLING_EXAMPLES } from "../src/core/probe/trial.ts";
import { TRIAL_BUDGET } from "../src/core/probe/probe_options.ts";
import { errorMessage } from "../src/ground/words/failure.ts";
import { buildProgram } from "./faults/build_program.ts";
import { drawData } from "./faults/data.ts";
import { repaired } from "./faults/facts.ts";
import { HELD_OUT, TUNED } from "./faults/programs/programs.ts";

/** Steps and examples of a trial by default. */
const STEPS = 40, EXAMPLES = 32;

const { _: [given], only, time } = parseArgs(Deno.args, {
  string: ["_", "time", "only"],
});
const folder = given === undefined ? null : String(given);
const wanted = only?.split(",") ?? null;
await using engine = await startEngine({ threads: 1 });
const { tf } = engine;

interface Subject {
  name: string;
  group: string;
  create(): Promise<LayersModel>;
}

const programs = [...TUNED, ...HELD_OUT].flatMap((program): Subject[] =>
  [program.buggy, repaired(program)].map((facts, i) => ({
    name: `${program.id}${i === 0 ? "" : " repaired"}`,
    group: "published programs",
    create: async () => await buildProgram(tf, facts, await drawData(facts.data)),
  }))
);
const files = folder === null ? [] : [...Deno.readDirSync(folder)].map(({ name }): Subject => ({
  name,
  group: folder,
  create: async () => (await loadModel(`${folder}/${name}`)).model,
}));

/** Returns the ratio of the processor time of a training to its estimate. */
async function ratioOf(model: LayersModel, examples: number, steps: number): Promise<number> {
  const batch = randomBatch(model, { examples, seed: 0 });
  const probe = await openProbe(model, batch, {});
  const { calls, products, rest } = stepWork(probe, examples);
  const limits = { steps, budgetSeconds: Infinity, always: false };
  const start = processorSeconds();
  const trial = await openTrial(probe, {}, limits);
  if ("skipped" in trial) throw new Error(trial.skipped);
  const [rung] = rungs(heapOf(engine), model, undefined);
  await trial.make({ rung, steps, most: steps, isShort: false, isWhole: true });
  const seconds = processorSeconds() - start;
  trial.dispose();
  tf.dispose(batch.inputs);
  // The looks before and after take as long as a step.
  return seconds / ((steps + 1) * (calls + products + rest));
}

const counts = new Map<string, { tried: number; telling: number; all: number }>();
for (const { name, group, create } of [...programs, ...files]) {
  if (wanted !== null && !wanted.includes(name)) continue;
  const count = counts.get(group) ?? { tried: 0, telling: 0, all: 0 };
  counts.set(group, count);
  count.all++;
  let model: LayersModel;
  try {
    model = await create();
  } catch (error) {
    console.log(`${name}: not read: ${errorMessage(error)}`);
    continue;
  }
  const shapes = model.inputs.map(({ shape: [fixed, ...rest] }) => [fixed ?? EXAMPLES, ...rest]);
  const inputs = shapes.map((shape) => ({ shape }) as Tensor);
  const plan = planTrial({ model, inputs, examples: shapes[0][0]! }, {
    steps: STEPS,
    budgetSeconds: TRIAL_BUDGET,
    always: false,
    few: true,
  });
  const isSkipped = "seconds" in plan;
  if (!isSkipped) count.tried++;
  if (!isSkipped && plan.examples >= TELLING_EXAMPLES) count.telling++;
  const said = isSkipped
    ? `skipped: ${plan.seconds.toFixed(1)} s`
    : `${plan.steps} steps on ${plan.examples} examples`;
  const isShown = isSkipped || group !== "published programs" || time !== undefined;
  const ratio = time === undefined
    ? ""
    : `; ${
      (await ratioOf(model, isSkipped ? 2 : plan.examples, Number(time))).toFixed(2)
    } times the estimate`;
  if (isShown) console.log(`${name}: ${said}${ratio}`);
  model.dispose();
}
for (const [group, { tried, telling, all }] of counts) {
  console.log(
    `${group}: ${tried} of ${all} are tried, ${telling} on ${TELLING_EXAMPLES} examples or more`,
  );
}
