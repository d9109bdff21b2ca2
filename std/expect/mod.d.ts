// The part of @std/expect that this repository uses.

/** Answer of a matcher. */
export interface ExtendMatchResult {
  message: () => string;
  pass: boolean;
}
/** Context of a matcher. */
export interface MatcherContext {
  value: unknown;
  isNot: boolean;
  customMessage: string | undefined;
}
// deno-lint-ignore no-explicit-any
export type ExtendMatcher = (context: MatcherContext, ...args: any[]) => ExtendMatchResult;
/** Result of `expect`. */
export interface Expected<IsAsync = false> {
  toBe(expected: unknown): IsAsync extends true ? Promise<void> : void;
  toEqual(expected: unknown): IsAsync extends true ? Promise<void> : void;
  not: IsAsync extends true ? Expected<true> : Expected<false>;
  resolves: Expected<true>;
  rejects: Expected<true>;
}
export interface expect {
  <T extends Expected = Expected>(value: unknown, customMessage?: string): T;
  extend(matchers: Record<string, ExtendMatcher>): void;
}
export declare const expect: expect;
