/**
 * Times the gradient of one network on one backend in a process of its own, and prints the least of its passes in
 * milliseconds.
 *
 *     deno run -A bench/time_gradient.ts NETWORK (cpu | stock | segments | engine | threads) PASSES
 *
 * `segments` is stock TensorFlow.js on WASM with only the missing segment sum added; `threads` is this
 * engine in two.
 *
 * @module
 */
import { installOps } from "../src/engine/ops/mod.ts";
import { startEngine } from "../src/engine/mod.ts";
import type { TensorFlow } from "../src/engine/tensorflow.ts";
import { leastTime } from "./costs.ts";
import { convnet, dense, exercise, recurrent } from "./networks.ts";

const NETWORKS = { dense: dense(10, 512, 64), convnet, recurrent, exercise };

/** Timed network. */
export type NetworkName = keyof typeof NETWORKS;

/** Batch of the timing. */
export type Backend = "cpu" | "stock" | "segments" | "engine" | "threads";

async function start(backend: Backend): Promise<TensorFlow> {
  if (backend === "engine" || backend === "threads") {
    return (await startEngine({ threads: backend === "threads" ? 2 : 1 })).tf;
  }
  const tf = await import("@tensorflow/tfjs");
  await import("@tensorflow/tfjs-backend-wasm");
  tf.env().set("PROD", true);
  await tf.setBackend(backend === "cpu" ? "cpu" : "wasm");
  if (backend === "segments") {
    // Of all the kernels, the one.
    const stock = new Map(tf.getKernelsForBackend("wasm").map((k) => [k.kernelName, k]));
    await installOps(tf);
    for (const { kernelName } of tf.getKernelsForBackend("wasm")) {
      const before = stock.get(kernelName);
      if (kernelName === "UnsortedSegmentSum" || before === undefined) continue;
      tf.unregisterKernel(kernelName, "wasm");
      tf.registerKernel(before);
    }
  }
  return tf;
}

const [network, backend, passes] = Deno.args as [NetworkName, Backend, string];
const tf = await start(backend);
const { model, input } = NETWORKS[network].create(tf);
const least = leastTime(Number(passes), () => {
  const { value, grads } = tf.variableGrads(() => tf.sum(model.apply(input) as never));
  tf.dispose([value, ...Object.values(grads)]);
});
console.log(least);
Deno.exit(0);
