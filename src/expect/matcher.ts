/** What `expect.extend` hands to a matcher: the value, and more that these matchers do not need. */
export interface MatcherContext {
  /** What was handed to `expect`. */
  value: unknown;
}

/** What a matcher answers. */
export interface MatcherResult {
  /** Whether the value matches. */
  pass: boolean;
  /** The text of the error if that is not as it should be. */
  message: () => string;
}

/** What a matcher returns: nothing, or after `resolves` a promise of nothing. */
export type Outcome<IsAsync> = IsAsync extends true ? Promise<void> : void;
