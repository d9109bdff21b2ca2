import { assertEquals } from "@std/assert";
import { runRules } from "../../src/core/rules/judge_rule.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/core/measure/measure.ts";
import { randomBatch } from "../../src/core/model/batches/random_batch.ts";

type Kind = "simpleRNN" | "gru" | "lstm";
type Initializer = ReturnType<TensorFlow["initializers"]["zeros"]>;

interface Recurrent {
  kind: Kind;
  steps: number;
  units?: number;
  activation?: "relu" | "tanh";
  /** Initialiser of the recurrent kernel. Default: orthogonal, as TensorFlow.js does. */
  recurrent?: (tf: TensorFlow, seed: number) => Initializer;
}

/** The first seed of those under which the rates of the documentation hold. */
const FIRST = 50_000;

/** Rules that judge the initialisers. */
const OF_DRAWS = /exploding-gradients|init-scale/;

/**
 * Returns the rules with findings on a recurrent layer under a linear head, except for the loss.
 */
async function judge(
  { tf }: Engine,
  { kind, steps, units = 32, activation = "tanh", recurrent }: Recurrent,
  seed: number,
): Promise<string[]> {
  const recurrentInitializer = recurrent?.(tf, seed) ??
    tf.initializers.orthogonal({ seed, gain: 1 });
  const model = tf.sequential({
    layers: [
      tf.layers[kind]({
        units,
        activation,
        inputShape: [steps, 8],
        kernelInitializer: tf.initializers.glorotUniform({ seed }),
        recurrentInitializer,
      }),
      tf.layers.dense({ units: 1, kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
    ],
  });
  const objective = "meanSquaredError";
  const batch = randomBatch(model, { seed, examples: 16, objective });
  const measurements = await measure(model, batch, { objective });
  tf.dispose([batch.inputs, batch.targets ?? []]);
  model.dispose();
  return runRules(measurements)
    .filter(({ severity, rule }) => severity !== "note" && rule !== "initial-loss")
    .map(({ severity, rule }) => `${severity}: ${rule}`);
}

for (const kind of ["simpleRNN", "gru", "lstm"] as const) {
  for (const [steps, draws] of [[5, 50], [50, 10], [200, 3]]) {
    Deno.test(`no rule has anything against ${draws} draws of a ${kind} over ${steps} steps`, async () => {
      await using engine = await startEngine();
      for (let seed = FIRST; seed < FIRST + draws; seed++) {
        assertEquals(await judge(engine, { kind, steps, units: 16 }, seed), [], `seed ${seed}`);
      }
    });
  }
}

const normal = (stddev: number) => (tf: TensorFlow, seed: number) =>
  tf.initializers.randomNormal({ stddev, seed });

const BROKEN: [string, Recurrent, string[]][] = [
  [
    "forgets at once",
    { kind: "simpleRNN", steps: 60, recurrent: normal(0.02) },
    ["warning: init-scale"],
  ],
  [
    "explodes over 60 steps under relu",
    { kind: "simpleRNN", steps: 60, activation: "relu", recurrent: normal(0.6) },
    ["error: exploding-gradients", "error: init-scale"],
  ],
  [
    "is chaotic",
    { kind: "simpleRNN", steps: 60, recurrent: normal(0.6) },
    ["error: exploding-gradients", "error: init-scale"],
  ],
  [
    "explodes over 20 steps",
    { kind: "gru", steps: 20, recurrent: normal(1.5) },
    ["error: exploding-gradients", "error: init-scale"],
  ],
  [
    "explodes over 60 steps",
    { kind: "lstm", steps: 60, recurrent: normal(1.5) },
    ["error: exploding-gradients", "error: init-scale"],
  ],
];

for (const [what, broken, expected] of BROKEN) {
  Deno.test(`runRules() finds a ${broken.kind} that ${what}`, async () => {
    await using engine = await startEngine();
    for (let seed = 1; seed <= 5; seed++) {
      const found = await judge(engine, broken, seed);
      for (const one of expected) assertEquals(found.includes(one), true, `${one}, seed ${seed}`);
    }
  });
}

/** Every initialiser whose scale goes by the fans, and the identity. */
const STOCK: Record<string, (tf: TensorFlow, seed: number) => Initializer> = {
  glorotNormal: (tf, seed) => tf.initializers.glorotNormal({ seed }),
  glorotUniform: (tf, seed) => tf.initializers.glorotUniform({ seed }),
  heNormal: (tf, seed) => tf.initializers.heNormal({ seed }),
  heUniform: (tf, seed) => tf.initializers.heUniform({ seed }),
  leCunNormal: (tf, seed) => tf.initializers.leCunNormal({ seed }),
  leCunUniform: (tf, seed) => tf.initializers.leCunUniform({ seed }),
  orthogonal: (tf, seed) => tf.initializers.orthogonal({ seed, gain: 1 }),
  identity: (tf) => tf.initializers.identity({}),
};

for (const [name, recurrent] of Object.entries(STOCK)) {
  Deno.test(`no rule has anything against 15 draws of recurrent kernels as ${name} draws them`, async () => {
    await using engine = await startEngine();
    // The identity is square.
    const kinds: Kind[] = name === "identity" ? ["simpleRNN"] : ["simpleRNN", "gru", "lstm"];
    for (const kind of kinds) {
      for (const units of [4, 6, 16]) {
        for (let seed = FIRST; seed < FIRST + 15; seed++) {
          const found = await judge(engine, { kind, steps: 5, units, recurrent }, seed);
          const own = found.filter((one) => OF_DRAWS.test(one));
          assertEquals(own, [], `${kind}, ${units} units, seed ${seed}`);
        }
      }
    }
  });
}
