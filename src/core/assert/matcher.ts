/**
 * Context that `expect.extend` passes to a matcher: the value, and fields that these matchers do
 * not need.
 */
export interface MatcherContext {
  /** Value passed to `expect`. */
  value: unknown;
  /**
   * True if the value must not match. If set, a matcher throws by itself, see {@linkcode
   * MatcherResult}.
   */
  isNot?: boolean;
}

/**
 * Result of a matcher. If `isNot` is set and the expectation fails, the matcher throws the
 * `AssertionError` of `message` itself, so that `deno test` shows where `expect` was called: a
 * stack made by `expect` starts inside `expect`.
 */
export interface MatcherResult {
  /** True if the value matches. */
  pass: boolean;
  /** Message of the error if the expectation fails. */
  message: () => string;
}

/** Return type of a matcher: nothing, or after `resolves` a promise of nothing. */
export type Outcome<IsAsync> = IsAsync extends true ? Promise<void> : void;
