import { runRules } from "../../src/core/rules/judge_rule.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { runPass } from "../../src/core/measure/pass.ts";
import { randomBatch } from "../../src/core/model/batches/random_batch.ts";
import { buildControl, type Control, type Style, type Task } from "../networks/controls.ts";

/** Number of networks with a finding, by rule. */
export interface Counts {
  /** Networks measured. */
  networks: number;
  /** Networks with an error, with a warning and no error, and the seeds of the former, by rule. */
  rules: Map<string, { errors: number; warnings: number; seeds: number[] }>;
}

/** Draws networks, measures them on the engine, and counts those that each rule has something against. */
export function countFindings(
  engine: Engine,
  control: Control,
  { style, task, seeds, examples = 32 }: {
    style: Style;
    task: Task;
    seeds: readonly number[];
    examples?: number;
  },
): Counts {
  const counts: Counts = { networks: 0, rules: new Map() };
  for (const seed of seeds) {
    const model = buildControl(engine.tf, control, { style, task, seed });
    const batch = randomBatch(model, { seed, examples, objective: task });
    const findings = runRules(runPass(engine, model, batch, { objective: task, seed }));
    engine.tf.dispose([batch.inputs, batch.targets ?? []]);
    model.dispose();
    counts.networks++;
    for (const [rule, own] of Map.groupBy(findings, ({ rule }) => rule)) {
      const isError = own.some(({ severity }) => severity === "error");
      if (!isError && own.every(({ severity }) => severity === "note")) continue;
      const count = counts.rules.get(rule) ?? { errors: 0, warnings: 0, seeds: [] };
      if (isError) {
        count.errors++;
        count.seeds.push(seed);
      } else count.warnings++;
      counts.rules.set(rule, count);
    }
  }
  return counts;
}
