import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start_engine.ts";
import { CONTROLS, describeControl, STYLES, TASKS } from "./controls.ts";
import { countFindings, type Counts } from "./count_findings.ts";
import { countCausalFindings, countModelFindings } from "./count_model_findings.ts";

// bench/false_positives.ts draws far more, and others.
const SEEDS = 50;
const DEPTHS = [3, 5, 10, 30];

const failing = ({ rules }: Counts) =>
  [...rules].filter(([, { errors }]) => errors > 0).map(([rule, { seeds }]) => [rule, ...seeds]);

for (const control of CONTROLS.filter(({ depth }) => DEPTHS.includes(depth))) {
  Deno.test(`no rule fails ${SEEDS} draws of ${describeControl(control)}`, async () => {
    await using engine = await startEngine();
    let networks = 0;
    for (const [s, style] of STYLES.entries()) {
      for (const [t, task] of TASKS.entries()) {
        // Each seed under one style and one objective.
        const turn = s * TASKS.length + t;
        const seeds = Array.from({ length: SEEDS }, (_, i) => 90_000 + i)
          .filter((seed) => seed % (STYLES.length * TASKS.length) === turn);
        const counts = countFindings(engine, control, { style, task, seeds, examples: 16 });
        networks += counts.networks;
        assertEquals(failing(counts), [], `${style}, ${task}`);
      }
    }
    assertEquals(networks, SEEDS);
  });
}

for (const control of CONTROLS.filter(({ depth }) => depth <= 5)) {
  Deno.test(`no rule over the model fails draws of ${describeControl(control)}`, async () => {
    await using engine = await startEngine();
    const seeds = [90_000, 90_001, 90_002, 90_003];
    const counts = await countModelFindings(engine, control, { seeds, examples: 8 });
    assertEquals(failing(counts), []);
    assertEquals(counts.rules.size, 7);
  });
}

Deno.test("the rule causality fails no draw of a causal network", async () => {
  await using engine = await startEngine();
  const seeds = Array.from({ length: 10 }, (_, i) => 90_000 + i);
  assertEquals(failing(await countCausalFindings(engine, seeds)), []);
});
