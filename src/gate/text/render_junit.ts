import type { Cause } from "../../core/diagnosis/diagnosis.ts";
import type { NamedLayers } from "../../core/diagnosis/fix_words.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import type { GateResult, GateRun } from "../../core/diagnosis/gate_result.ts";
import type { GateFinding } from "../../core/rules/finding.ts";
import { diagnosisOf, gateTitle, tooManyWarnings } from "../../core/text/gate_words.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { causeLines, fixWords } from "../../core/text/render_diagnosis.ts";
import { requireValue } from "../../ground/words/shape.ts";
import { gateResultShape } from "../../core/diagnosis/result_document.ts";

/**
 * Writes a gate's result as JUnit XML: a suite for every run, a test case for every rule that was
 * run. A cause fails the test case of the rule that states it; the test cases of rules whose errors
 * only follow from it are skipped, and say so. A failed run is an error; warnings and notes are in
 * the test case's output. Times are left out, so the same figures give the same bytes.
 *
 * @param result The gate's result.
 * @returns The XML, with a newline at its end.
 *
 * @example Write a result
 * ```ts
 * import { decide, resolveConfiguration } from "@gradient-health/gradient-health/gate";
 * import { renderJunit } from "@gradient-health/gradient-health/render";
 *
 * const settings = resolveConfiguration({});
 * const context = { today: "2026-01-31", complete: new Set<string>(), all: true, skipped: 0 };
 * const result = decide([], settings, context);
 * console.log(renderJunit(result));
 * ```
 */
export function renderJunit(result: GateResult): string {
  requireValue("result", result, gateResultShape);
  const judging = result.rules.filter((rule) => !result.configurationRules.includes(rule));
  const suites = result.runs.map((run) => runSuite(run, judging));
  if (result.findings.length > 0) suites.push(ownSuite(result.findings));
  const tooMany = tooManyWarnings(result);
  if (tooMany !== null) suites.push(warningsSuite(tooMany));
  const sum = (key: "tests" | "failures" | "errors") =>
    suites.reduce((total, suite) => total + suite[key], 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="gradient-health" tests="${sum("tests")}" failures="${
      sum("failures")
    }" errors="${sum("errors")}">`,
    ...suites.flatMap(({ name, file, tests, failures, errors, skipped, cases }) => [
      `  <testsuite name=${quote(name)}${
        file === null ? "" : ` file=${quote(file)}`
      } tests="${tests}" failures="${failures}" errors="${errors}" skipped="${skipped}">`,
      ...cases,
      "  </testsuite>",
    ]),
    "</testsuites>",
    "",
  ].join("\n");
}

interface Suite {
  name: string;
  file: string | null;
  tests: number;
  failures: number;
  errors: number;
  skipped: number;
  cases: string[];
}

function runSuite(run: GateRun, rules: string[]): Suite {
  const { path: file, error, findings, measurements } = run;
  const name = gateTitle(run);
  if (measurements === null) {
    const body = [problem("error", "unmeasured", error ?? "", escapeControls(error ?? ""))];
    const cases = testCase(name, "measured", file, body);
    return { name, file, cases, tests: 1, failures: 0, errors: 1, skipped: 0 };
  }
  const { causes } = diagnosisOf({ ...run, measurements });
  const failing = causes.filter(({ severity }) => severity === "error");
  const order = measurements.layers;
  return suiteOf({ name, file, rules, findings }, (rule, failed) => {
    // The first finding of a cause belongs to the rule that states it.
    const own = failing.filter((cause) => cause.findings[0].rule === rule);
    if (own.length > 0) return failure(own, order);
    const cause = failing.find((cause) =>
      failed.some((finding) => cause.findings.includes(finding))
    );
    return cause === undefined ? null : follows(cause);
  });
}

