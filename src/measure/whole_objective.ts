import type { Layer, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { ModelWeight } from "../model/weights/model_weights.ts";
import { ActivityOverParts, activityPenalties } from "../model/activity_penalties.ts";
import { logitsOf, setLogits } from "../model/kept_logits.ts";
import { maskOf, setMask } from "../model/output_masks.ts";
import type { LeafLayer } from "../model/layers/leaf_layers.ts";
import type { Part } from "./across_parts.ts";
import { backPropagate } from "./back_propagate.ts";
import { callOrExplain } from "./call_or_explain.ts";
import { dropTape, inSameState, recordTape, runOnce, withoutTape } from "./keep_state.ts";
import type { PassPlan } from "./plan_pass.ts";
import { outputsOf } from "./outputs_of.ts";
import { WatchedGradients, wrapCall } from "./tap.ts";

/** Objective of a whole batch, seen from one of its parts. */
export interface WholeObjective extends Disposable {
  /**
   * Returns a scalar with the derivatives that the objective has with respect to the outputs of a
   * part.
   */
  ofPart(outputs: readonly Tensor[], from: number): Tensor;
}

/**
 * Evaluates the objective on all outputs of a batch that runs in parts. An objective need not be a
 * mean over examples, let alone a metric, so both are evaluated once, for the whole batch, after a
 * forward pass over each part. Each part's backward pass then starts from the derivatives with
 * respect to its outputs.
 *
 * @param tf The engine's TensorFlow.js.
 * @param plan Plan of the pass.
 * @param parts The parts.
 * @param evaluate The objective, penalties included.
 * @param see Called with the gradients of weights that come from the objective itself: those of
 * penalties.
 * @param onPart Called after each part.
 */
export function wholeObjective(
  tf: TensorFlow,
  { model, leaves, layers, containers, onBatch, weights, examples, options }: PassPlan,
  parts: readonly Part[],
  { evaluate, see, onPart }: {
    evaluate: (outputs: Tensor[]) => Tensor;
    see: (weight: ModelWeight, gradient: Tensor) => void;
    onPart: () => void;
  },
): WholeObjective {
  using made = new DisposableStack();
  const activity = new ActivityOverParts(model);
  const shareOf = ([output]: readonly Tensor[]) => (output.shape[0] ?? examples) / examples;
  const undo = [
    ...leaves.map(explained),
    ...[...onBatch].map(inTraining),
    runOnce([...containers, ...layers]),
  ];
  const ofParts: Tensor[][] = [], logitsOfParts: OfOutputs[] = [], masksOfParts: OfOutputs[] = [];
  made.defer(() => {
    const attached = [...logitsOfParts, ...masksOfParts].flat();
    tf.dispose([ofParts, attached.filter((one) => one !== null)]);
  });
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
      const ofPart = inSameState(tf, [...layers, ...containers], run);
      ofParts.push(ofPart);
      activity.add(shareOf(ofPart));
      logitsOfParts.push(logits);
      masksOfParts.push(masks);
      onPart();
    }
  } finally {
    for (const step of undo.reverse()) step();
  }
  activity.setWhole();
  const outputs = ofParts[0].map((_, i) => tf.keep(tf.concat(ofParts.map((part) => part[i]))));
  made.defer(() => tf.dispose(outputs));
  const wholeOf = (ofParts: OfOutputs[], i: number) => {
    const parts = ofParts.flatMap((part) => part[i] ?? []);
    if (parts.length < ofParts.length) return null;
    const whole = tf.keep(tf.concat(parts));
    made.defer(() => whole.dispose());
    return whole;
  };
  // A cross-entropy depends on the logits of its output if they are known, else on the output.
  const logits = outputs.map((output, i) => {
    const mask = wholeOf(masksOfParts, i);
    if (mask !== null) setMask(output, mask);
    const whole = wholeOf(logitsOfParts, i);
    if (whole !== null) setLogits(output, whole);
    return whole;
  });
  const gradients: Record<"outputs" | "logits", (Tensor | null)[]> = {
    outputs: outputs.map(() => null),
    logits: outputs.map(() => null),
  };
  const kept = made.use(new DisposableStack());
  kept.defer(() => {
    tf.dispose([...gradients.outputs, ...gradients.logits].filter((one) => one !== null));
  });
  const watched = new WatchedGradients();
  for (const [i, output] of outputs.entries()) {
    if (output.dtype !== "float32") continue;
    watched.watch(output, (gradient) => gradients.outputs[i] = tf.keep(gradient.clone()));
    const own = logits[i];
    if (own !== null) {
      watched.watch(own, (gradient) => gradients.logits[i] = tf.keep(gradient.clone()));
    }
  }
  for (const weight of weights.filter(({ trainable }) => trainable)) {
    watched.watch(weight.variable.read(), (gradient) => see(weight, gradient));
  }
  made.defer(() => dropTape(tf));
  let scalar: Tensor;
  const tape = recordTape(tf, () => {
    scalar = evaluate(outputs);
  });
  backPropagate(tf, tape, scalar!, watched);
  const own = kept.move();
  return {
    ofPart(ofPart, from) {
      const terms = ofPart.flatMap((output, i) => {
        const both = [[output, gradients.outputs[i]], [logitsOf(output), gradients.logits[i]]];
        return both.flatMap(([value, gradient]) => {
          if (value === null || gradient === null) return [];
          return [tf.sum(tf.mul(value, tf.slice(gradient, from, output.shape[0])))];
        });
      });
      if (options.penalties) {
        for (const penalty of activityPenalties(tf, model)) {
          terms.push(tf.mul(penalty, shareOf(ofPart)));
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

/** A tensor for each output that has one. */
type OfOutputs = (Tensor | null)[];

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
