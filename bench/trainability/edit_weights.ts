import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import type { WeightEdit, WeightTarget } from "./plan.ts";

/** A weight of a model, and where it is. */
interface Place {
  layer: LayersModel["layers"][number];
  /** Weight of the layer. */
  index: number;
  name: string;
  /** Inner layer that has the weight, for a layer that is made of others. */
  part: string | null;
  shape: number[];
}

function places(model: LayersModel): Place[] {
  return model.layers.flatMap((layer) =>
    layer.weights.map(({ originalName, shape }, index) => {
      const [name, part = null] = originalName.split("/").reverse();
      return { layer, index, name, part, shape: shape as number[] };
    })
  );
}

const isHead = ({ layer }: Place) => layer.name === "head";
const isKernel = ({ name }: Place) => name.endsWith("kernel") && name !== "recurrent_kernel";

const ROLES: Record<WeightTarget["role"], (place: Place) => boolean> = {
  kernel: isKernel,
  recurrent: ({ name }) => name === "recurrent_kernel",
  bias: (place) => place.name === "bias" && !isHead(place),
  embedding: ({ name }) => name === "embeddings",
  head: (place) => isHead(place) && isKernel(place),
  gamma: ({ name }) => name === "gamma",
  custom: (place) => isKernel(place) && place.layer.getClassName() === "SelfAttention",
  "query and key": (place) =>
    isKernel(place) &&
    /^(query|key)/.test(place.part ?? (place.name === "kernel" ? place.layer.name : place.name)),
};

function chosen(model: LayersModel, { role, at }: WeightTarget): Place[] {
  const all = places(model).filter(ROLES[role]);
  return at === undefined ? all : all.slice(Math.floor(at * all.length)).slice(0, 1);
}

/** Returns the number of terms in an output's sum, for the kernel of a weight's layer. */
function fanIn({ layer }: Place): number {
  const kernel = layer.weights.find(({ originalName }) => originalName.endsWith("kernel"))!;
  return (kernel.shape as number[]).slice(0, -1).reduce((product, length) => product * length, 1);
}

/** Edits the weights of a model as its plan says; what is drawn follows the seed. */
export function editWeights(
  tf: TensorFlow,
  model: LayersModel,
  edits: readonly WeightEdit[],
  seed: number,
): void {
  edits.forEach((edit, i) => {
    const random = new SeededRandom(seed, `edit ${i}`);
    for (const place of chosen(model, edit)) {
      const { layer, index, shape } = place;
      const weights = layer.getWeights();
      const values = weights[index].dataSync<"float32">().slice();
      change(values, edit, place, random);
      // Anew, as everywhere: XNNPACK goes on with packed weights that are written over.
      const own = tf.tensor(values, shape);
      layer.setWeights(weights.map((weight, i): Tensor => i === index ? own : weight));
      own.dispose();
    }
  });
}

function change(
  values: Float32Array,
  edit: WeightEdit,
  place: Place,
  random: SeededRandom,
): void {
  switch (edit.do) {
    case "multiply":
      values.forEach((value, i) => values[i] = value * edit.by);
      break;
    case "fill":
      values.fill(edit.with);
      break;
    case "normal":
      values.set(random.normals(values.length, edit.std));
      break;
    case "uniform by fan-in": {
      const bound = edit.factor / Math.sqrt(fanIn(place));
      values.forEach((_, i) => values[i] = bound * (2 * random.uniform() - 1));
      break;
    }
    case "poison":
      values[random.integer(values.length)] = Number(edit.with);
  }
}