/** Builds the suite of the configuration. Its findings have no causes: each fails by itself. */
function ownSuite(findings: GateFinding[]): Suite {
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  return suiteOf({ name: "configuration", file: null, rules, findings }, (_, failed) => {
    if (failed.length === 0) return null;
    const more = failed.length === 1 ? "" : ` (and ${failed.length - 1} more)`;
    return problem("failure", "error", `${failed[0].message}${more}`, failed.map(line).join("\n"));
  });
}

/**
 * Builds a suite with a test case for each rule; `judge` decides its result from the errors of the
 * rule.
 */
function suiteOf(
  { name, file, rules, findings }: {
    name: string;
    file: string | null;
    rules: string[];
    findings: GateFinding[];
  },
  judge: (rule: string, failed: GateFinding[]) => string | null,
): Suite {
  const ends = rules.map((rule) => {
    const found = findings.filter((finding) => finding.rule === rule);
    const said = found.filter(({ severity }) => severity !== "error");
    const end = judge(rule, found.filter(({ severity }) => severity === "error"));
    return { rule, said, end };
  });
  const count = (element: string) =>
    ends.filter(({ end }) => end?.trimStart().startsWith(`<${element} `)).length;
  return {
    name,
    file,
    tests: rules.length,
    failures: count("failure"),
    errors: 0,
    skipped: count("skipped"),
    cases: ends.flatMap(({ rule, said, end }) =>
      testCase(name, rule, file, [
        ...end === null ? [] : [end],
        ...said.length === 0
          ? []
          : [`      <system-out>${escape(said.map(line).join("\n"))}</system-out>`],
      ])
    ),
  };
}

/**
 * Combines the causes that a rule states into one failure, since some readers show only the first
 * of a test case.
 */
function failure(causes: readonly Cause[], layers: NamedLayers): string {
  const more = causes.length === 1 ? "" : ` (and ${formatCount(causes.length - 1, "more cause")})`;
  const [fix] = fixWords(causes[0], layers);
  const message = `${causes[0].message}${fix === undefined ? "" : ` Fix: ${fix}`}${more}`;
  const style = { width: Infinity, color: false };
  const text = causes.flatMap((cause, i) => [
    ...causeLines(cause, causes.length === 1 ? "" : `${i + 1}. `, layers, style),
    // The fix has been stated above.
    ...cause.findings.map((finding) => line({ ...finding, fix: "" })),
  ]);
  const type = causes.every(({ kind }) => kind === "baseline") ? "changed" : "error";
  return problem("failure", type, message, text.join("\n"));
}

/** Skips a test case whose errors follow from a cause that fails another one. */
function follows({ message, findings: [{ rule }] }: Cause): string {
  return `      <skipped message=${quote(`Follows from ${rule}: ${message}`)}/>`;
}

/** Jenkins shows the message, GitLab only the text. */
function problem(element: string, type: string, message: string, text: string): string {
  return `      <${element} message=${quote(message)} type="${type}">${escape(text)}</${element}>`;
}

function line({ severity, layer, message, fix, suppressed }: GateFinding): string {
  const accepted = suppressed === undefined ? "" : ` Suppressed: ${suppressed}`;
  const also = fix === "" ? "" : ` ${fix}`;
  return escapeControls(`${severity} ${layer ?? "whole model"}: ${message}${also}${accepted}`);
}

function testCase(suite: string, name: string, file: string | null, body: string[]): string[] {
  const where = file === null ? "" : ` file=${quote(file)}`;
  const head = `    <testcase classname=${quote(suite)} name=${quote(name)}${where}`;
  return body.length === 0 ? [`${head}/>`] : [`${head}>`, ...body, "    </testcase>"];
}

function warningsSuite(message: string): Suite {
  const body = [problem("failure", "warnings", message, message)];
  const name = "warnings";
  const cases = testCase(name, "max-warnings", null, body);
  return { name, file: null, cases, tests: 1, failures: 1, errors: 0, skipped: 0 };
}

const quote = (text: string) => `"${escape(escapeControls(text))}"`;

/** Escapes text for XML, and any command of a CI system in it. */
function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]).replaceAll("##[", "##&#91;");
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
