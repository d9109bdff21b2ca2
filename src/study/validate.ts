import { formatMemory } from "../words/numbers.ts";
import { HEAP_LIMIT } from "../engine/guard_heap.ts";
import type { TensorFlow } from "../engine/tensorflow.ts";
import { ACTIVATION_FUNCTIONS } from "../theory/activation_functions.ts";
import { nearest } from "../words/nearest.ts";
import { showValue } from "../words/show_value.ts";
import { StudyError } from "./study_error.ts";
import type { StudySubject } from "./study_subject.ts";

/**
 * Rejects an object with unknown keys, because misspelt ones would be ignored silently.
 *
 * @param what Name of the object, for the message.
 * @param given The object.
 * @param known The allowed keys.
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
 * Validates the subject of a study.
 *
 * @throws {TypeError} If it is not a function, a network of a known name, or a file.
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
 * Requires that TensorFlow.js has an activation, and returns its name.
 *
 * @throws {TypeError} If it has none of that name.
 */
export function requireActivation(tf: TensorFlow, name: string): string {
  const cause = refusal(tf, name);
  if (cause === null) return name;
  // The theory knows some that are only layers in TensorFlow.js, such as leakyRelu.
  const known = Object.keys(ACTIVATION_FUNCTIONS).filter((other) => refusal(tf, other) === null);
  throw new TypeError(
    `activation ${showValue(name)} is not known to TensorFlow.js${
      nearest(name, known) || `, expected one such as ${known.join(", ")}`
    }`,
    { cause },
  );
}

/** Returns the error of TensorFlow.js for the name of an activation; `null` if it accepts it. */
function refusal(tf: TensorFlow, name: string): unknown {
  try {
    tf.layers.activation({ activation: name as "tanh" });
    return null;
  } catch (error) {
    return error;
  }
}

/** Copies of a kernel: as drawn, scaled, and its gradient. */
const COPIES = 3;

/**
 * Rejects a network of the study's own if the engine could not hold its kernels, before they are
 * drawn.
 *
 * @param depth Hidden layers.
 * @param width Units of each, and features.
 * @throws {StudyError} If they are too many: the message says how much memory they need.
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
