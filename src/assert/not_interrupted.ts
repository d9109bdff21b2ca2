import { AssertionError } from "@std/assert/assertion-error";
import { EngineError } from "../engine/engine.ts";
import { runningEngine } from "../engine/running_engine.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import { isDisposed } from "../model/is_disposed.ts";

/**
 * Runs an assertion. If it fails because its engine was stopped or its model disposed in the
 * meantime, explains that: a test that does not await the assertion goes on without it.
 *
 * @param work The code of the assertion.
 * @throws {EngineError} If something failed and the engine or the model is gone.
 */
export async function notInterrupted<T>(
  assertion: string,
  model: LayersModel,
  work: () => Promise<T>,
): Promise<T> {
  const engine = runningEngine();
  // Anything other than a model is rejected by the work itself.
  const isGone = (model: LayersModel) => Array.isArray(Object(model).layers) && isDisposed(model);
  const wasGone = isGone(model);
  try {
    return await work();
  } catch (error) {
    if (error instanceof AssertionError) throw error;
    const isStopped = engine !== null && runningEngine() !== engine;
    if (!isStopped && (wasGone || !isGone(model))) throw error;
    const what = isStopped ? "The engine was stopped" : "The model was disposed";
    throw new EngineError(
      `${what} while ${assertion} was measuring: is an \`await\` missing?`,
      { cause: error },
    );
  }
}
