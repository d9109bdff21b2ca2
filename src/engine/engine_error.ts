/**
 * The engine could not start, or not as asked. The message is one sentence that says what to allow,
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
  /** The class's name, for when `instanceof` cannot be used. */
  override readonly name = "EngineError";
}
