import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { CONTROLS, describeControl, STYLES, TASKS } from "../networks/controls.ts";
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

const DRAWS = Array.from({ length: SEEDS }, (_, i) => 90_000 + i);

// A rule over the model runs it dozens of times: those of depth 3 are drawn as often as above, deeper
// ones a few times here, and a thousand times in the bench.
for (const control of CONTROLS.filter(({ depth }) => depth <= 10)) {
  const seeds = control.depth === 3 ? DRAWS : DRAWS.slice(0, 4);
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
      seeds: DRAWS,
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
