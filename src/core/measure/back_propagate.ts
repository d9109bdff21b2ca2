import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { engineState, type TapeNode } from "./keep_state.ts";
import type { Observer, WatchedGradients } from "./tap.ts";

/** Tensor of the forward pass whose gradient is computed on the way. */
interface Waypoint {
  /** Sum of its gradient so far. */
  gradient: Tensor | null;
  /** Number of contributions that are still missing. */
  awaited: number;
  /** True if an operation on the way made the tensor, so that its gradient continues from there. */
  goesOn: boolean;
  observers: readonly Observer[];
}

/** Operation through which gradients go. */
interface Step {
  node: TapeNode;
  /** Outputs; `undefined` for one that the value does not depend on. */
  outputs: (Waypoint | undefined)[];
  /** Names of the inputs whose gradients are wanted, and these inputs. */
  names: string[];
  inputs: Waypoint[];
}

/**
 * Finds the operations between the watched tensors and a scalar.
 *
 * @param tape Operations of the forward pass, in their order.
 * @returns The operations to go through, last first, and the scalar as the starting point.
 */
function findPath(
  tape: readonly TapeNode[],
  value: Tensor,
  watched: WatchedGradients,
): { steps: Step[]; start: Waypoint } {
  const wanted = new Set(watched.ids());
  const candidates: { node: TapeNode; names: string[] }[] = [];
  for (const node of tape) {
    const names = Object.keys(node.inputs).filter((name) => wanted.has(node.inputs[name]?.id));
    if (names.length === 0) continue;
    for (const { id } of node.outputs) wanted.add(id);
    candidates.push({ node, names });
  }
  const waypoints = new Map<number, Waypoint>();
  const reach = (id: number): Waypoint => {
    let waypoint = waypoints.get(id);
    if (waypoint === undefined) {
      waypoint = { gradient: null, awaited: 0, goesOn: false, observers: watched.observersOf(id) };
      waypoints.set(id, waypoint);
    }
    return waypoint;
  };
  const start = reach(value.id);
  const steps: Step[] = [];
  for (const { node, names } of candidates.reverse()) {
    const outputs = node.outputs.map(({ id }) => waypoints.get(id));
    if (outputs.every((output) => output === undefined)) continue;
    const inputs = names.map((name) => reach(node.inputs[name].id));
    for (const output of outputs) {
      // A `customGrad` may return one of its inputs, which then comes from elsewhere.
      if (output !== undefined && !inputs.includes(output)) output.goesOn = true;
    }
    for (const input of inputs) input.awaited++;
    steps.push({ node, outputs, names, inputs });
  }
  return { steps, start };
}

/** Tensor that outlives the scope it was made in; TensorFlow.js's types do not show it. */
type Keepable = Tensor & { kept: boolean };

/**
 * Runs the backward pass: shows the gradient of a scalar with respect to every watched tensor.
 *
 * `tf.grads` does the same for tensors that are known beforehand, and keeps all gradients until the
 * last is there. Here a gradient is shown as soon as it is complete and freed as soon as it is no
 * longer needed, so that the next one finds its memory in the processor's cache; and any tensor of
 * the forward pass can be watched, whether it depends on a weight or not. Operations, their order
 * and the order of every addition are those of `tf.grads`, so results are bit-identical.
 *
 * @param tape Operations of the forward pass, in their order. Their saved tensors are freed on the
 * way, the rest at the end.
 * @param value The scalar, which may be disposed of.
 * @param watched Tensors to show, and their observers.
 * @throws {Error} If an operation on the way has no gradient, or one of another shape or dtype.
 */
export function backPropagate(
  tf: TensorFlow,
  tape: readonly TapeNode[],
  value: Tensor,
  watched: WatchedGradients,
): void {
  const engine = tf.engine();
  const state = engineState(tf);
  const { steps, start } = findPath(tape, value, watched);
  engine.startScope();
  try {
    const made = state.activeScope!.track;
    start.gradient = tf.keep(tf.ones(value.shape));
    let newest = start.gradient.id;
    if (!start.goesOn && start.awaited === 0) show(start);
    for (const step of steps) {
      // An output that is also an input is not complete yet.
      const complete = step.outputs.filter((output) => output?.awaited === 0) as Waypoint[];
      for (const output of complete) show(output);
      newest = propagate(tf, step, newest);
      for (const output of complete) drop(output);
      for (const tensor of made) if (!(tensor as Keepable).kept) tensor.dispose();
      made.length = 0;
      // An enclosing gradient still needs the saved tensors.
      if (state.gradientDepth === 0) freeSaved([step.node]);
      for (const input of step.inputs) {
        if (--input.awaited > 0 || input.goesOn) continue;
        show(input);
        drop(input);
      }
    }
  } finally {
    engine.endScope();
    drop(start);
    for (const { inputs } of steps) for (const input of inputs) drop(input);
    // An observer may have differentiated something; then the state no longer knows this tape.
    if (state.gradientDepth === 0) freeSaved(tape);
  }
}

function freeSaved(nodes: readonly TapeNode[]): void {
  for (const { saved } of nodes) for (const tensor of saved) tensor.dispose();
}

function show({ gradient, observers }: Waypoint): void {
  for (const see of observers) see(gradient!);
}

function drop(waypoint: Waypoint): void {
  waypoint.gradient?.dispose();
  waypoint.gradient = null;
}

/**
 * Adds the contribution of one operation to the gradients of its inputs.
 *
 * @param newest Largest id of a gradient so far. Ids grow: a smaller one belongs to an older
 * tensor.
 * @returns The largest id afterwards.
 */
function propagate(
  tf: TensorFlow,
  { node: { kernelName, inputs: tensors, gradient }, outputs, names, inputs }: Step,
  newest: number,
): number {
  if (gradient === undefined) {
    throw new Error(`TensorFlow.js has no gradient for the op ${kernelName}`);
  }
  const compute = gradient(outputs.map((output) => output?.gradient ?? null));
  for (let i = 0; i < names.length; i++) {
    const name = names[i];
    const dx = compute[name]?.() as Keepable | undefined;
    const { shape } = tensors[name];
    if (dx?.dtype !== "float32" || !equal(dx.shape, shape)) {
      throw new Error(
        `The operation ${kernelName} has no gradient of dtype float32 and shape ` +
          `[${shape.join(", ")}] for its input ${name}`,
      );
    }
    // Older tensors, and those shared with another input, are not ours to free.
    const isOurs = dx.id > newest && !dx.kept;
    const input = inputs[i];
    const before = input.gradient;
    let sum: Tensor = dx;
    if (before !== null) sum = tf.add(before, dx);
    else if (!isOurs) sum = dx.clone();
    input.gradient = tf.keep(sum);
    newest = Math.max(newest, input.gradient.id);
    before?.dispose();
  }
  return newest;
}

function equal(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
