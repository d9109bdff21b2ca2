import type { ProbeSubject } from "../../src/core/probe/probe_options.ts";
import type {
  AssertionDocumentation,
  ModelRule,
  RuleDocumentation,
} from "../../src/core/rules/rule.ts";
import { comment, dedent, unionOf, wrap } from "./doc_text.ts";
import type { RuleFile } from "./read_rules.ts";

/** Parts of a rule that an assertion needs. */
type Documented = RuleDocumentation & { assertionDocumentation?: AssertionDocumentation };

const REFUSES = "If a threshold is out of range or a layer filter matches no layer.";

const IMPORTS = {
  options: 'import type { RuleOptions } from "../rules/rule.ts";',
  measurements: 'import type { Measurements } from "../measure/measurements.ts";',
  rule: 'import { judgeRuleFor } from "./assert_rule.ts";',
  failure: 'import { failureOf } from "./failure_message.ts";',
};

/** Returns the comment of an assertion, from its rule's record. */
function documentation(rule: Documented, defaults: string, params: readonly string[]): string {
  const documented = requireDocumentation(rule);
  return comment([
    ...wrap(`Asserts ${documented.asserts}`),
    "",
    ...wrap(
      `${
        defaults === "" ? "" : `Defaults: ${defaults} `
      }\`gradient-health explain ${rule.name}\` ` +
        "prints the definition, its source, and when it misleads.",
    ),
    "",
    ...params.flatMap((param) => wrap(`@param ${param}`)),
    "@param msg Appended to the message.",
    "",
    ...exampleAndThrows(documented),
  ]);
}

/** Returns the end of every assertion's comment. */
function exampleAndThrows({ example, throws, refuses }: AssertionDocumentation): string[] {
  return [
    `@example ${example.title}`,
    "```ts",
    ...dedent(example.code),
    "```",
    "",
    ...wrap(`@throws {AssertionError} ${throws}`),
    ...wrap(
      "@throws {InputError} If an argument is invalid, or " +
        (refuses ?? REFUSES).replace(/^If/, "if"),
    ),
  ];
}

function requireDocumentation(rule: Documented): AssertionDocumentation {
  if (rule.assertionDocumentation === undefined) {
    throw new Error(`The rule ${rule.name} needs asserts, throws and example for its assertion`);
  }
  return rule.assertionDocumentation;
}

