import { assert, assertEquals } from "@std/assert";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import type { AtenContext, AtenValue } from "../../src/torch/aten/aten_op.ts";
import { ATEN_OPS } from "../../src/torch/aten/aten_ops.ts";
import { callAten } from "../../src/torch/aten/schema.ts";
import { argumentsOf, type AtenCase, draws, makeTensor, toNumber } from "./aten_cases.ts";

/** Largest difference of outputs and of gradients, relative to the largest entry. */
const OUTPUT_TOLERANCE = 1e-5, GRADIENT_TOLERANCE = 1e-4;

/** Largest difference in terms of the error that PyTorch makes in float32. */
const FLOAT32_TOLERANCE = 3;

/** Returns the surroundings of a case: what it draws, and what it writes. */
export function contextOf(
  tf: TensorFlow,
  { uniform = [] }: AtenCase,
  writes: Record<string, Tensor>,
) {
  const drawn = uniform.map((spec) => makeTensor(tf, spec));
  const context: AtenContext = {
    tf,
    training: true,
    uniform(shape) {
      const next = drawn.shift();
      assert(next !== undefined, "draws more often than PyTorch's formula");
      assertEquals(next.shape, shape);
      return next;
    },
    write(argument, value) {
      writes[argument] = value;
    },
  };
  return context;
}

function tensorsIn(tf: TensorFlow, value: AtenValue): Tensor[] {
  if (Array.isArray(value)) return value.flatMap((item) => tensorsIn(tf, item));
  return value instanceof tf.Tensor ? [value] : [];
}

/** Returns where two arrays differ by more than a tolerance, or null. */
function difference(
  found: ArrayLike<number>,
  expected: (number | string)[],
  tolerance: number,
): string | null {
  const wanted = expected.map(toNumber);
  const scale = Math.max(1e-2, ...wanted.filter(Number.isFinite).map(Math.abs));
  const at = wanted.findIndex((value, i) =>
    Number.isFinite(value)
      ? !(Math.abs(found[i] - value) <= tolerance * scale)
      : !Object.is(found[i], value)
  );
  if (found.length !== wanted.length) return `has ${found.length} entries, not ${wanted.length}`;
  return at < 0 ? null : `[${at}] is ${found[at]}, expected ${wanted[at]} (scale ${scale})`;
}

/** Runs a case; returns its differences from PyTorch. */
export function differencesOf(tf: TensorFlow, given: AtenCase): string[] {
  const faults: string[] = [];
  const [outputError, gradientError] = given.error ?? [0, 0];
  const ofOutputs = Math.max(OUTPUT_TOLERANCE, FLOAT32_TOLERANCE * outputError);
  const ofGradients = Math.max(GRADIENT_TOLERANCE, FLOAT32_TOLERANCE * gradientError);
  const note = (what: string, fault: string | null) => {
    if (fault !== null) faults.push(`${what} ${fault}`);
  };
  const op = ATEN_OPS[given.op];
  if (op === undefined) return ["is not in the table"];
  const { given: args, floats } = argumentsOf(tf, given);
  const writes: Record<string, Tensor> = {};
  const result = callAten(op, args(floats), contextOf(tf, given, writes));
  const outputs = tensorsIn(tf, result);
  if (given.value !== undefined) assertEquals(result, given.value);
  assertEquals(outputs.length, given.out.length, "number of outputs");
  outputs.forEach((output, i) => {
    const { dtype, shape, data } = given.out[i];
    if (output.dtype !== dtype) note(`output ${i}`, `is ${output.dtype}, expected ${dtype}`);
    if (`${output.shape}` !== `${shape}`) {
      note(`output ${i}`, `has shape [${output.shape}], expected [${shape}]`);
    }
    note(`output ${i}`, difference(output.dataSync(), data, ofOutputs));
  });
  for (const [name, data] of Object.entries(given.writes ?? {})) {
    note(`buffer ${name}`, difference(writes[name]?.dataSync() ?? [], data, ofOutputs));
  }
  if (given.grad === undefined || faults.length > 0) return faults;
  const loss = (...floats: Tensor[]) => {
    const outputs = tensorsIn(tf, callAten(op, args(floats), contextOf(tf, given, {})));
    const terms = outputs.flatMap((output, j) =>
      output.dtype === "float32" && j < (given.cotangents ?? Infinity)
        ? [tf.sum(tf.mul(output, tf.tensor(draws(9000 + j, output.size), output.shape)))]
        : []
    );
    // An input that nothing depends on has the gradient 0.
    const ties = floats.map((x) => tf.sum(tf.step(x)));
    return [...terms, ...ties].reduce((a, b) => tf.add(a, b));
  };
  tf.grads(loss as (...args: Tensor[]) => Tensor)(floats).forEach((gradient, i) => {
    const expected = given.grad![i] ?? new Array<number>(floats[i].size).fill(0);
    note(`gradient ${i}`, difference(gradient.dataSync(), expected, ofGradients));
  });
  return faults;
}
