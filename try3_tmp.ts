import { startEngine } from "./src/engine/mod.ts";
import { tryTraining } from "./src/probe/mod.ts";
import { describeTrial } from "./src/checks/describe_trial.ts";
await using engine = await startEngine();
const { tf } = engine;
const dense = (units: number, seed: number, inputShape?: number[]) => tf.layers.dense({ units, activation: units === 1 ? "linear" : "relu", kernelInitializer: tf.initializers.heNormal({ seed }), ...inputShape === undefined ? {} : { inputShape } });
const model = tf.sequential({ layers: [dense(32, 1, [8]), dense(32, 2), dense(1, 3)] });
const inputs = tf.randomNormal([64, 8], 0, 1, "float32", 7);
for (const [m, s, o] of [[0, 1, 0], [3000, 2000, 3000], [3000, 2000, 0]]) {
  const y = tf.tidy(() => tf.mul(tf.add(tf.sum(tf.slice(inputs, [0, 0], [64, 4]), 1, true), m / (s || 1)), s));
  const t = await tryTraining(model, { inputs, targets: y } as any, { objective: "meanSquaredError" });
  console.log(m, s, (t as any).verdict, describeTrial(t), (t as any).attempts.map((a: any) => a.fit));
  const z = tf.tidy(() => { const { mean, variance } = tf.moments(y); return tf.div(tf.sub(y, mean), tf.sqrt(variance)); });
  const u = await tryTraining(model, { inputs, targets: z } as any, { objective: "meanSquaredError" });
  console.log("  normalised", (u as any).verdict, describeTrial(u), (u as any).attempts.map((a: any) => a.fit));
}
