import { assert, assertEquals } from "@std/assert";
import configuration from "../deno.json" with { type: "json" };
import * as library from "../src/mod.ts";
import { MODEL_RULES, RULES } from "../src/core/rules/rules.ts";

/** Exports of the root, for tests, scripts and notebooks; everything else has its entry point. */
const ROOT: Record<string, string[]> = {
  "an engine comes first": ["startEngine"],
  "a model of your own, with its custom layers": ["loadModel", "registerLayer"],
  "a network to try things on": ["exerciseModel"],
  "what a model is measured on": ["randomBatch", "readBatch"],
  "one pass": ["measure"],
  "the tensors themselves, and the figures of any": ["activations", "gradients", "statistics"],
  "weights are tried out by hand": ["getWeights", "rescaleWeights", "setWeights"],
  "the assertions, the reason for all this": [
    "assertHealthy",
    "assertMatchesBaseline",
    ...[...RULES, ...MODEL_RULES].map(({ assertion }) => assertion),
  ],
  "assertions over seeds, as a whole test, and during training": [
    "acrossSeeds",
    "assertScaleFree",
    "assertTrains",
    "healthMonitor",
    "testGradientHealth",
  ],
  "findings as data: a script does not throw": ["RULES", "runRules"],
  "what is wrong, and its fix": ["diagnose", "examine"],
  "a rule of your own": ["assertRule", "defineRule", "registerRule"],
  "what a notebook shows": ["barChart", "renderStudy", "renderText"],
  "which scale is best": ["runStudy", "study", "summarizeStudy"],
  "for instanceof": [
    "BatchError",
    "EngineError",
    "InputError",
    "MeasureError",
    "ModelError",
    "StudyError",
  ],
};

Deno.test("the root exports what is listed here, and no other value", () => {
  assertEquals(Object.keys(library).toSorted(), Object.values(ROOT).flat().toSorted());
});

/** Types that a user writes, in a signature or to declare a value. */
const ROOT_TYPES = [
  "AssertTrainsOptions",
  "Batch",
  "Cause",
  "CreateModel",
  "CreateSibling",
  "CustomLayerTraits",
  "Diagnosis",
  "Engine",
  "EngineOptions",
  "Examination",
  "ExamineOptions",
  "Finding",
  "Fix",
  "HealthMonitorOptions",
  "LayerMeasurements",
  "LayersModel",
  "LoadModelOptions",
  "LoadedModel",
  "MeasureOptions",
  "Measurements",
  "ModelModule",
  "Objective",
  "Refusal",
  "Rule",
  "RuleOptions",
  "ScaleFreeOptions",
  "Study",
  "StudyGrid",
  "StudyOptions",
  "Tensor",
  "TensorFlow",
  "TensorStatistics",
  "TestGradientHealthOptions",
  "Thresholds",
];

Deno.test("the root exports the types that are listed here, and no other", async () => {
  const source = await Deno.readTextFile(new URL("../src/mod.ts", import.meta.url));
  const whole = [...source.matchAll(/export (?:type )?\* from "(.*)"/g)].map(([, path]) => path);
  // It has no types.
  assertEquals(whole, ["./core/assert/assertions.ts"]);
  const types = [...source.matchAll(/^(?:export \{| ) ?type (\w+)|, type (\w+)/gm)];
  assertEquals(types.map(([, first, later]) => first ?? later).toSorted(), ROOT_TYPES);
});

Deno.test("the root exports every assertion", async () => {
  const own = Object.keys(await import("../src/entry/assert.ts"));
  assertEquals(own.filter((name) => !(name in library)), []);
});

Deno.test("each value of the root has an entry point of its subject too", async () => {
  const entries = await Promise.all(
    Object.entries(configuration.exports).filter(([entry]) => entry !== ".")
      .map(([, path]) => import(new URL(`../${path}`, import.meta.url).href)),
  );
  for (const [name, value] of Object.entries(library)) {
    assert(entries.some((entry) => entry[name] === value), name);
  }
});

interface Parameter {
  name?: string;
  /** Words before a default. */
  left?: Parameter;
}

interface Declaration {
  kind: string;
  def: {
    params?: Parameter[];
    constructors?: { params: Parameter[]; accessibility?: string }[];
    methods?: { name: string; functionDef: { params: Parameter[] } }[];
  };
}

interface Documentation {
  nodes: Record<string, { symbols: { name: string; declarations: Declaration[] }[] }>;
}

/** The parameters of every function and public method of a class that an entry point exports. */
async function signatures(files: string[]): Promise<[string, Parameter[]][]> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...files],
    cwd: new URL("..", import.meta.url),
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  const { nodes }: Documentation = JSON.parse(new TextDecoder().decode(stdout));
  const symbols = Object.values(nodes).flatMap(({ symbols }) => symbols);
  return symbols.flatMap(({ name, declarations }) =>
    declarations.flatMap(({ kind, def }): [string, Parameter[]][] =>
      kind === "function" ? [[name, def.params!]] : kind !== "class" ? [] : [
        ...(def.constructors ?? []).filter(({ accessibility }) => accessibility !== "private")
          .map(({ params }): [string, Parameter[]] => [`new ${name}`, params]),
        ...(def.methods ?? []).map((
          method,
        ): [string, Parameter[]] => [`${name}.${method.name}`, method.functionDef.params]),
      ]
    )
  );
}

const nameOf = (parameter: Parameter) => parameter.left?.name ?? parameter.name;

/** Two arguments by position, then an object; an assertion ends with `msg`, as those of @std/assert do. */
function isReadable(name: string, parameters: Parameter[]): boolean {
  const isAssertion = /^assert[A-Z]/.test(name) && nameOf(parameters.at(-1)!) === "msg";
  const [, , third, ...more] = isAssertion ? parameters.slice(0, -1) : parameters;
  return more.length === 0 &&
    (third === undefined || ["options", "context"].includes(nameOf(third)!));
}

Deno.test("no public function takes more than two arguments and an options object", async () => {
  const all = await signatures(Object.values(configuration.exports));
  assert(all.length > 100, `${all.length}`);
  const wrong = all.filter(([name, parameters]) => !isReadable(name, parameters))
    .map(([name, parameters]) => `${name}(${parameters.map(nameOf).join(", ")})`);
  assertEquals(wrong, []);
});

Deno.test("a third argument that is no options object is noticed", () => {
  const named = (...names: string[]) => names.map((name) => ({ name }));
  assert(isReadable("assertRule", named("rule", "measurements", "options", "msg")));
  assert(isReadable("study", named("create", "grid", "options")));
  assert(!isReadable("study", named("create", "grid", "seeds")));
  assert(!isReadable("study", named("create", "grid", "options", "msg")));
  assert(!isReadable("assertRule", named("rule", "measurements", "baseline", "options", "msg")));
});
