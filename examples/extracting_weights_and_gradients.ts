// %% [markdown]
// # Extracting weights and gradients
//
// No Deno, as on GitHub or in Colab? Read on: every output is below. To run the notebook, install
// [Deno](https://deno.com) and its kernel for Jupyter: `deno jupyter --install`.
//
// It takes a deep network apart before it is trained: it reads the weights, the gradients and the
// activations, plots them layer by layer, and tries another scale of the weights. The network is the exercise's: 20
// inputs, one relu layer, nine tanh layers whose kernels have a standard deviation of 200, and one linear unit.
//
// In a checkout the library is imported from `../mod.ts`, as below. Anywhere else, import the published package:
// `from "jsr:@gradient-health/gradient-health"`.

// %%
import {
  activations,
  exerciseModel,
  getWeights,
  gradients,
  measure,
  rescaleWeights,
  setWeights,
  startEngine,
  statistics,
  study,
} from "../mod.ts";

const engine = await startEngine();
const { tf } = engine;

// %% [markdown]
// ## Build the network

// %%
const model = exerciseModel({ seed: 1 });
model.summary();

// %% [markdown]
// ## Read the weights
//
// `getWeights` copies every weight off the engine, by name. The nine kernels in the middle stand out.

// %%
const weights = getWeights(model);
console.log(weights);

// %% [markdown]
// `statistics` has the figures of any of them, or of a tensor. The first kernel, and the second:

// %%
const ofKernel = (name: string) => statistics(weights[name].values);
console.log({ first: ofKernel("dense_1/kernel"), second: ofKernel("dense_2/kernel") });

// %% [markdown]
// The weights that training would change, and their shapes. Each layer has a kernel and a bias.

// %%
console.log(model.trainableWeights.map(({ originalName, shape }) => `${originalName} [${shape}]`));

// %% [markdown]
// ## The gradients of the output
//
// One example is enough: 20 numbers from a normal distribution.

// %%
const example = tf.randomNormal([1, 20], 0, 1, "float32", 7);
console.log(statistics(example));

// %% [markdown]
// The output is one number. Here is its derivative with respect to the kernels of the Dense layers, without the
// biases. Each gradient is a tensor in the shape of its kernel.

// %%
const slopes = await gradients(model, { inputs: example }, {
  of: "Dense/kernel",
  objective: "sum",
});
console.log(slopes.map(({ name, tensor }) => `${name} [${tensor.shape}]`));

// %% [markdown]
// Their mean absolute values. The last kernel has a gradient. In front of it there is nothing: every tanh is stuck at
// -1 or 1, where its slope is 0, and no signal comes through. The network cannot learn.

// %%
console.log(slopes);

// %% [markdown]
// ## The activations of every layer
//
// All nine tanh layers put out -1 or 1 and nothing in between, so the mean absolute activation is 1.

// %%
const outputs = await activations(model, { inputs: example });
console.log(outputs);

// %% [markdown]
// ## Rescale all weights
//
// The weights are plain numbers. Multiply them all by 1/892, and put them back.

// %%
const factor = 1 / 892;
const rescaled = Object.fromEntries(
  Object.entries(weights).map(([name, { values }]) => [name, values.map((w) => w * factor)]),
);
setWeights(model, rescaled);
console.log(getWeights(model));

// %% [markdown]
// `measure` takes gradients and activations of all layers in one pass, and its result shows both plots. Now no tanh is
// stuck, and the gradients reach the first layer. The first kernel was fine before, though, and is too small now: all
// layers behind it get next to nothing. The report below says so.

// %%
console.log(await measure(model, { inputs: example }, { objective: "sum" }));

// %% [markdown]
// ## A trap: weights that are drawn again
//
// In TensorFlow 1 the weights live in a session. If you run `global_variables_initializer()` after `set_weights()`, it
// draws every weight again, and the rescaled ones are gone. Nothing says so: the plots are those of the old scale.
// TensorFlow.js has no session, but building the model once more does the same.

// %%
const again = exerciseModel({ seed: 1 });
const secondKernel = (network: typeof model) =>
  statistics(getWeights(network)["dense_2/kernel"].values);
console.log({ putBack: secondKernel(model), builtAgain: secondKernel(again) });

// %% [markdown]
// So set the weights last, and read them once more before you trust a plot.
//
// ## relu, tanh and sigmoid
//
// The same network with other activations. This time the nine kernels in the middle are multiplied by 1/892, and the
// first and the last one stay as they are. First relu: its slope is 1 where it is on and 0 where it is off, which halves
// the signal. At this scale it fades about tenfold every four layers.

// %%
const measureWith = async (activation: string) => {
  const network = exerciseModel({ activation, seed: 1 });
  rescaleWeights(network, factor, { layers: /^dense_([2-9]|10)$/ });
  const measurements = await measure(network, { inputs: example }, { objective: "sum" });
  network.dispose();
  return measurements;
};
console.log(await measureWith("relu"));

// %% [markdown]
// Then tanh, whose slope is 1 around 0. The signal keeps its size from layer to layer.

// %%
console.log(await measureWith("tanh"));

// %% [markdown]
// And sigmoid, whose slope is never above 1/4. The gradients vanish on the way back.

// %%
console.log(await measureWith("sigmoid"));

// %% [markdown]
// A study tries many scales at once, with three draws of the weights at each.

// %%
const result = await study(
  { network: "exercise" },
  {
    scales: [1 / 10000, 1 / 2000, 1 / 892, 1 / 640, 1 / 400, 1 / 100, 1 / 10, 1],
    activations: ["relu", "tanh", "sigmoid"],
    seeds: 3,
  },
);
console.log(result);

// %% [markdown]
// tanh works around 1/892, and relu around 1/640. sigmoid works at none of these scales: at the small ones the
// gradients vanish, at the large ones its outputs are stuck.
//
// ## Clean up
//
// Tensors live in WASM memory, which is not garbage-collected. Free those that you asked for.

// %%
tf.dispose([...slopes, ...outputs].map(({ tensor }) => tensor));
tf.dispose(example);
again.dispose();
model.dispose();
await engine.stop();
