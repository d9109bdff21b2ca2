/**
 * Applies the printed fix of the first cause once, exactly as its code says, and examines again: no
 * finding of the same cause may be left.
 *
 * ```sh
 * deno run -A bench/trainability/fixes.ts 0 600     # even seeds from 0 to 598
 * ```
 *
 * @module
 */
import type { FixSubject } from "../../src/core/diagnosis/examine/apply_fixes.ts";
import { examine } from "../../src/core/diagnosis/examine/mod.ts";
import { isGone } from "../../src/core/diagnosis/examine/try_fixes.ts";
import type { Fix, FixWeight } from "../../src/core/diagnosis/fix.ts";
import { describeFix, initializerFor, SCHEME_OF } from "../../src/core/diagnosis/fix_words.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel } from "../../src/engine/tensorflow.ts";
import { modelWeights } from "../../src/core/model/weights/model_weights.ts";
import { fans, initializerStd } from "../../src/ground/theory/initializers.ts";
import { applyInTurn } from "../../src/core/diagnosis/examine/training_cause.ts";
import { buildNetwork } from "./build_network.ts";
import { batchOf, examplesOfPlan } from "./examples_of_plan.ts";
import { planOf } from "./population.ts";

/** On how many training examples a network is judged. */
const BATCH = 32;

const [from, to] = Deno.args.map(Number);
await using engine = await startEngine();
const { tf } = engine;
let applied = 0, gone = 0;
for (let seed = from + from % 2; seed < to; seed += 2) {
  const plan = planOf(seed);
  const model = await buildNetwork(tf, plan);
  const examples = await examplesOfPlan(plan);
  const batch = batchOf(tf, examples, Array.from({ length: BATCH }, (_, i) => i));
  const left = await leftOf({ model, batch, objective: undefined }, seed);
  if (left !== null) {
    applied++;
    if (left === "") gone++;
    else console.log(`${seed}: ${left}`);
  }
  tf.dispose([batch.inputs, batch.targets]);
  model.optimizer.dispose();
  model.dispose();
}
console.log(`The cause is gone in ${gone} of ${applied} networks with a printed fix.`);

/** Returns the fix whose cause is still there, "" if it is gone, or `null` if none can be applied. */
async function leftOf(subject: FixSubject, seed: number): Promise<string | null> {
  const { diagnosis: { causes: [cause] }, measurements } = await examine(
    subject.model,
    subject.batch,
    { seed },
  );
  const printed = cause?.tried?.worked ? cause.fixes : cause?.fixes.slice(0, 1) ?? [];
  const steps = printed.flatMap((fix) => asPrinted(subject.model, fix));
  if (steps.length === 0) return null;
  const fixed = applyInTurn(tf, subject, steps);
  if (fixed === null) return null;
  try {
    const { model, batch, objective } = fixed.subject;
    const { diagnosis } = await examine(model, batch, {
      seed,
      ...objective === undefined ? {} : { objective },
    });
    const words = printed.map((fix) => describeFix(fix, measurements.layers));
    return isGone(cause, diagnosis) ? "" : words.join(" ");
  } finally {
    fixed.undo();
  }
}

/** Returns what the code of a fix does: it draws kernels where the fix multiplies them. */
function asPrinted(model: LayersModel, fix: Fix): Fix[] {
  const known = new Map(modelWeights(model).map((weight) => [weight.weightName, weight]));
  const drawn = (weights: readonly FixWeight[], initializer: keyof typeof SCHEME_OF): Fix => ({
    kind: "redraw",
    initializer,
    weights: weights.map(({ layer, weight }) => {
      const own = fans(known.get(weight)!.variable.shape as number[]);
      return { layer, weight, std: initializerStd(SCHEME_OF[initializer], own) };
    }),
  });
  if (fix.kind === "rescale" && fix.initializer !== null) {
    return [drawn(fix.weights, fix.initializer as keyof typeof SCHEME_OF)];
  }
  if (fix.kind !== "activation") return [fix];
  return [{ ...fix, rescale: [] }, drawn(fix.rescale, initializerFor(fix.to))];
}
