import type { Measurements } from "../measure/measurements.ts";
import type { ProbeSubject } from "../probe/probe_options.ts";
import { barChart, type BarChartRow } from "../text/bar_chart.ts";
import { type Figure, figureChart } from "../text/chart_model.ts";
import { cutNames } from "../text/fit_text.ts";
import { type Finding, fixLine, saidOf } from "../rules/finding.ts";
import type { RuleDocumentation } from "../rules/rule.ts";
import { layerNames, number, say, sayPlain, type Sentence } from "../rules/say.ts";
import { defuse } from "../../ground/words/failure.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { AssertionError } from "@std/assert/assertion-error";
import { builtin } from "../../platform/builtins.ts";

/** These keep an assertion's message under 25 lines, its `msg` included. */
const MAX_FINDINGS = 4;
const MAX_ADVICE = 2;
const MAX_BARS = 12;

/** Subject of a message. */
interface Failure {
  /** Rule that is broken. */
  rule: Pick<RuleDocumentation, "name" | "problem">;
  /** Model and batch. */
  subject: ProbeSubject;
  /** Errors of the rule. */
  errors: Finding[];
  /** Layers that the rule judges, in their order. */
  layers: { name: string; className: string }[];
  /** Figure that was judged. */
  figure: Figure;
}

/**
 * Returns the message of a failed assertion: the model and its seed, every offender with its
 * figures, the fix, and a bar chart of the figure that was judged.
 */
export function failureMessage(
  { rule, subject, errors, layers, figure }: Failure,
  msg: string | undefined,
): string {
  const nameOf = shortNames(layers.map(({ name }) => name));
  const plain = (sentence: Sentence) => sayPlain(sentence, nameOf);
  const fix = new Set(errors.map((error) => plain(saidOf(error, "fix"))));
  const isUnjudged = errors.every(({ unjudged }) => unjudged);
  const what = isUnjudged ? "gave nothing to judge" : `has ${rule.problem}`;
  return [
    ...[
      `${describeModel(subject)} ${what} (rule ${rule.name}):`,
      ...errors.slice(0, MAX_FINDINGS).map((error) => `- ${plain(saidOf(error, "message"))}`),
      ...others(errors.slice(MAX_FINDINGS), layers).map(plain),
      ...[...fix].slice(0, MAX_ADVICE).map(fixLine),
    ].map(oneLine),
    // If nothing was judged, there is no figure to show.
    ...(isUnjudged ? [] : figureLines(figure, errors, MAX_BARS)),
    ...(msg === undefined ? [] : [msg]),
  ].join("\n");
}

function others(rest: Finding[], layers: Failure["layers"]): Sentence[] {
  if (rest.length === 0) return [];
  const names = new Set(rest.map(({ layer }) => layer));
  const ordered = layers.map(({ name }) => name).filter((name) => names.has(name));
  return [say`- and ${number(rest.length)} more: ${layerNames(ordered, layers)}`];
}

/** Longer names hardly tell more layers apart, and fill a test log. */
const MAX_NAME = 48;

/**
 * Returns a function that shortens names for a message. Names come from files of others, so long
 * ones are cut in the middle, and stay distinct.
 *
 * @param names All names that the message may contain.
 */
export function shortNames(names: readonly string[]): (name: string) => string {
  const long = [...new Set(names)].filter((name) => name.length > MAX_NAME);
  const shown = cutNames(long, MAX_NAME);
  const short = new Map(long.map((name, i) => [name, shown[i]]));
  return (name) => short.get(name) ?? name;
}

/**
 * Shortens long names anywhere in plain data. The sentences about causes are already written, with
 * the names in them.
 *
 * @param measurements The source of the names.
 */
export function withShortNames<T>(
  value: T,
  nameOf: (name: string) => string,
  { layers }: Pick<Measurements, "layers">,
): T {
  // Longest first: a name may be part of another one.
  const long = layers.map(({ name }) => name).filter((name) => nameOf(name) !== name)
    .toSorted((a, b) => b.length - a.length);
  const cut = (part: unknown): unknown => {
    if (typeof part === "string") {
      return long.reduce((text, name) => text.replaceAll(name, () => nameOf(name)), part);
    }
    if (Array.isArray(part)) return part.map(cut);
    if (typeof part !== "object" || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, cut(inner)]));
  };
  return long.length === 0 ? value : cut(value) as T;
}

