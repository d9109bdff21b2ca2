import { assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";

const { tf } = await startEngine();

/** Errors of a network whose branch takes a second input and ends in a kernel of zeros. */
async function errorsOf({ isResidual }: { isResidual: boolean }): Promise<string[]> {
  const dense = (name: string, options = {}) =>
    tf.layers.dense({
      name,
      units: 16,
      kernelInitializer: tf.initializers.leCunNormal({ seed: name.length }),
      ...options,
    });
  const x = tf.input({ shape: [16] }), time = tf.input({ shape: [4] });
  const stem = dense("stem").apply(x);
  const embedded = dense("time").apply(time);
  const joined = tf.layers.add().apply([dense("inner").apply(stem), embedded] as never);
  const shut = dense("end", { kernelInitializer: "zeros" }).apply(
    tf.layers.activation({ activation: "tanh" }).apply(joined),
  );
  const body = isResidual ? tf.layers.add().apply([stem, shut] as never) : shut;
  const model = tf.model({
    inputs: [x, time],
    outputs: dense("head", { units: 1 }).apply(dense("last").apply(body)) as never,
  });
  const draw = (size: number, seed: number) => tf.randomNormal([32, size], 0, 1, "float32", seed);
  const batch = { inputs: [draw(16, 1), draw(4, 2)], targets: draw(1, 3) };
  const measured = await measure(model, batch, { objective: "meanSquaredError" });
  const errors = runRules(measured)
    .filter(({ rule, severity }) =>
      severity === "error" && ["vanishing-gradients", "gradients-flow"].includes(rule)
    );
  tf.dispose([...batch.inputs, batch.targets]);
  model.dispose();
  return errors.map(({ kind }) => kind ?? "");
}

Deno.test("what feeds only a residual branch that ends in zeros waits for its first step with it", async () => {
  assertEquals(await errorsOf({ isResidual: true }), []);
});

Deno.test("zeros that nothing bypasses shut the network, what feeds them from the side too", async () => {
  const errors = await errorsOf({ isResidual: false });
  assertEquals(errors.includes("zero-kernel"), true);
});
