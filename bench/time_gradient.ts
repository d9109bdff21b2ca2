/**
 * Times the gradient of one network on one backend in a process of its own, and prints the median and
 * the least of its passes in milliseconds, as JSON.
 *
 *     deno run -A bench/time_gradient.ts NETWORK (cpu | stock | segments | engine | threads) PASSES
 *
 * `segments` is stock TensorFlow.js on WASM with only the missing segment sum added; `threads` is this
 * engine in two.
 *
 * @module
 */
import { installKernels } from "../src/engine/kernels/mod.ts";
import { startEngine } from "../src/engine/mod.ts";
import type { TensorFlow } from "../src/engine/tensorflow.ts";
import { convnet, dense, type Network, recurrent } from "./networks.ts";
import { median } from "./median.ts";

const NETWORKS: Record<string, Network> = { dense: dense(10, 512, 64), convnet, recurrent };

async function start(backend: string): Promise<TensorFlow> {
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
    await installKernels(tf);
    for (const { kernelName } of tf.getKernelsForBackend("wasm")) {
      const before = stock.get(kernelName);
      if (kernelName === "UnsortedSegmentSum" || before === undefined) continue;
      tf.unregisterKernel(kernelName, "wasm");
      tf.registerKernel(before);
    }
  }
  return tf;
}

const [network, backend, passes] = Deno.args;
const tf = await start(backend);
const { model, input } = NETWORKS[network].create(tf);
const times: number[] = [];
for (let pass = 0; pass < Number(passes); pass++) {
  const before = performance.now();
  const { value, grads } = tf.variableGrads(() => tf.sum(model.apply(input) as never));
  times.push(performance.now() - before);
  tf.dispose([value, ...Object.values(grads)]);
}
// The first passes compile, and on cpu one pass is all that can be waited for.
const warm = times.length > 2 ? times.slice(Math.floor(times.length / 3)) : times;
console.log(JSON.stringify({ median: median(warm), least: Math.min(...warm) }));
Deno.exit(0);
