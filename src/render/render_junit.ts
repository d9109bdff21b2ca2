import { formatCount } from "../words/numbers.ts";
import type { GateFinding, GateResult, GateRun } from "../gate/gate_result.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { gateTitle } from "./gate_words.ts";
import { requireValue } from "../words/requirements.ts";
import { gateResultShape } from "../checks/requirements.ts";

/**
 * Writes a gate's result as JUnit XML: a suite for every run, a test case for every rule that was run.
 * A rule that found an error is a failure, a run that could not be made an error; warnings and notes
 * stand in the test case's output. There is no time in it: the same figures give the same bytes.
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
  if (tooManyWarnings(result)) suites.push(warningsSuite(result));
  const sum = (key: "tests" | "failures" | "errors") =>
    suites.reduce((total, suite) => total + suite[key], 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="gradient-health" tests="${sum("tests")}" failures="${
      sum("failures")
    }" errors="${sum("errors")}">`,
    ...suites.flatMap(({ name, file, tests, failures, errors, cases }) => [
      `  <testsuite name=${quote(name)}${
        file === null ? "" : ` file=${quote(file)}`
      } tests="${tests}" failures="${failures}" errors="${errors}" skipped="0">`,
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
  cases: string[];
}

function runSuite(run: GateRun, rules: string[]): Suite {
  const { path: file, error, findings } = run;
  const name = gateTitle(run);
  if (error !== null) {
    const body = [problem("error", "unmeasured", error, escapeControls(error))];
    const cases = testCase(name, "measured", file, body);
    return { name, file, tests: 1, failures: 0, errors: 1, cases };
  }
  return {
    name,
    file,
    ...casesOf(name, rules, file, findings),
  };
}

function ownSuite(findings: GateFinding[]): Suite {
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  const name = "configuration";
  return { name, file: null, ...casesOf(name, rules, null, findings) };
}

function casesOf(
  name: string,
  rules: string[],
  file: string | null,
  findings: GateFinding[],
): Pick<Suite, "tests" | "failures" | "errors" | "cases"> {
  let failures = 0;
  const cases = rules.flatMap((rule) => {
    const found = findings.filter((finding) => finding.rule === rule);
    const failed = found.filter(({ severity }) => severity === "error");
    const said = found.filter(({ severity }) => severity !== "error");
    if (failed.length > 0) failures++;
    return testCase(name, rule, file, [
      ...failed.length === 0 ? [] : [failure(failed)],
      ...said.length === 0
        ? []
        : [`      <system-out>${escape(said.map(line).join("\n"))}</system-out>`],
    ]);
  });
  return { tests: rules.length, failures, errors: 0, cases };
}

function failure(failed: GateFinding[]): string {
  // One failure per test case: some readers show only the first, others refuse a second.
  const more = failed.length === 1 ? "" : ` (and ${failed.length - 1} more)`;
  const message = `${failed[0].message}${more}`;
  return problem("failure", "error", message, failed.map(line).join("\n"));
}

/** Jenkins shows the message, GitLab the text alone. */
function problem(element: string, type: string, message: string, text: string): string {
  return `      <${element} message=${quote(message)} type="${type}">${escape(text)}</${element}>`;
}

function line({ severity, layer, message, advice, suppressed }: GateFinding): string {
  const accepted = suppressed === undefined ? "" : ` Suppressed: ${suppressed}`;
  return escapeControls(`${severity} ${layer ?? "whole model"}: ${message} ${advice}${accepted}`);
}

function testCase(suite: string, name: string, file: string | null, body: string[]): string[] {
  const where = file === null ? "" : ` file=${quote(file)}`;
  const head = `    <testcase classname=${quote(suite)} name=${quote(name)}${where}`;
  return body.length === 0 ? [`${head}/>`] : [`${head}>`, ...body, "    </testcase>"];
}

function tooManyWarnings({ maxWarnings, summary }: GateResult): boolean {
  return maxWarnings !== null && summary.warnings > maxWarnings;
}

function warningsSuite({ maxWarnings, summary }: GateResult): Suite {
  const message = `${formatCount(summary.warnings, "warning")} ${
    summary.warnings === 1 ? "exceeds" : "exceed"
  } maxWarnings (${maxWarnings})`;
  const body = [problem("failure", "warnings", message, message)];
  const name = "warnings";
  const cases = testCase(name, "max-warnings", null, body);
  return { name, file: null, tests: 1, failures: 1, errors: 0, cases };
}

const quote = (text: string) => `"${escape(escapeControls(text))}"`;

/** Text escaped for XML, in which a CI system finds no command. */
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
