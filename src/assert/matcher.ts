/** What `expect.extend` passes to a matcher: the value, and more that these matchers do not need. */
export interface MatcherContext {
  /** What was passed to `expect`. */
  value: unknown;
  /** Whether it must not match. With it a matcher throws by itself, see {@linkcode MatcherResult}. */
  isNot?: boolean;
}

/**
 * The result of a matcher. Where `isNot` says what is expected and it is otherwise, the matcher throws the
 * `AssertionError` of `message`, so that `deno test` shows where `expect` was called: a stack that
 * `expect` makes starts in `expect`.
 */
export interface MatcherResult {
  /** Whether the value matches. */
  pass: boolean;
  /** The message of the error if it should have been otherwise. */
  message: () => string;
}

/** What a matcher returns: nothing, or after `resolves` a promise of nothing. */
export type Outcome<IsAsync> = IsAsync extends true ? Promise<void> : void;
