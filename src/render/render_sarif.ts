import { saidOf } from "../checks/finding.ts";
import { slotsOf } from "../checks/sentence.ts";
import type { GateFinding, GateResult, GateRun } from "../gate/gate_result.ts";
import type { GateRule } from "../gate/gate_rules.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { writeJson } from "../words/write_json.ts";
import { findingKeys } from "../documents/finding_shape.ts";
import type { GateLocation, Locate } from "./gate_location.ts";
import { checkedLocate, gateTitle } from "./gate_words.ts";
import { rulePage } from "./render_rule.ts";
import { object } from "../documents/shape.ts";
import { arrayOf, callable, objectWith, requireValue, text } from "../words/requirements.ts";
import { gateResultShape } from "../checks/requirements.ts";

/** Options of {@linkcode renderSarif}: what the log says about the tool that wrote it. */
export interface SarifOptions {
  /** Version of this package. */
  version: string;
  /** All rules. */
  rules: readonly GateRule[];
}

const HOME = "https://jsr.io/@gradient-health/gradient-health";

type Structure = Pick<GateFinding, "kind" | "measured" | "expected" | "threshold" | "figures">;

/** What a result is beside its text. */
const structure = object<Structure>({
  kind: findingKeys.kind,
  measured: findingKeys.measured,
  expected: findingKeys.expected,
  threshold: findingKeys.threshold,
  figures: findingKeys.figures,
});

const optionsShape = objectWith({
  version: text,
  rules: arrayOf(objectWith({ name: text, summary: text, fix: text })),
});

/**
 * Writes a gate's result as a SARIF 2.1.0 log, which GitHub code scanning and editors read: a result for
 * every finding, with the model's file and the layer as its logical location; a suppressed finding
 * carries the reason; a run that could not be made is a notification of the invocation.
 *
 * @param result The gate's result.
 * @param locate Where a layer is defined.
 * @param options Version and rules of the tool.
 * @returns The JSON text.
 *
 * @example Write a result
 * ```ts
 * import { decide, GATE_RULES, resolveConfiguration } from "@gradient-health/gradient-health/gate";
 * import { renderSarif } from "@gradient-health/gradient-health/render";
 *
 * const settings = resolveConfiguration({});
 * const context = { today: "2026-01-31", complete: new Set<string>(), all: true, skipped: 0 };
 * const result = decide([], settings, context);
 * const options = { version: "0.1.0", rules: GATE_RULES };
 * console.log(renderSarif(result, (file) => ({ file, line: null }), options));
 * ```
 */
export function renderSarif(result: GateResult, given: Locate, options: SarifOptions): string {
  requireValue("result", result, gateResultShape);
  requireValue("locate", given, callable);
  const locate = checkedLocate(given);
  requireValue("options", options, optionsShape);
  const { version, rules } = options;
  const index = new Map(rules.map(({ name }, index) => [name, index]));
  const { configuration } = result;
  const about = configuration === null ? null : locate(configuration, null);
  const unmeasured = result.runs.filter(({ error }) => error !== null);
  const log = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{
      tool: {
        driver: {
          name: "gradient-health",
          version,
          informationUri: HOME,
          rules: rules.map(({ name, summary, fix }) => ({
            id: name,
            shortDescription: { text: summary },
            fullDescription: { text: summary },
            help: { text: fix },
            ...helpOf(name, version),
            defaultConfiguration: { level: "error" },
          })),
        },
      },
      invocations: [{
        executionSuccessful: unmeasured.length === 0,
        toolExecutionNotifications: unmeasured.map((run) => ({
          level: "error",
          message: { text: visible(`${gateTitle(run)}: ${run.error}`) },
          locations: [{ physicalLocation: physical(locate(run.path, null)) }],
        })),
      }],
      results: [
        ...result.runs.flatMap((run) =>
          run.findings.map((finding) =>
            resultOf(finding, run, locate(run.path, finding.layer), index)
          )
        ),
        ...result.findings.map((finding) => resultOf(finding, null, about, index)),
      ],
      columnKind: "utf16CodeUnits",
    }],
  };
  return `${writeJson(log, undefined, 2)}\n`;
}

function resultOf(
  finding: GateFinding,
  run: GateRun | null,
  place: GateLocation | null,
  index: Map<string, number>,
): object {
  const { rule, severity, kind, layer, layers = [], message, advice, suppressed } = finding;
  const about = run === null ? "" : `${gateTitle(run)}: `;
  return {
    ruleId: visible(rule),
    ...index.has(rule) ? { ruleIndex: index.get(rule) } : {},
    level: severity,
    message: { text: visible(`${about}${message} ${advice}`) },
    ...place === null ? {} : {
      // GitHub refuses a whole log in which one result has none.
      locations: [{
        physicalLocation: physical(place),
        ...run === null || layer === null ? {} : {
          // The layer that it is about comes first.
          logicalLocations: [...new Set([layer, ...layers])].map((name) => ({
            name: visible(name),
            fullyQualifiedName: visible(`${run.model}/${name}`),
            kind: "member",
          })),
        },
      }],
      partialFingerprints: {
        "gradientHealth/v1": visible(
          JSON.stringify(
            run === null
              ? [rule, slotsOf(saidOf(finding, "message"))]
              : [rule, kind, run.model, run.seed, layer],
          ),
        ),
      },
    },
    properties: structure.encode(finding),
    // Of all results or of none, says the standard.
    suppressions: suppressed === undefined
      ? []
      : [{ kind: "external", justification: visible(suppressed) }],
  };
}

/** The page of a rule, in the package that JSR serves file by file. */
function helpOf(rule: string, version: string): { helpUri?: string } {
  const page = rulePage(rule);
  return page === null ? {} : { helpUri: `${HOME}/${version}/${page}` };
}

function physical({ file, line }: GateLocation): object {
  return {
    artifactLocation: { uri: uriOf(file) },
    // GitHub shows only what has a line.
    region: { startLine: line ?? 1 },
  };
}

/**
 * A path as a URI reference; a lone surrogate, which no URI can hold, becomes U+FFFD. Two slashes at the
 * beginning would be a host.
 */
function uriOf(file: string): string {
  return file.toWellFormed().split("/").map((part) => encodeURIComponent(part)).join("/")
    .replace(/^\/+/, "/");
}

const visible = (text: string) => escapeControls(text);
