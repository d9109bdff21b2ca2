import { showValue } from "../words/show_value.ts";
import { requireKnown } from "./require_known.ts";
import type { StudySubject } from "./study_subject.ts";

/**
 * Checks what a study is to study.
 *
 * @throws {TypeError} If it is neither a function, nor a network of a known name, nor a file.
 */
export function requireSubject(subject: StudySubject): void {
  if (typeof subject === "function") return;
  const isFile = Object.hasOwn(Object(subject), "model");
  requireKnown("what is studied", subject, isFile ? ["model", "register"] : ["network"]);
  const { network, model } = subject as { network?: unknown; model?: unknown };
  if (isFile ? typeof model === "string" : network === "dense" || network === "exercise") return;
  throw new TypeError(
    isFile
      ? `model is ${showValue(model)}, expected the path of a model`
      : `network is ${showValue(network)}, expected "dense" or "exercise"`,
  );
}