/**
 * Turns a sentence into one line of a message: line breaks and control characters become visible.
 */
export function oneLine(text: string): string {
  return defuse(escapeControls(text));
}

/** Describes a model with its seeds and batch, precisely enough to measure it again. */
export function describeModel({ model, seed, batch, objective }: ProbeSubject): string {
  const drawn = batch.seed === null ? "" : ` of seed ${batch.seed}`;
  const aim = objective === undefined ? "" : `, objective "${objective.name}"`;
  const under = seed === null ? "" : `seed ${seed}, `;
  const from = model.source == null ? "" : ` from ${model.source}`;
  const text = `Model "${shortNames([model.name])(model.name)}"${from} (${under}${
    formatCount(batch.examples, "example")
  }${drawn}${aim})`;
  return oneLine(text);
}

/** Columns of a chart in a test log. */
const WIDTH = 80;

/**
 * Draws a bar chart of the figure that a rule judges, with the offenders marked.
 *
 * @returns A title, an axis, up to `maxRows` bars, and a line if there are more; empty if no row
 * has the figure.
 */
export function figureLines(figure: Figure, findings: Finding[], maxRows: number): string[] {
  const { title, axis: { scale }, bars } = figureChart(figure, findings);
  if (bars.length === 0) return [];
  const rows = bars.map(({ label, value, mark }): BarChartRow => ({
    label,
    value,
    ...(mark === null ? {} : { mark }),
  }));
  return [`${title}:`, ...barChart(rows, { width: WIDTH, scale, maxRows }).split("\n").map(defuse)];
}

export type Fail = (message: string) => AssertionError;

/**
 * Records where an assertion is called and puts it into the error on failure: `deno test` shows the
 * first location of an error's stack, which should be in the user's code. It is recorded when the
 * assertion begins, since after an `await` the stack lacks callers that do not await it.
 *
 * @param assertion The function that the user calls. Stacks omit it and everything that it calls.
 * @returns A function that makes the error.
 */
export function failureOf(assertion: (...args: never[]) => unknown): Fail {
  const error = new AssertionError("");
  // The text of a stack, which begins with the message, is created when it is first read.
  Error.captureStackTrace(error, assertion);
  return (message) => Object.assign(error, { message });
}

/** Location in a file. */
export interface CallSite {
  url: string;
  line: number;
  column: number;
}

/** Location at the end of a line of a stack. */
const FRAME = /((?:file|https?):\/\/.+):(\d+):(\d+)\)?$/;

/** Returns the locations of the calls in a stack, latest first, without those of Deno itself. */
export function callSites(stack = ""): CallSite[] {
  return stack.split("\n").flatMap((frame) => {
    const [, url, line, column] = frame.match(FRAME) ?? [];
    return url === undefined ? [] : [{ url, line: Number(line), column: Number(column) }];
  });
}

/**
 * Calls a function as if the call were at a location in a user's file. Deno reports a test or a
 * step at the line that registers it, which would be one of this package. So the call goes through
 * code that is compiled with the name of that file and at that line.
 *
 * @param site The location. An ordinary call has `undefined`, or a location that is not on disk.
 * @param call The function. It must not be one of this package that makes the call, since Deno
 * would report that one.
 */
export function callAt<A extends unknown[], T>(
  site: CallSite | undefined,
  call: (...args: A) => T,
  ...args: A
): T {
  if (site === undefined || !site.url.startsWith("file://")) return call(...args);
  const code = "(call, args) => call(...args)";
  // Deno maps a location by the source map of its file, but this one is already mapped. With an
  // escaped dot in the name, it finds no source map but shows the same file.
  const filename = site.url.replace(/\.(?=[^./]*$)/, "%2E");
  // Not imported: that takes time, and most users need no such call.
  // deno-lint-ignore no-process-global
  const { runInThisContext } = builtin("vm");
  const place = { filename, lineOffset: site.line - 1 };
  const columnOffset = site.column - 1 - code.lastIndexOf("call");
  return runInThisContext(code, { ...place, columnOffset })(call, args);
}

/**
 * Makes an error like that of {@linkcode failureOf} with one location, for an assertion that the
 * user does not call directly.
 */
export function failureAt(site: CallSite, message: string): AssertionError {
  const error = new AssertionError(message);
  const { stackTraceLimit } = Error;
  const capture = () => Error.captureStackTrace(error, capture);
  try {
    Error.stackTraceLimit = 1;
    callAt(site, capture);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return error;
}
