/** What `expect.extend` passes to a matcher: the value, and more that these matchers do not need. */
export interface MatcherContext {
  /** What was passed to `expect`. */
  value: unknown;
}

/** The result of a matcher. */
export interface MatcherResult {
  /** Whether the value matches. */
  pass: boolean;
  /** The message of the error if it should have been otherwise. */
  message: () => string;
}

/** What a matcher returns: nothing, or after `resolves` a promise of nothing. */
export type Outcome<IsAsync> = IsAsync extends true ? Promise<void> : void;
