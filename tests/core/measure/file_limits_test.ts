import { InputError } from "../../../src/ground/words/input_error.ts";
import { assertRejects } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import type { LayersModel } from "../../../src/engine/tensorflow.ts";
import { loadModel } from "../../../src/entry/model.ts";
import { requireAffordable, requireModest } from "../../../src/core/measure/file_limits.ts";
import { batchShapes } from "../../../src/core/model/layers/shapes.ts";

interface Layer {
  class_name: string;
  config: Record<string, unknown>;
  inbound_nodes: unknown[];
}

/** Network as Keras 3 writes it, layer by layer. */
class Network {
  readonly layers: Layer[] = [];
  #last = "";

  /** Adds a layer, after the last one or the named ones; returns its name. */
  add(class_name: string, settings: Record<string, unknown>, after = [this.#last]): string {
    const name = `layer_${this.layers.length}`;
    const args = after.map((before) => ({
      class_name: "__keras_tensor__",
      config: { shape: [], dtype: "float32", keras_history: [before, 0, 0] },
    }));
    const isInput = class_name === "InputLayer";
    // A merging layer takes one list.
    const call = class_name === "Add" ? [args] : args;
    const inbound_nodes = isInput ? [] : [{ args: call, kwargs: {} }];
    this.layers.push({ class_name, name, config: { ...settings, name }, inbound_nodes } as Layer);
    this.#last = name;
    return name;
  }

  /** Adds a convolution with a normalisation. */
  convolve(filters: number, size: number, strides = 1, after = [this.#last]): string {
    const settings = { filters, kernel_size: [size, size], strides: [strides, strides] };
    this.add("Conv2D", { ...settings, padding: "same" }, after);
    return this.add("BatchNormalization", {});
  }

  toJson(): string {
    const input_layers = [["layer_0", 0, 0]], output_layers = [[this.#last, 0, 0]];
    const config = { name: "net", layers: this.layers, input_layers, output_layers };
    return JSON.stringify({ class_name: "Functional", config });
  }
}

function resNet50(): Network {
  const net = new Network();
  net.add("InputLayer", { batch_shape: [null, 224, 224, 3] });
  net.convolve(64, 7, 2);
  let last = net.add("MaxPooling2D", { pool_size: [3, 3], strides: [2, 2], padding: "same" });
  [3, 4, 6, 3].forEach((blocks, stage) => {
    const filters = 64 * 2 ** stage;
    for (let block = 0; block < blocks; block++) {
      const strides = stage > 0 && block === 0 ? 2 : 1;
      const shortcut = block === 0 ? net.convolve(4 * filters, 1, strides, [last]) : last;
      net.convolve(filters, 1, strides, [last]);
      net.add("Activation", { activation: "relu" });
      net.convolve(filters, 3);
      net.add("Activation", { activation: "relu" });
      const branch = net.convolve(4 * filters, 1);
      net.add("Add", {}, [shortcut, branch]);
      last = net.add("Activation", { activation: "relu" });
    }
  });
  net.add("GlobalAveragePooling2D", {});
  net.add("Dense", { units: 1000, activation: "softmax" });
  return net;
}

function transformer(layers: number, tokens: number): Network {
  const net = new Network();
  net.add("InputLayer", { batch_shape: [null, tokens], dtype: "int32" });
  let last = net.add("Embedding", { input_dim: 30_000, output_dim: 768 });
  for (let i = 0; i < layers; i++) {
    const attended = net.add("MultiHeadAttention", { num_heads: 12, key_dim: 64 }, [last, last]);
    net.add("Add", {}, [last, attended]);
    const middle = net.add("LayerNormalization", {});
    net.add("Dense", { units: 3072, activation: "relu" });
    const wide = net.add("Dense", { units: 768 });
    net.add("Add", {}, [middle, wide]);
    last = net.add("LayerNormalization", {});
  }
  net.add("GlobalAveragePooling1D", {});
  net.add("Dense", { units: 2, activation: "softmax" });
  return net;
}

/** Ends the loading before a weight is drawn. */
class Allowed extends Error {}

/** Holds a network against a limit of a file, or the limits of one with a batch of 32. */
async function load(net: Network, hold = holdBoth): Promise<unknown> {
  const path = await Deno.makeTempFile({ suffix: ".json" });
  try {
    await Deno.writeTextFile(path, net.toJson());
    const beforeWeights = (model: LayersModel) => {
      hold(model);
      throw new Allowed();
    };
    return await loadModel(path, { beforeWeights });
  } finally {
    await Deno.remove(path);
  }
}

function holdBoth(model: LayersModel): void {
  requireModest(model, 32, 0);
  holdWork(model);
}

const holdWork = (model: LayersModel) =>
  requireAffordable(model, batchShapes(model, { examples: 32 }));

Deno.test("files of large networks that people use stay within the limits", async () => {
  await using _ = await startEngine();
  await assertRejects(() => load(resNet50()), Allowed);
  await assertRejects(() => load(transformer(12, 512)), Allowed);
});

Deno.test("requireModest() allows a file its weights and their gradient beside the pass", async () => {
  await using _ = await startEngine();
  const net = new Network();
  net.add("InputLayer", { batch_shape: [null, 16_384] });
  net.add("Dense", { units: 20_480 });
  // 1.25 GiB of weights, and as much of their gradient.
  const hold = (entries: number) => load(net, (model) => requireModest(model, 32, entries));
  const entries = 16_384 * 20_480;
  await assertRejects(() => hold(entries), Allowed);
  // Of 2.5 GiB, 2 are allowed: 8 bytes for each of these entries make up for the rest, or do not.
  await assertRejects(() => hold(entries / 4), Allowed);
  await assertRejects(() => hold(entries / 8), InputError, "would take about 2.5 GiB");
  await assertRejects(
    () => hold(0),
    InputError,
    "would take about 2.5 GiB",
  );
});

Deno.test("requireAffordable() counts the products of attention", async () => {
  await using _ = await startEngine();
  const net = new Network();
  // Few weights, and 32 * 16384 * 16384 pairs of tokens with 512 products each, twice.
  net.add("InputLayer", { batch_shape: [null, 16_384, 2] });
  net.add("MultiHeadAttention", { num_heads: 1, key_dim: 512 }, ["layer_0", "layer_0"]);
  await assertRejects(() => load(net, holdWork), InputError, "e+13 operations, most of them in");
});

Deno.test("requireAffordable() counts the entries of all outputs", async () => {
  await using _ = await startEngine();
  const net = new Network();
  net.add("InputLayer", { batch_shape: [null, 1000, 1000, 4] });
  for (let i = 0; i < 1800; i++) net.add("Activation", { activation: "relu" });
  await assertRejects(() => load(net, holdWork), InputError, "2e+13 operations, most of them in");
});
