/**
 * Error if the engine cannot start as requested. The message says in one sentence what to allow,
 * install or call; the stack adds nothing.
 *
 * @example Tell the user, without a stack trace
 * ```ts
 * import { EngineError, startEngine } from "@gradient-health/gradient-health/engine";
 *
 * try {
 *   await using engine = await startEngine();
 *   console.log(`TensorFlow.js ${engine.version}`);
 * } catch (error) {
 *   if (!(error instanceof EngineError)) throw error;
 *   console.error(error.message);
 * }
 * ```
 */
export class EngineError extends Error {
  /** Name of the class, for use when `instanceof` cannot be used. */
  override readonly name = "EngineError";
}
