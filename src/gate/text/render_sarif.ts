import { type GateFinding, saidOf } from "../../core/rules/finding.ts";
import { slotsOf } from "../../core/rules/say.ts";
import type { GateResult } from "../../core/diagnosis/gate_result.ts";
import type { GateRule } from "../gate_rules.ts";
import {
  checkedLocate,
  type GateLocation,
  gateTitle,
  isOpen,
  type Locate,
  locateCause,
  type ModelVerdict,
  modelVerdicts,
  type SeedCause,
  withSeeds,
} from "../../core/text/gate_words.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { writeJson } from "../../ground/words/document.ts";
import { findingKeys } from "../../core/rules/shapes/measurement_shape.ts";
import { causeLines, followWords } from "../../core/text/render_diagnosis.ts";
import { rulePage } from "../../core/text/render_rule.ts";
import { callable, list, object, requireValue, string } from "../../ground/words/shape.ts";
import { gateResultShape } from "../../core/diagnosis/result_document.ts";

/** Options of {@linkcode renderSarif} about the tool that wrote the log. */
export interface SarifOptions {
  /** Version of this package. */
  version: string;
  /** All rules. */
  rules: readonly GateRule[];
}

const HOME = "https://jsr.io/@gradient-health/gradient-health";

type Structure = Pick<GateFinding, "kind" | "measured" | "expected" | "threshold" | "figures">;

/** Data of a result, in addition to its text. */
const structure = object<Structure>({
  kind: findingKeys.kind,
  measured: findingKeys.measured,
  expected: findingKeys.expected,
  threshold: findingKeys.threshold,
  figures: findingKeys.figures,
});

const optionsShape = object({
  version: string,
  rules: list(object({ name: string, summary: string, fix: string })),
});

/**
 * Writes a gate's result as a SARIF 2.1.0 log, which GitHub code scanning and editors read. Each
 * cause of each model is a result under the rule that states it; its location is the model's file
 * with the layers, and its consequences are related locations. Suppressed findings, with their
 * reasons, and errors in the configuration are results too. A failed run is a notification of the
 * invocation.
 *
 * @param result The gate's result.
 * @param locate Finds where a layer is defined.
 * @param options Version and rules of the tool.
 * @returns The JSON text.
 *
 * @example Write a result
 * ```ts
 * import { decide, gateRules, resolveConfiguration } from "@gradient-health/gradient-health/gate";
 * import { renderSarif } from "@gradient-health/gradient-health/render";
 *
 * const settings = resolveConfiguration({});
 * const context = { today: "2026-01-31", complete: new Set<string>(), all: true, skipped: 0 };
 * const result = decide([], settings, context);
 * const options = { version: "0.2.0", rules: gateRules() };
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
        ...modelVerdicts(result.runs).flatMap((model) => [
          ...model.causes.map((cause) => causeResult(cause, model, locate, index)),
          ...acceptedOf(model).map((finding) =>
            findingResult(finding, model, locate(model.path, finding.layer), index)
          ),
        ]),
        ...result.findings.map((finding) => findingResult(finding, null, about, index)),
      ],
      columnKind: "utf16CodeUnits",
    }],
  };
  return `${writeJson(log, undefined, 2)}\n`;
}

/** Builds the result of a cause, under the rule that states it. */
function causeResult(
  cause: SeedCause,
  model: ModelVerdict,
  locate: Locate,
  index: Map<string, number>,
): object {
  const { kind, severity, layers, findings: [stated], consequences, seeds } = cause;
  const all = cause.run.measurements.layers;
  const said = causeLines(withSeeds(cause, model), "", all, { width: Infinity, color: false });
  return {
    ...ruleOf(stated.rule, index),
    level: severity,
    message: { text: [visible(`${model.model}: `) + said[0], ...said.slice(1)].join("\n") },
    locations: [placed(locateCause(locate, model.path, layers), model.model, layers)],
    relatedLocations: followWords(consequences, all).map(({ text, layers }, id) => ({
      id,
      ...placed(locateCause(locate, model.path, layers), model.model, layers),
      message: { text: visible(text) },
    })),
    ...fingerprint(["cause", kind, model.model, ...layers]),
    properties: { cause: visible(kind), seeds, ...structure.encode(stated) as object },
    suppressions: [],
  };
}

/** Returns the findings of a model that a suppression accepts, each once for all seeds. */
function acceptedOf({ runs }: ModelVerdict): GateFinding[] {
  const accepted = runs.flatMap(({ findings }) => findings.filter((finding) => !isOpen(finding)));
  return [...Map.groupBy(accepted, nameOf).values()].map(([first]) => first);
}

const nameOf = ({ rule, kind, layer, suppressed }: GateFinding) =>
  JSON.stringify([rule, kind, layer, suppressed]);

/**
 * Builds the result of a finding without a cause: a suppressed one, or one about the configuration.
 */
function findingResult(
  finding: GateFinding,
  model: ModelVerdict | null,
  place: GateLocation | null,
  index: Map<string, number>,
): object {
  const { rule, severity, kind, layer, layers = [], message, fix, suppressed } = finding;
  const about = model === null ? "" : `${model.model}: `;
  // The layer that it is about comes first.
  const named = layer === null ? [] : [layer, ...layers];
  return {
    ...ruleOf(rule, index),
    level: severity,
    message: { text: visible(`${about}${message} ${fix}`) },
    ...place === null ? {} : {
      locations: [placed(place, model?.model ?? null, named)],
      ...fingerprint(
        model === null
          ? [rule, slotsOf(saidOf(finding, "message"))]
          : [rule, kind, model.model, layer],
      ),
    },
    properties: structure.encode(finding),
    // The standard wants this in all results or in none.
    suppressions: suppressed === undefined
      ? []
      : [{ kind: "external", justification: visible(suppressed) }],
  };
}

function ruleOf(rule: string, index: Map<string, number>): object {
  return { ruleId: visible(rule), ...index.has(rule) ? { ruleIndex: index.get(rule) } : {} };
}

/**
 * Returns a location in a file, of layers of a model. GitHub rejects a whole log if one result has
 * none.
 */
function placed(place: GateLocation, model: string | null, layers: readonly string[]): object {
  return {
    physicalLocation: physical(place),
    ...model === null || layers.length === 0 ? {} : {
      logicalLocations: [...new Set(layers)].map((name) => ({
        name: visible(name),
        fullyQualifiedName: visible(`${model}/${name}`),
        kind: "member",
      })),
    },
  };
}

/** Returns a fingerprint that stays the same between runs of the gate. */
function fingerprint(parts: readonly unknown[]): object {
  return { partialFingerprints: { "gradientHealth/v2": visible(JSON.stringify(parts)) } };
}

/** Links to the page of a rule, in the package that JSR serves file by file. */
function helpOf(rule: string, version: string): { helpUri?: string } {
  const page = rulePage(rule);
  return page === null ? {} : { helpUri: `${HOME}/${version}/${page}` };
}

function physical({ file, line }: GateLocation): object {
  return {
    artifactLocation: { uri: uriOf(file) },
    // GitHub shows only results with a line.
    region: { startLine: line ?? 1 },
  };
}

/**
 * Converts a path to a URI reference. A lone surrogate, which a URI cannot hold, becomes U+FFFD;
 * two leading slashes would mean a host.
 */
function uriOf(file: string): string {
  return file.toWellFormed().split("/").map((part) => encodeURIComponent(part)).join("/")
    .replace(/^\/+/, "/");
}

const visible = (text: string) => escapeControls(text);
