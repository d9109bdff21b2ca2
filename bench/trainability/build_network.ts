import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { seedDraws } from "../../src/core/model/batches/seeded_random.ts";
import type { LossName } from "../../src/ground/traits/losses.ts";
import { editWeights } from "./edit_weights.ts";
import { TRUNKS } from "./families.ts";
import { LayerKit } from "./layer_kit.ts";
import { optimizerOf } from "./optimizers.ts";
import type { Loss, Plan } from "./plan.ts";
import { examplesOf } from "./tasks.ts";

/** Loss for `model.compile`. */
export function lossOf(tf: TensorFlow, loss: Loss): string | ((y: Tensor, p: Tensor) => Tensor) {
  return loss === "softmaxCrossEntropy" || loss === "sigmoidCrossEntropy" ? tf.losses[loss] : loss;
}

/** The name of a loss as the objective of a network that is not compiled. */
export function objectiveOf(loss: Loss): LossName {
  const named = { softmaxCrossEntropy: "categorical", sigmoidCrossEntropy: "binary" } as const;
  return loss === "softmaxCrossEntropy" || loss === "sigmoidCrossEntropy"
    ? `${named[loss]}CrossentropyFromLogits`
    : loss;
}

/** Optimizer of a network that was drawn without one: that of most programs. */
export const USUAL = { name: "adam", rate: 1e-3 } as const;

/** Builds and compiles the network of a plan; its weights follow the plan's seed alone. */
export async function buildNetwork(tf: TensorFlow, plan: Plan): Promise<LayersModel> {
  const model = await drawNetwork(tf, plan);
  const { name, rate } = plan.optimizer ?? USUAL;
  model.compile({
    optimizer: optimizerOf(tf, name, rate),
    loss: lossOf(tf, plan.head.loss) as "hinge",
  });
  return model;
}

/** Builds the network of a plan, and does not compile it. */
export async function drawNetwork(tf: TensorFlow, plan: Plan): Promise<LayersModel> {
  const { inputShape, outputs } = await examplesOf(plan.task);
  const model = await seedDraws(plan.seed, "weights", () => {
    const kit = new LayerKit(tf, plan);
    const input = tf.input({ shape: inputShape, name: "input" });
    const { activation, softmaxAgain } = plan.head;
    let output = TRUNKS[plan.family](kit, input);
    output = kit.dense(output, outputs, { activation, initializer: "glorotUniform", name: "head" });
    if (softmaxAgain) output = kit.activate(output, "softmax");
    return tf.model({ inputs: input, outputs: output, name: `network_${plan.seed}` });
  });
  if (plan.style === "scaled") scaleBranches(tf, model, plan);
  editWeights(tf, model, plan.edits, plan.seed);
  freeze(model, plan.frozen);
  return model;
}

/** The last kernel of each branch by 1 / root of the number of blocks, so that the sum keeps its size. */
function scaleBranches(tf: TensorFlow, model: LayersModel, { depth }: Plan): void {
  const kernels = model.layers.filter(({ name }) => /^(dense|conv)_/.test(name));
  // The stem, then two a block.
  for (let last = 2; last < kernels.length; last += 2) {
    const [kernel, bias] = kernels[last].getWeights();
    tf.tidy(() => kernels[last].setWeights([tf.mul(kernel, 1 / Math.sqrt(depth)), bias]));
  }
}

function freeze(model: LayersModel, frozen: Plan["frozen"]): void {
  const layers = model.layers.filter(({ weights }) => weights.length > 0);
  const hidden = layers.filter(({ name }) => name !== "head");
  const fixed = {
    nothing: [],
    everything: layers,
    "hidden layers": hidden,
    head: layers.filter(({ name }) => name === "head"),
    "first layer": hidden.slice(0, 1),
  }[frozen];
  for (const layer of fixed) layer.trainable = false;
}