/** Lists the default thresholds: `deadFraction` 0.5, `minExamples` 8. */
function defaultsOf({ thresholds }: RuleDocumentation): string {
  const entries = Object.entries(thresholds);
  if (entries.length === 0) return "";
  return `${entries.map(([name, { default: value }]) => `\`${name}\` ${value}`).join(", ")}.`;
}

const optionsOf = ({ thresholds }: RuleDocumentation) =>
  `RuleOptions<${unionOf(Object.keys(thresholds))}>`;

const MEASURED = "measurements Result of `measure()`.";
const OPTIONS = "options Other thresholds, and which layers to judge.";

/** Returns the path by which the assertions import a file of the core. */
const fromAssertions = (file: string) => file.replace("src/core/", "../");

/** Writes the assertion over measurements of a rule. */
export function writeAssertion({ file, constant, rule }: RuleFile<Documented>): string {
  return [
    IMPORTS.options,
    `import { ${constant} } from "${fromAssertions(file)}";`,
    IMPORTS.measurements,
    IMPORTS.rule,
    IMPORTS.failure,
    "",
    documentation(rule, defaultsOf(rule), [MEASURED, OPTIONS]),
    `export function ${rule.assertion}(measurements: Measurements, options?: ${optionsOf(rule)}, ` +
    "msg?: string): void {",
    `judgeRuleFor({ fail: failureOf(${rule.assertion}), rule: ${constant} }, measurements, options, msg);`,
    "}",
    "",
  ].join("\n");
}

/** Writes the assertion that figures stay near those of a baseline. */
export function writeBaselineAssertion(rule: Documented): string {
  const baseline =
    "baseline Result of `measure()` at an earlier state, on the same batch and seed.";
  return [
    IMPORTS.options,
    'import { matchesBaseline } from "../rules/matches_baseline.ts";',
    IMPORTS.measurements,
    IMPORTS.rule,
    IMPORTS.failure,
    "",
    documentation(rule, defaultsOf(rule), [MEASURED, baseline, OPTIONS]),
    `export function ${rule.assertion}(measurements: Measurements, baseline: Measurements, ` +
    `options?: ${optionsOf(rule)}, msg?: string): void {`,
    `const fail = failureOf(${rule.assertion});`,
    "judgeRuleFor({ fail, rule: matchesBaseline(baseline) }, measurements, options, msg);",
    "}",
    "",
  ].join("\n");
}

/** Writes the assertion over a model and a batch of a rule. */
export function writeModelAssertion(
  { file, constant, rule }: RuleFile<ModelRule<ProbeSubject>>,
): string {
  const params = [
    "model A built model.",
    "batch One tensor per input, and targets if the loss needs them.",
    "options Other thresholds, and what else the probe should know.",
  ];
  return [
    IMPORTS.options,
    `import { ${constant} } from "${fromAssertions(file)}";`,
    'import type { LayersModel } from "../../engine/tensorflow.ts";',
    'import type { Batch } from "../model/batches/batch.ts";',
    'import type { ProbeOptions } from "../probe/probe_options.ts";',
    'import { judgeModelFor } from "./assert_rule.ts";',
    IMPORTS.failure,
    "",
    documentation(rule, defaultsOf(rule), params),
    `export async function ${rule.assertion}(model: LayersModel, batch: Batch, ` +
    `options?: ${optionsOf(rule)} & Pick<ProbeOptions, ${unionOf(rule.options)}>, msg?: string): ` +
    "Promise<void> {",
    `const fail = failureOf(${rule.assertion});`,
    `await judgeModelFor({ fail, rule: ${constant}, model, batch }, options, msg);`,
    "}",
    "",
  ].join("\n");
}

/** Documentation of the assertion that runs all rules. */
type HealthyDocumentation = Documented & {
  /** Documentation of its form that takes a model. */
  modelDocumentation: AssertionDocumentation;
};

/** Writes the assertion that runs all rules, over measurements and over a model. */
export function writeHealthyAssertion(rule: HealthyDocumentation): string {
  return [
    'import { runRules } from "../rules/judge_rule.ts";',
    'import { requireOptions } from "../rules/require_measurements.ts";',
    'import { diagnose } from "../diagnosis/diagnose.ts";',
    'import type { LayersModel } from "../../engine/tensorflow.ts";',
    IMPORTS.measurements,
    'import type { Batch } from "../model/batches/batch.ts";',
    'import { looksLikeModel } from "../model/require_model.ts";',
    IMPORTS.failure,
    "import { type AssertHealthyOptions, assertModelHealthy, type HealthyOptions, requireFailOn, " +
    'settleHealth } from "./assert_model_healthy.ts";',
    'import { requireMessage } from "./require_options.ts";',
    "",
    documentation(rule, "those of each rule, in `THRESHOLDS`.", [
      MEASURED,
      "options Other thresholds, which layers to judge, whether the network has been trained (by " +
      "default, whether biases of hidden layers look moved by training), and whether warnings fail.",
    ]),
    "export function assertHealthy(measurements: Measurements, options?: HealthyOptions, " +
    "msg?: string): void;",
    modelDocumentation(rule.modelDocumentation),
    "export function assertHealthy(model: LayersModel, batch?: Batch, " +
    "options?: AssertHealthyOptions, msg?: string): Promise<void>;",
    "export function assertHealthy(...given: [Measurements, HealthyOptions?, string?] | " +
    "[LayersModel, Batch?, AssertHealthyOptions?, string?]): void | Promise<void> {",
    "const fail = failureOf(assertHealthy);",
    "if (looksLikeModel(given[0])) {",
    "const [model, batch, options, msg] = given as [LayersModel, Batch?, AssertHealthyOptions?, string?];",
    "return assertModelHealthy({ fail, model, batch }, options, msg);",
    "}",
    "const [measurements, options, msg] = given as [Measurements, HealthyOptions?, string?];",
    "requireMessage(msg);",
    "requireOptions(options ?? {});",
    "const { failOn, ...ruleOptions } = options ?? {};",
    "requireFailOn(failOn);",
    "const diagnosis = diagnose(measurements, runRules(measurements, ruleOptions));",
    "settleHealth(fail, { measurements, diagnosis }, { failOn, msg });",
    "}",
    "",
  ].join("\n");
}

function modelDocumentation(documented: AssertionDocumentation): string {
  return comment([
    ...wrap(`Asserts ${documented.asserts}`),
    "",
    "@param model A built model; it is put back as it was.",
    ...wrap(
      "@param batch One tensor an input, and targets where the objective needs them. Without targets it is " +
        "trained on random ones. Default: a random batch that fits the model, disposed of afterwards.",
    ),
    ...wrap(
      "@param options Other thresholds, which layers to judge, whether the network has been trained, when to " +
        "train it, what to differentiate and minimise, and the seed and the file that it was made from, for " +
        "the message.",
    ),
    "@param msg Appended to the message.",
    "@returns A promise that is rejected where the assertion fails.",
    "",
    ...exampleAndThrows(documented),
    "@throws {MeasureError} If the model cannot be measured on the batch.",
  ]);
}
