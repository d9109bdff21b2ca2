import type { Layer, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { ModelWeight } from "../model/weights/model_weights.ts";
import { ActivityOverParts, activityPenalties } from "../model/activity_penalties.ts";
import { logitsOf, maskOf, outputsOf, setLogits, setMask } from "../model/keras_outputs.ts";
import type { LeafLayer } from "../model/layers/leaf_layers.ts";
import type { Part } from "./across_parts.ts";
import { backPropagate } from "./back_propagate.ts";
import { callOrExplain } from "./call_or_explain.ts";
import { dropTape, inSameState, recordTape, runOnce, withoutTape } from "./keep_state.ts";
import type { PassPlan } from "./plan_pass.ts";
import { WatchedGradients, wrapCall } from "./tap.ts";

/** Objective of a whole batch, seen from one of its parts. */
interface WholeObjective extends Disposable {
  /**
   * Returns a scalar whose gradient with respect to the outputs of a part is that of the whole
   * objective.
   */
  ofPart(outputs: readonly Tensor[], from: number): Tensor;
}

/** Functions of a pass that {@linkcode wholeObjective} calls. */
interface ObjectiveHooks {
  /** Returns the objective, penalties included. */
  evaluate: (outputs: Tensor[]) => Tensor;
  /** Called with the gradients of weights that come from the objective itself: of penalties. */
  see: (weight: ModelWeight, gradient: Tensor) => void;
  /** Called after each part. */
  onPart: () => void;
}

/**
 * Evaluates the objective on all outputs of a batch that runs in parts. An objective need not be a
 * mean over examples, let alone a metric, so both are evaluated once, for the whole batch, after a
 * forward pass over each part. Each part's backward pass then starts from the derivatives with
 * respect to its outputs.
 *
 * @param hooks Functions of the pass.
 */
export function wholeObjective(
  tf: TensorFlow,
  plan: PassPlan,
  parts: readonly Part[],
  { evaluate, see, onPart }: ObjectiveHooks,
): WholeObjective {
  const { model, examples, weights, options } = plan;
  using made = new DisposableStack();
  const activity = new ActivityOverParts(model);
  const shareOf = ([output]: readonly Tensor[]) => (output.shape[0] ?? examples) / examples;
  const ofParts: Outputs[] = [];
  made.defer(() => ofParts.forEach((part) => disposeOutputs(tf, part)));
  runParts(tf, plan, parts, (part) => {
    ofParts.push(part);
    activity.add(shareOf(part.values));
    onPart();
  });
  activity.setWhole();
  const whole = joinParts(tf, ofParts, made);
  const gradients = new OutputGradients(tf, whole);
  const kept = made.use(new DisposableStack());
  kept.use(gradients);
  const watched = new WatchedGradients();
  gradients.watch(watched);
  for (const weight of weights.filter(({ trainable }) => trainable)) {
    watched.watch(weight.variable.read(), (gradient) => see(weight, gradient));
  }
  made.defer(() => dropTape(tf));
  let scalar: Tensor;
  const tape = recordTape(tf, () => {
    scalar = evaluate(whole.values);
  });
  backPropagate(tf, tape, scalar!, watched);
  const own = kept.move();
  return {
    ofPart(outputs, from) {
      const terms = gradients.termsOf(outputs, from);
      if (options.penalties) {
        for (const penalty of activityPenalties(tf, model)) {
          terms.push(tf.mul(penalty, shareOf(outputs)));
        }
      }
      return terms.reduce((sum, term) => tf.add(sum, term), tf.scalar(0));
    },
    [Symbol.dispose]() {
      own.dispose();
      // The passes over the parts have left the penalties of the last one.
      activity.setWhole();
    },
  };
}

/** Outputs of a model, with the logits and the masks of those that have some. */
interface Outputs {
  values: Tensor[];
  logits: OfOutputs;
  masks: OfOutputs;
}

/** A tensor for each output that has one. */
type OfOutputs = (Tensor | null)[];

const present = (tensors: OfOutputs) => tensors.filter((one) => one !== null);

function disposeOutputs(tf: TensorFlow, { values, logits, masks }: Outputs): void {
  tf.dispose([...values, ...present(logits), ...present(masks)]);
}

/** Runs the model forward over each part, from the same state and without a tape. */
function runParts(
  tf: TensorFlow,
  { model, leaves, layers, containers, onBatch }: PassPlan,
  parts: readonly Part[],
  onPart: (outputs: Outputs) => void,
): void {
  const undo = [
    ...leaves.map(explained),
    ...[...onBatch].map(inTraining),
    runOnce([...containers, ...layers]),
  ];
  try {
    for (const { slice } of parts) {
      let logits: OfOutputs = [];
      let masks: OfOutputs = [];
      const outputs = () => {
        const made = outputsOf(tf, model, slice());
        logits = made.map((output) => keptCopy(tf, logitsOf(output)));
        masks = made.map((output) => keptCopy(tf, maskOf(output)));
        return made.map((output) => output.clone());
      };
      const run = () => withoutTape(tf, () => tf.tidy(outputs));
      const values = inSameState(tf, [...layers, ...containers], run);
      onPart({ values, logits, masks });
    }
  } finally {
    for (const step of undo.reverse()) step();
  }
}

/** Joins the outputs of the parts; `made` disposes the result. */
function joinParts(
  tf: TensorFlow,
  ofParts: readonly Outputs[],
  made: DisposableStack,
): Pick<Outputs, "values" | "logits"> {
  const joined = (parts: Tensor[]) => {
    const whole = tf.keep(tf.concat(parts));
    made.defer(() => whole.dispose());
    return whole;
  };
  const joinedIfAll = (key: "logits" | "masks", i: number) => {
    const parts = ofParts.flatMap((part) => part[key][i] ?? []);
    return parts.length < ofParts.length ? null : joined(parts);
  };
  const values = ofParts[0].values.map((_, i) => joined(ofParts.map((part) => part.values[i])));
  // A cross-entropy depends on the logits of its output if they are known, else on the output.
  const logits = values.map((output, i) => {
    const mask = joinedIfAll("masks", i);
    if (mask !== null) setMask(output, mask);
    const whole = joinedIfAll("logits", i);
    if (whole !== null) setLogits(output, whole);
    return whole;
  });
  return { values, logits };
}

/** Derivatives of the objective with respect to the outputs of the whole batch. */
class OutputGradients implements Disposable {
  readonly #tf: TensorFlow;
  readonly #whole: Pick<Outputs, "values" | "logits">;
  readonly #values: OfOutputs;
  readonly #logits: OfOutputs;

  constructor(tf: TensorFlow, whole: Pick<Outputs, "values" | "logits">) {
    this.#tf = tf;
    this.#whole = whole;
    this.#values = whole.values.map(() => null);
    this.#logits = whole.values.map(() => null);
  }

  /** Keeps the gradients that a backward pass shows. */
  watch(watched: WatchedGradients): void {
    const { values, logits } = this.#whole;
    const keep = (kept: OfOutputs, i: number) => (gradient: Tensor) => {
      kept[i] = this.#tf.keep(gradient.clone());
    };
    for (const [i, output] of values.entries()) {
      if (output.dtype !== "float32") continue;
      watched.watch(output, keep(this.#values, i));
      const own = logits[i];
      if (own !== null) watched.watch(own, keep(this.#logits, i));
    }
  }

  /** Returns scalars whose derivatives with respect to the outputs of a part are these. */
  termsOf(outputs: readonly Tensor[], from: number): Tensor[] {
    const tf = this.#tf;
    return outputs.flatMap((output, i) => {
      const both = [[output, this.#values[i]], [logitsOf(output), this.#logits[i]]];
      return both.flatMap(([value, gradient]): Tensor[] => {
        if (value === null || gradient === null) return [];
        return [tf.sum(tf.mul(value, tf.slice(gradient, from, output.shape[0])))];
      });
    });
  }

  [Symbol.dispose](): void {
    this.#tf.dispose([...present(this.#values), ...present(this.#logits)]);
  }
}

const keptCopy = (tf: TensorFlow, tensor: Tensor | null): Tensor | null =>
  tensor === null ? null : tf.keep(tensor.clone());

/** Makes an error in a layer name the layer. */
function explained({ path, layer }: LeafLayer): () => void {
  const named = { name: path, className: layer.getClassName() };
  return wrapCall(
    layer,
    (call, inputs, kwargs) => callOrExplain(named, () => call(inputs, kwargs)),
  );
}

/** Makes a batch normalisation run on the statistics of its input. */
function inTraining(layer: Layer): () => void {
  return wrapCall(layer, (call, inputs, kwargs) => call(inputs, { ...kwargs, training: true }));
}
