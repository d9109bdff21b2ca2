import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { CONTROLS, describeControl, STYLES, TASKS } from "../networks/controls.ts";
import { countFindings, type Counts } from "./count_findings.ts";
import { countCausalFindings, countModelFindings } from "./count_model_findings.ts";

// bench/false_positives.ts draws far more, and others. Here a deep network, which takes long, is drawn
// less often: at least twice under each style and objective.
const SEEDS = 50;
const DRAWS_BY_DEPTH: Readonly<Record<number, number>> = { 3: SEEDS, 5: SEEDS, 10: 24, 30: 12 };

const failing = ({ rules }: Counts) =>
  [...rules].filter(([, { errors }]) => errors > 0).map(([rule, { seeds }]) => [rule, ...seeds]);

for (const control of CONTROLS.filter(({ depth }) => depth in DRAWS_BY_DEPTH)) {
  const draws = DRAWS_BY_DEPTH[control.depth];
  Deno.test(`no rule fails ${draws} draws of ${describeControl(control)}`, async () => {
    await using engine = await startEngine();
    let networks = 0;
    for (const [s, style] of STYLES.entries()) {
      for (const [t, task] of TASKS.entries()) {
        // Each seed under one style and one objective.
        const turn = s * TASKS.length + t;
        const seeds = Array.from({ length: draws }, (_, i) => 90_000 + i)
          .filter((seed) => seed % (STYLES.length * TASKS.length) === turn);
        const counts = countFindings(engine, control, { style, task, seeds, examples: 16 });
        networks += counts.networks;
        assertEquals(failing(counts), [], `${style}, ${task}`);
      }
    }
    assertEquals(networks, draws);
  });
}

const DRAWS = Array.from({ length: SEEDS }, (_, i) => 90_000 + i);

// A rule over the model runs it dozens of times: networks of depth 3 are drawn 20 times, deeper ones a
// few times here, and a thousand times in the bench.
for (const control of CONTROLS.filter(({ depth }) => depth <= 10)) {
  const seeds = DRAWS.slice(0, control.depth === 3 ? 20 : 4);
  Deno.test(`no rule over the model fails ${seeds.length} draws of ${describeControl(control)}`, async () => {
    await using engine = await startEngine();
    const counts = await countModelFindings(engine, control, { seeds, examples: 8 });
    assertEquals(failing(counts), []);
    assertEquals(counts.rules.size, 7);
  });
}

for (const control of CONTROLS.filter(({ depth }) => depth === 3)) {
  Deno.test(`overfits-batch fails no draw of ${describeControl(control)}`, async () => {
    await using engine = await startEngine();
    const counts = await countModelFindings(engine, control, {
      seeds: DRAWS.slice(0, 12),
      slow: true,
      examples: 8,
    });
    assertEquals([...counts.rules.keys()], ["overfits-batch"]);
    assertEquals(failing(counts), []);
  });
}

Deno.test("the rule causality fails no draw of a causal network", async () => {
  await using engine = await startEngine();
  assertEquals(failing(await countCausalFindings(engine, DRAWS)), []);
});
