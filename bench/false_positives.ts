/**
 * False-positive rate of each rule on healthy networks: `deno run -A bench/false_positives.ts`.
 *
 * Draws the controls of `tests/false_positives/` under seeds that no default was ever looked at
 * under, in both styles and under three objectives, and counts the draws with an error and those
 * with a warning. The documentation of the rules quotes its output. Arguments: the first seed, how
 * many, and `measurements` or `model` for the rules over the one or the other alone.
 *
 * @module
 */
import { RULES } from "../src/core/rules/rules.ts";
import { startEngine } from "../src/engine/start/start_engine.ts";
import { wilsonInterval } from "../src/ground/theory/statistics.ts";
import {
  type Control,
  CONTROLS,
  describeControl,
  STRETCHED,
  STYLES,
  TASKS,
} from "../tests/networks/controls.ts";
import { countFindings, type Counts } from "../tests/false_positives/count_findings.ts";
import {
  countCausalFindings,
  countModelFindings,
} from "../tests/false_positives/count_model_findings.ts";

const from = Number(Deno.args[0] ?? 50_000);
const count = Number(Deno.args[1] ?? 100);
const part = Deno.args[2] ?? "all";
const seedsFrom = (first: number, length: number) => Array.from({ length }, (_, i) => first + i);

await using engine = await startEngine();
console.error(`Seeds ${from} to ${from + count - 1}, 32 examples.`);

/** Draws in which a rule speaks under any style or objective. */
function countDraws(control: Control): Counts {
  const draws: Counts = { networks: 0, rules: new Map() };
  for (const seed of seedsFrom(from, count)) {
    const worst = new Map<string, "errors" | "warnings">();
    for (const style of STYLES) {
      for (const task of TASKS) {
        const { rules } = countFindings(engine, control, { style, task, seeds: [seed] });
        for (const [rule, { errors }] of rules) {
          if (worst.get(rule) !== "errors") worst.set(rule, errors > 0 ? "errors" : "warnings");
        }
      }
    }
    draws.networks++;
    for (const [rule, what] of worst) add(draws, rule, { [what]: 1 });
  }
  return draws;
}

function add(
  { rules }: Counts,
  rule: string,
  { errors = 0, warnings = 0 }: { errors?: number; warnings?: number },
): void {
  const own = rules.get(rule) ?? { errors: 0, warnings: 0, seeds: [] };
  own.errors += errors;
  own.warnings += warnings;
  rules.set(rule, own);
}

function merge(all: Counts[]): Counts {
  const total: Counts = { networks: 0, rules: new Map() };
  for (const { networks, rules } of all) {
    total.networks += networks;
    for (const [rule, own] of rules) add(total, rule, own);
  }
  return total;
}

function print(title: string, { networks, rules }: Counts, names: string[]): void {
  console.log(`\n## ${title}: ${networks} draws\n`);
  console.log("| rule | errors | 95 % interval | warnings |\n| --- | --- | --- | --- |");
  for (const name of names) {
    const { errors, warnings } = rules.get(name) ?? { errors: 0, warnings: 0 };
    const [low, high] = wilsonInterval(errors, networks).map((rate) => (100 * rate).toFixed(2));
    const share = (100 * warnings / networks).toFixed(1);
    console.log(`| ${name} | ${errors} | ${low} .. ${high} % | ${warnings} (${share} %) |`);
  }
}

if (part !== "model") {
  const controls = CONTROLS.map((control) => {
    console.error(describeControl(control));
    return countDraws(control);
  });
  print("Controls", merge(controls), RULES.map(({ name }) => name));
  for (const control of STRETCHED) {
    const counts = countDraws(control);
    print(describeControl(control), counts, [...counts.rules.keys()]);
  }
}

if (part !== "measurements") {
  const models = [];
  for (const control of CONTROLS) {
    console.error(`over the model: ${describeControl(control)}`);
    // Differences take ten passes for each weight: a deep network has many, each of them slow.
    const seeds = seedsFrom(from, control.depth > 10 ? Math.ceil(count / 10) : count);
    models.push(await countModelFindings(engine, control, { seeds }));
  }
  models.push(await countCausalFindings(engine, seedsFrom(from, count)));
  const quick = merge(models.slice(0, -1));
  print("Controls, over the model", quick, [...quick.rules.keys()]);
  print("Causal convolutions and LSTMs", models.at(-1)!, ["causality"]);

  const shallow = CONTROLS.filter(({ depth }) => depth <= 10);
  const slow = [];
  for (const control of shallow) {
    console.error(`overfitting: ${describeControl(control)}`);
    const seeds = seedsFrom(from, Math.ceil(count / 5));
    slow.push(await countModelFindings(engine, control, { seeds, slow: true }));
    print(describeControl(control), slow.at(-1)!, ["overfits-batch"]);
  }
  print("Controls up to depth 10, overfitting", merge(slow), ["overfits-batch"]);
}
