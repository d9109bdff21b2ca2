import { assert, assertEquals } from "@std/assert";
import { buildNetwork } from "../../bench/trainability/build_network.ts";
import { FOCUSES, focusPlan } from "../../bench/trainability/focus.ts";
import { optimizerOf, OPTIMIZERS } from "../../bench/trainability/optimizers.ts";
import { planOf, POPULATION_SIZE } from "../../bench/trainability/population.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";

const RUN = new URL("../../bench/trainability/run.ts", import.meta.url).pathname;

Deno.test("focusPlan() depends on its seed alone, and asks one thing of a network that fits", () => {
  for (const [name, { from, size, fits }] of Object.entries(FOCUSES)) {
    for (const seed of [from, from + size - 1]) {
      const plan = focusPlan(seed)!;
      assertEquals(planOf(seed), plan);
      assertEquals([plan.seed, plan.faults.length], [seed, 1]);
      assert(fits(plan) && plan.faults[0].startsWith(`${name}: `), plan.faults[0]);
    }
    assertEquals(focusPlan(from + size), null);
  }
});

Deno.test("no population of the benchmark shares a seed with another", () => {
  const ranges = Object.values(FOCUSES).map(({ from, size }) => [from, from + size]);
  const all = [[0, 2 * POPULATION_SIZE], ...ranges].toSorted(([a], [b]) => a - b);
  all.slice(1).forEach(([from], i) => assert(from >= all[i][1], `${from}`));
  assertEquals(focusPlan(0), null);
});

Deno.test("buildNetwork() compiles with each optimizer, and edits the matrices of custom layers", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const name of OPTIMIZERS) {
    const optimizer = optimizerOf(tf, name, 0.01);
    assertEquals(optimizer.getClassName().toLowerCase(), name);
    optimizer.dispose();
  }
  const plan = planOf(FOCUSES.matrices.from);
  const of = async (edits: typeof plan.edits) => {
    const model = await buildNetwork(tf, { ...plan, edits });
    const layer = model.layers.find((one) => one.getClassName() === "SelfAttention")!;
    const [largest] = tf.tidy(() => tf.max(tf.abs(layer.getWeights()[0])).dataSync());
    model.optimizer.dispose();
    model.dispose();
    return largest;
  };
  const scaled = await of([{ role: "custom", do: "multiply", by: 8 }]);
  assertEquals(scaled / await of([]), 8);
});

Deno.test("bench:trainability --focus names the populations that there are", async () => {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", RUN, "--focus", "cats"],
  });
  const { code, stderr } = await command.output();
  assertEquals(code, 2);
  assertEquals(
    new TextDecoder().decode(stderr).split("\n")[0],
    "--focus is cats, expected one of targets, features, embeddings, matrices, rates, attention, " +
      "heads",
  );
});
