import type { Tensor } from "../engine/tensorflow.ts";
import type { TapeNode } from "./engine_state.ts";
import type { Observer, WatchedGradients } from "./tap.ts";

/** A tensor of the forward pass whose gradient is computed on the way. */
export interface Waypoint {
  /** Its gradient as far as it is known. */
  gradient: Tensor | null;
  /** How many contributions to it are to come. */
  awaited: number;
  /** Whether an operation on the way has made the tensor, so that its gradient goes on from there. */
  goesOn: boolean;
  /** Who looks at the gradient. */
  observers: readonly Observer[];
}

/** An operation through which gradients go. */
export interface Step {
  node: TapeNode;
  /** Its outputs; `undefined` for one on which the value does not depend. */
  outputs: (Waypoint | undefined)[];
  /** The names of the inputs whose gradients are wanted, and these inputs. */
  names: string[];
  inputs: Waypoint[];
}

/**
 * What lies between the watched tensors and a scalar.
 *
 * @param tape The operations of the forward pass, in their order.
 * @param value The scalar.
 * @param watched The tensors.
 * @returns The operations to go through, the last first, and the scalar as the place to start from.
 */
export function findPath(
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
      // A `customGrad` may return what it was given, which then comes from elsewhere.
      if (output !== undefined && !inputs.includes(output)) output.goesOn = true;
    }
    for (const input of inputs) input.awaited++;
    steps.push({ node, outputs, names, inputs });
  }
  return { steps, start };
}
