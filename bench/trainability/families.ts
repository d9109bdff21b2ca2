import { kerasLayers } from "../../src/keras/layers/mod.ts";
import { attentionLayers } from "./attention.ts";
import type { LayerKit, Symbolic } from "./layer_kit.ts";
import type { Family } from "./plan.ts";
import { TOKENS } from "./tasks.ts";

/** From the input to what the head reads. */
type Trunk = (kit: LayerKit, input: Symbolic) => Symbolic;

/** A layer's product, normalised if the plan says so, activated, and thinned out in training. */
function hidden(
  kit: LayerKit,
  product: (activation: string) => Symbolic,
): Symbolic {
  const { normalization, activation } = kit.plan;
  const x = normalization === "none"
    ? product(activation)
    : kit.activate(kit.normalize(product("linear")));
  return kit.drop(x);
}

/** The width of a layer of a chain. */
function widthAt({ plan }: LayerKit, layer: number): number {
  const { bottleneck, depth, width } = plan;
  return bottleneck !== null && layer === depth >> 1 ? bottleneck : width;
}

const dense: Trunk = (kit, input) => {
  let x = kit.flatten(input);
  for (let layer = 0; layer < kit.plan.depth; layer++) {
    x = hidden(kit, (activation) => kit.dense(x, widthAt(kit, layer), { activation }));
  }
  return x;
};

const convolutional: Trunk = (kit, input) => {
  const { layers } = kit.tf;
  let x = input;
  for (let layer = 0; layer < kit.plan.depth; layer++) {
    x = hidden(kit, (activation) => kit.conv(x, widthAt(kit, layer), { activation }));
    // Most of the work is at full size: one layer of it will do.
    if (layer === 0 || layer === 2) {
      x = kit.apply(layers.maxPooling2d({ name: kit.name("pool"), poolSize: 2 }), x);
    }
  }
  return kit.flatten(x);
};

/** Blocks of two products each, before them normalisation and activation (He et al. 2016b). */
const residual: Trunk = (kit, input) => {
  const { plan, tf } = kit;
  const { depth, initializer, style, normalization } = plan;
  const pictures = input.shape.length === 4;
  const width = pictures ? Math.max(6, plan.width >> 2) : plan.width;
  const product = (x: Symbolic, options: { initializer?: string } = {}) =>
    pictures ? kit.conv(x, width, options) : kit.dense(x, width, options);
  // Without normalisation the last kernel ends a branch at zero, with it the last gain.
  const zeroKernel = style === "zero-ended" && normalization === "none";
  const zeroGain = style === "zero-ended" && normalization !== "none";
  let x = pictures ? kit.conv(input, width, {}, 2) : kit.dense(kit.flatten(input), width, {});
  for (let block = 0; block < depth; block++) {
    let branch = product(kit.activate(kit.normalize(x)));
    branch = kit.activate(kit.normalize(branch, zeroGain ? "zeros" : "ones"));
    branch = kit.drop(branch);
    branch = product(branch, { initializer: zeroKernel ? "zeros" : initializer });
    x = kit.add(x, branch);
  }
  x = kit.activate(kit.normalize(x));
  return pictures ? kit.apply(tf.layers.globalAveragePooling2d({ name: kit.name("pool") }), x) : x;
};

function embed(kit: LayerKit, input: Symbolic, width: number): Symbolic {
  const layer = kit.tf.layers.embedding({
    name: kit.name("embedding"),
    inputDim: TOKENS.vocabulary,
    outputDim: width,
    embeddingsInitializer: "randomUniform",
  });
  return kit.apply(layer, input);
}

const recurrent: Trunk = (kit, input) => {
  const { layers } = kit.tf;
  const { cell, depth, width, task, initializer } = kit.plan;
  let x = task === "tokens" ? embed(kit, input, width) : input;
  for (let layer = 0; layer < depth; layer++) {
    const options = {
      name: kit.name(cell),
      units: width,
      returnSequences: layer < depth - 1,
      kernelInitializer: initializer as "zeros",
      kernelRegularizer: kit.penalty(),
    };
    const own = cell === "lstm"
      ? layers.lstm(options)
      : cell === "gru"
      ? layers.gru({ ...options, recurrentActivation: "sigmoid" })
      : layers.simpleRNN(options);
    x = kit.drop(kit.apply(own, x));
  }
  return x;
};

const attention: Trunk = (kit, input) => {
  const { plan, tf } = kit;
  const { width, task, style, activation, initializer, depth } = plan;
  const own = attentionLayers(tf);
  const attend = (x: Symbolic): Symbolic => {
    if (plan.attention === "heads") {
      const { MultiHeadAttention } = kerasLayers(tf);
      const name = kit.name("attention");
      const kernelInitializer = initializer as "zeros";
      const layer = new MultiHeadAttention({
        name,
        numHeads: 2,
        keyDim: width / 2,
        kernelInitializer,
      });
      // Stock predict() counts a tensor that a layer reads twice as two readers, and disposes of it too early.
      const again = tf.layers.activation({ name: kit.name("again"), activation: "linear" });
      return layer.apply([x, kit.apply(again, x)]) as Symbolic;
    }
    if (plan.attention === "whole") {
      return kit.apply(own.selfAttention(kit.name("attention"), initializer), x);
    }
    const parts = ["query", "key", "value"].map((name) => kit.dense(x, width, { name }));
    return kit.dense(kit.apply(own.attend(kit.name("attend")), parts), width, { name: "output" });
  };
  const mix = (x: Symbolic) =>
    kit.dense(kit.dense(x, 2 * width, { activation, name: "mlp" }), width, { name: "mlp" });
  const step = (x: Symbolic, part: (x: Symbolic) => Symbolic): Symbolic => {
    if (style === "no skips") return kit.drop(part(x));
    if (style === "normalized chain") return kit.drop(part(kit.normalize(x)));
    return style === "pre"
      ? kit.add(x, kit.drop(part(kit.normalize(x))))
      : kit.normalize(kit.add(x, kit.drop(part(x))));
  };
  let x = task === "tokens" ? embed(kit, input, width) : kit.dense(input, width, { name: "embed" });
  x = kit.apply(own.addPositions(kit.name("positions")), x);
  for (let block = 0; block < depth; block++) x = step(step(x, attend), mix);
  if (style === "pre") x = kit.normalize(x);
  return kit.apply(tf.layers.globalAveragePooling1d({ name: kit.name("pool") }), x);
};

const autoencoder: Trunk = (kit, input) => {
  const { depth, width, bottleneck } = kit.plan;
  const side = (x: Symbolic) => {
    for (let layer = 0; layer < depth; layer++) {
      const from = x;
      x = hidden(kit, (activation) => kit.dense(from, width, { activation }));
    }
    return x;
  };
  const code = kit.dense(side(kit.flatten(input)), bottleneck!, { name: "code" });
  return side(code);
};

/** Builder of each family. */
export const TRUNKS: Record<Family, Trunk> = {
  dense,
  convolutional,
  residual,
  recurrent,
  attention,
  autoencoder,
};
