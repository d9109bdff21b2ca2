import type { Engine } from "../../../src/engine/engine.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { draw, type KernelCase, type Values } from "../kernels/case.ts";
import { PLAIN_CASES } from "../kernels/plain_cases.ts";
import { WINDOW_CASES } from "../kernels/window_cases.ts";

/** Accepted rounding, relative to the terms of a sum: some tens of units of float32. */
const ROUNDING = 1e-5;

/** Throws where an entry is not what the loops say. */
function compare(what: string, { shape, data, terms }: Values, found: Tensor): void {
  if (`${found.shape}` !== `${shape}`) {
    throw new Error(`${what}: shape [${found.shape}], [${shape}]`);
  }
  const values = found.dataSync();
  for (let i = 0; i < data.length; i++) {
    const expected = data[i];
    const value = values[i];
    if (Object.is(expected, value) || (Number.isNaN(expected) && Number.isNaN(value))) continue;
    if (Math.abs(value - expected) <= ROUNDING * terms[i] + 1e-12) continue;
    throw new Error(`${what}: entry ${i} is ${value}, expected ${expected}`);
  }
}

function tryCase({ tf }: Engine, one: KernelCase, dy: Values): void {
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const tensor = ({ data, shape }: Values) => tf.tensor(Array.from(data), [...shape], "float32");
    const inputs = one.inputs.map(tensor);
    compare(one.what, one.output, one.run(tf, inputs));
    const expected = one.gradients(dy.data);
    if (expected.every((gradient) => gradient === null)) return;
    const gradients = tf.grads((...xs: Tensor[]) => one.run(tf, xs))(inputs, tensor(dy));
    expected.forEach((gradient, i) => {
      if (gradient !== null) compare(`gradient ${i} of ${one.what}`, gradient, gradients[i]);
    });
  });
  const leaked = tf.memory().numTensors - before;
  if (leaked !== 0) throw new Error(`${one.what}: ${leaked} tensors left behind`);
}

export const target: FuzzTarget = {
  name: "kernels",
  about: "Every kernel and gradient of the engine computes what naive loops in float64 compute.",
  shortRun: 400,
  async open() {
    let relaxedSimd = true;
    let engine = await startEngine({ relaxedSimd });
    return {
      async tryOne(chance) {
        const wanted = !chance.happens(0.01);
        if (wanted !== relaxedSimd) {
          await engine.stop();
          relaxedSimd = wanted;
          engine = await startEngine({ relaxedSimd });
        }
        const one = chance.one([...WINDOW_CASES, ...PLAIN_CASES])(chance);
        tryCase(engine, one, draw(chance, one.output.shape, false));
      },
      [Symbol.asyncDispose]: () => engine.stop(),
    };
  },
};
