import { formatMemory } from "../words/numbers.ts";
import { HEAP_LIMIT } from "../engine/guard_heap.ts";
import type { TensorFlow } from "../engine/tensorflow.ts";
import { ACTIVATION_FUNCTIONS } from "../theory/activation_functions.ts";
import { nearest } from "../words/nearest.ts";
import { showValue } from "../words/show_value.ts";
import { StudyError } from "./study_error.ts";
import type { StudySubject } from "./study_subject.ts";

/**
 * Refuses an object with unknown keys: a misspelt one would be ignored silently.
 *
 * @param what What the object is, in a message.
 * @param given The object.
 * @param known The keys that there are.
 * @throws {TypeError} If it is not an object, or has another key.
 */
export function requireKnown(what: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`${what} is ${showValue(given)}, expected an object`);
  }
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(
    `${what} has no ${showValue(unknown)}${
      nearest(unknown, known) || `, expected one of ${known.join(", ")}`
    }`,
  );
}

/**
 * Checks what a study is to study.
 *
 * @throws {TypeError} If it is neither a function, nor a network of a known name, nor a file.
 */
export function requireSubject(subject: StudySubject): void {
  if (typeof subject === "function") return;
  const isFile = Object.hasOwn(Object(subject), "model");
  requireKnown("what is studied", subject, isFile ? ["model", "register", "weights"] : ["network"]);
  const { network, model } = subject as { network?: unknown; model?: unknown };
  if (isFile ? typeof model === "string" : network === "dense" || network === "exercise") return;
  throw new TypeError(
    isFile
      ? `model is ${showValue(model)}, expected the path of a model`
      : `network is ${showValue(network)}, expected "dense" or "exercise"`,
  );
}

/**
 * The name of an activation that TensorFlow.js has.
 *
 * @throws {TypeError} If it has none of that name.
 */
export function requireActivation(tf: TensorFlow, name: string): string {
  const cause = refusal(tf, name);
  if (cause === null) return name;
  // The theory knows some that are layers only in TensorFlow.js, leakyRelu for one.
  const known = Object.keys(ACTIVATION_FUNCTIONS).filter((other) => refusal(tf, other) === null);
  throw new TypeError(
    `activation ${showValue(name)} is not known to TensorFlow.js${
      nearest(name, known) || `, expected one such as ${known.join(", ")}`
    }`,
    { cause },
  );
}

/** What TensorFlow.js throws at the name of an activation; `null` where it takes it. */
function refusal(tf: TensorFlow, name: string): unknown {
  try {
    tf.layers.activation({ activation: name as "tanh" });
    return null;
  } catch (error) {
    return error;
  }
}

/** A kernel is there as it was drawn, scaled, and as a gradient. */
const COPIES = 3;

/**
 * Refuses a network that a study builds by itself before its kernels are drawn, if the engine could not
 * hold them.
 *
 * @param depth Hidden layers.
 * @param width Units of each, and features.
 * @throws {StudyError} If they are too many: the message says how much memory they would take.
 */
export function requireRoom(depth: number, width: number): void {
  const bytes = COPIES * Float32Array.BYTES_PER_ELEMENT * depth * width ** 2;
  if (bytes <= HEAP_LIMIT) return;
  throw new StudyError(
    `A network of depth ${depth} and width ${width} takes ${formatMemory(bytes)} ` +
      `(its kernels, scaled ones and gradients), expected at most the ${
        HEAP_LIMIT / 2 ** 30
      } GiB of the ` +
      `engine's heap`,
  );
}
