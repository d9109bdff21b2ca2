import { healthMonitor } from "../../src/training/monitor/health_monitor.ts";
import { TRAINING_RULE_NAMES } from "../../src/training/monitor/monitor_state.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { seedDraws } from "../../src/core/model/batches/seeded_random.ts";
import { asTrained, buildProgram, countOf, rowsOf } from "../faults/build_program.ts";
import { drawData } from "../faults/data.ts";
import { repaired } from "../faults/facts.ts";
import { HELD_OUT, TUNED } from "../faults/programs/programs.ts";

/** A published program under the monitor. */
export interface Watched {
  /** Step and sentence of what was found first; `null` if nothing was. */
  found: { step: number; says: string } | null;
  /** Number of steps that were trained. */
  steps: number;
  /** Loss before and at the end. */
  losses: [number, number];
}

/** Fewest and most steps of a training. */
const LEAST_STEPS = 100, MOST_STEPS = 400;
/** Number of examples that are measured. */
const MEASURED = 64;

/**
 * Trains a published program under `healthMonitor` until it stops.
 *
 * @param id The program's identifier; its repair if ` fixed` follows.
 */
export async function watchPublished(tf: TensorFlow, id: string): Promise<Watched> {
  const [name, fixed] = id.split(" ");
  const program = [...TUNED, ...HELD_OUT].find((one) => one.id === name)!;
  const facts = fixed === undefined ? program.buggy : repaired(program);
  const drawn = await drawData(facts.data);
  const model = await buildProgram(tf, asTrained(facts), drawn);
  const count = countOf(drawn);
  const rows = rowsOf(tf, drawn, Array.from({ length: count }, (_, i) => i));
  const inputs = rows.inputs as Tensor;
  const targets = rows.targets as Tensor;
  const part = Math.min(MEASURED, count);
  const batch = { inputs: inputs.slice(0, part), targets: targets.slice(0, part) };
  // A training of less than a second is named by rules, whatever the speed of the machine.
  const monitor = healthMonitor({ batch, onFinding: "stop", budget: 1 });
  const steps = Math.min(MOST_STEPS, Math.max(facts.steps, LEAST_STEPS));
  const training = {
    epochs: Math.ceil(steps / Math.ceil(count / facts.batch)),
    batchSize: facts.batch,
    shuffle: false,
    verbose: 0,
    callbacks: monitor,
  } as const;
  await seedDraws(1, "dropout", () => model.fit(inputs, targets, training));
  const sentences = monitor.history.flatMap(({ step, cause, findings }) => {
    const own = findings.find(({ rule, severity }) =>
      severity !== "note" && TRAINING_RULE_NAMES.has(rule)
    );
    const says = cause?.message ?? own?.message;
    return step === 0 || says === undefined ? [] : [{ step, says }];
  });
  tf.dispose([inputs, targets, batch.inputs, batch.targets]);
  model.optimizer.dispose();
  model.dispose();
  const losses = monitor.history.map(({ measurements }) => measurements.objective.value);
  return {
    found: sentences[0] ?? null,
    steps: monitor.steps.at(-1)!.step,
    losses: [losses[0], losses.at(-1)!],
  };
}
