import { readUserText, requireFile } from "../../files/user_file.ts";
import { isModelFile, isWeightsFile } from "../../core/model/loaded_model.ts";
import { stemOf, uniqueNames } from "../../core/model/names.ts";
import { defuse, writeFailure } from "../../ground/words/failure.ts";
import { fileRefusal, refusal } from "../../ground/words/input_error.ts";
import { isObject } from "../../ground/words/shape.ts";
import { escapeControls, showWord } from "../../ground/words/show_value.ts";
import { findModels, type FoundModel, type FoundModels, lookAt } from "../find_models.ts";
import { version } from "../kit/command.ts";
import { UsageError } from "../kit/flag.ts";
import { writeOutput } from "../kit/write_output.ts";
import type { ParseError } from "jsonc-parser";
import { host } from "../../platform/host.ts";
import { isFileProblem } from "../../platform/file_problems.ts";
import { builtin } from "../../platform/builtins.ts";

const TEST = "gradient_health_test.ts";
const CONFIGURATION = "gradient-health.json";

/** File to write. */
interface Planned {
  path: string;
  /** Its purpose, worded to end a sentence. */
  does: string;
  text: string;
}

/** Sets up a folder. Returns the exit code, see the declaration of the subcommand. */
export async function run([model]: string[], { yes }: { yes: boolean }): Promise<number> {
  const { models, unclear } = model === undefined ? await findModels(".") : await named(model);
  await say([
    ...models.map(({ path, what }) => `found    ${path}: it ${what}`),
    ...unclear.map(({ path, why }) => `unclear  ${path}: ${why}`),
  ]);
  if (models.length === 0) {
    throw new UsageError({
      place: "This folder",
      verb: "has",
      found: "no model",
      expected: "a module that builds one, or a saved one",
      meant: ": write net.ts with `export const createModel = ({ tf, seed }) => " +
        "tf.sequential(...)`, or save one with model.save(), and run init again, or init MODEL",
    });
  }
  const checkout = checkoutFolder();
  const settings = await readSettings(checkout);
  const ask = asker(yes);
  const isNew = settings === null && checkout !== null && !await isBelowSettings();
  const isImported = isNew ||
    settings !== null && (settings.hasImport || await offerImport(settings, ask));
  const planned = planFiles(models, isImported ? PACKAGE : specifier(), checkout);
  if (isNew) {
    const does = "uses this package from the checkout until it is on JSR";
    planned.unshift({ path: "deno.json", does, text: settingsFile(checkout) });
  }
  const kept = await existing(planned, settings);
  const files = planned.filter(({ path }) => !kept.has(path));
  await say([
    ...[...kept].map(([path, as]) => `kept     ${path}: ${as}`),
    ...files.map(({ path, does }) => `new      ${path}: ${does}`),
  ]);
  if (files.length > 0 && !await ask(`Write ${files.map(({ path }) => path).join(", ")}?`)) {
    await say(["Nothing written."]);
    return 0;
  }
  for (const { path, text } of files) await create(path, text);
  await say([
    ...files.map(({ path }) => `wrote    ${path}`),
    "",
    "Next:",
    `  deno test -A ${TEST}`,
    `  deno run -A ${checkout === null ? `jsr:${PACKAGE}` : `${checkout}/mod.ts`} check`,
    ...checkout === null ? [] : [
      "",
      `${PACKAGE} is not on JSR yet, so GitHub cannot run the workflow.`,
      isImported
        ? `The test takes it from ${checkout}, which deno.json links.`
        : `The test needs "links": [${JSON.stringify(checkout)}] in your deno.json.`,
    ],
  ]);
  return 0;
}

async function say(lines: readonly string[]): Promise<void> {
  const text = lines.map((line) => `${defuse(escapeControls(line))}\n`).join("");
  if (text !== "") await writeOutput(text, null);
}

/** Returns the one model that was named: the user knows what it is. */
async function named(model: string): Promise<FoundModels> {
  const { relative, resolve } = builtin("path");
  const path = relative(host.cwd(), resolve(model)).replaceAll("\\", "/");
  if (!isModelFile(path)) {
    throw new UsageError({
      place: "MODEL",
      found: showWord(model),
      expected: "a model.json, a .keras or .h5 file, weights of PyTorch, or a .ts or .js module",
    });
  }
  await requireFile(path).catch((error) => {
    throw new UsageError(fileRefusal(error)).within(model);
  });
  const seen = await lookAt(path);
  return seen !== null && "what" in seen ? { models: [seen], unclear: [] } : {
    models: [{ path, what: "was named", isDrawn: false }],
    unclear: seen === null ? [] : [seen],
  };
}

/** Returns a function that asks on a terminal; without one, `--yes` must answer. */
function asker(yes: boolean): (question: string) => Promise<boolean> {
  return (question) => {
    if (yes) return Promise.resolve(true);
    if (host.stdin.isTerminal()) return Promise.resolve(confirm(question));
    throw new UsageError({
      place: "Nothing written: stdin",
      found: "not a terminal",
      expected: "one to ask on, or --yes",
    });
  };
}

/** `deno.json` of the folder. */
interface Settings {
  path: string;
  text: string;
  hasImport: boolean;
  /** Change that adds the import, `null` if impossible. */
  added: SettingsChange | null;
}

async function readSettings(checkout: string | null): Promise<Settings | null> {
  for (const path of ["deno.json", "deno.jsonc"]) {
    const text = await readUserText(path).catch((error) => {
      if (isFileProblem(error, "NotFound")) return null;
      throw new UsageError(fileRefusal(error)).within(path);
    });
    if (text === null) continue;
    const added = await withImport(text, checkout);
    return { path, text, hasImport: added === null && text.includes(`"${PACKAGE}"`), added };
  }
  return null;
}

/** Returns true if the `deno.json` of a parent folder applies here; a new one would hide it. */
async function isBelowSettings(): Promise<boolean> {
  const { dirname } = builtin("path");
  for (let folder = host.cwd(); folder !== dirname(folder); folder = dirname(folder)) {
    for (const name of ["deno.json", "deno.jsonc"]) {
      if (await isThere(`${folder}/${name}`)) return true;
    }
  }
  return false;
}

/** Adds the package to the imports if the user agrees. */
async function offerImport(
  { path, added }: Settings,
  ask: (question: string) => Promise<boolean>,
): Promise<boolean> {
  if (added === null) return false;
  await say([`change   ${path}: adds ${added.adds}`]);
  if (!await ask(`Change ${path}?`)) return false;
  await writeOutput(added.text, path);
  await say([`changed  ${path}`]);
  return true;
}

function planFiles(
  models: readonly FoundModel[],
  from: string,
  checkout: string | null,
): Planned[] {
  return [
    {
      path: TEST,
      does: "a test for deno test, which asserts that each model is healthy",
      text: testFile(models, from),
    },
    {
      path: CONFIGURATION,
      does: "the models that check measures, and the rules that it judges them by",
      text: configurationFile(models),
    },
    {
      path: ".github/workflows/gradient-health.yml",
      does: "runs check on GitHub on every pull request",
      text: workflowFile(checkout),
    },
  ];
}

/** Finds the files that already exist, which are not written, and describes them. */
async function existing(
  planned: readonly Planned[],
  settings: Settings | null,
): Promise<Map<string, string>> {
  const kept = new Map<string, string>();
  for (const { path } of planned) {
    if (await isThere(path)) kept.set(path, "it is there already");
  }
  const other = await otherConfiguration(settings);
  if (other !== null && !kept.has(CONFIGURATION)) {
    kept.set(CONFIGURATION, `not written, as ${other} is the configuration`);
  }
  return kept;
}

/** Returns the path of a configuration in another file than the planned one, or `null`. */
async function otherConfiguration(settings: Settings | null): Promise<string | null> {
  if (await isThere(`${CONFIGURATION}c`)) return `${CONFIGURATION}c`;
  return settings?.text.includes('"gradientHealth"') ? settings.path : null;
}

const isThere = (path: string) => host.lstat(path).then(() => true, () => false);

/** Writes a file that did not exist when it was planned. */
async function create(path: string, text: string): Promise<void> {
  const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
  try {
    if (folder !== "") await host.mkdir(folder, { recursive: true });
  } catch (error) {
    throw new UsageError(`${path} cannot be written: ${writeFailure(error)}`);
  }
  if (await isThere(path)) {
    throw new UsageError(refusal`${path} is there now, expected no such file`);
  }
  await writeOutput(text, path);
}

/**
 * Returns the checkout that this program was run from, relative to the working directory; `null` if
 * it runs from its package.
 */
function checkoutFolder(): string | null {
  const { pathname, protocol } = new URL("../../../", import.meta.url);
  if (protocol !== "file:") return null;
  const { relative } = builtin("path");
  return relative(host.cwd(), decodeURIComponent(pathname)).replaceAll("\\", "/") || ".";
}

const PACKAGE = "@gradient-health/gradient-health";

/** Returns the import specifier for projects without a `deno.json` that maps it. */
const specifier = (): string => `jsr:${PACKAGE}@^${version()}`;

/**
 * Returns the test of some models.
 *
 * @param from The import specifier of the package.
 */
function testFile(models: readonly FoundModel[], from: string): string {
  const [whole, weights] = [false, true].map((are) =>
    models.filter(({ path }) => isWeightsFile(path) === are)
  );
  return [
    ...whole.length === 0
      ? []
      : [`import { assertHealthy, loadModel, startEngine } from ${JSON.stringify(from)};
`],
    ...weights.length === 0 ? [] : [
      `${whole.length === 0 ? `import { assertHealthy } from ${JSON.stringify(from)};\n` : ""}` +
      `import { measureWeights } from ${JSON.stringify(`${from}/measure`)};
import { readWeights } from ${JSON.stringify(`${from}/model`)};
`,
    ],
    ...whole.length === 0 ? [] : [`
${listOf("MODELS", whole)}
for (const path of MODELS) {
  Deno.test(\`\${path} can be trained\`, async () => {
    await using _engine = await startEngine();
    const file = \`\${import.meta.dirname}/\${path}\`;
    const { model, createBatch, objective } = await loadModel(file);
    // Without a batch random numbers are drawn. Real data says more: export createBatch, or use readBatch().
    const batch = await createBatch?.(32, 0);
    await assertHealthy(model, batch, { objective: objective ?? undefined, source: path });
  });
}
`],
    ...weights.length === 0 ? [] : [`
${listOf("WEIGHTS", weights)}
for (const path of WEIGHTS) {
  Deno.test(\`\${path} holds healthy weights\`, async () => {
    // Without the layers there is no pass: rules that need its figures are silent.
    assertHealthy(measureWeights(await readWeights(\`\${import.meta.dirname}/\${path}\`)));
  });
}
`],
  ].join("");
}

function listOf(name: string, models: readonly FoundModel[]): string {
  return `const ${name} = [\n${
    models.map(({ path }) => `  ${JSON.stringify(path)},\n`).join("")
  }];\n`;
}

/** Returns the configuration of `check` for some models. */
function configurationFile(models: readonly FoundModel[]): string {
  const names = uniqueNames(models.map(({ path }) => nameOf(path)));
  const configuration = {
    $schema: `https://jsr.io/${PACKAGE}/${version()}/gradient-health.schema.json`,
    extends: "recommended",
    models: models.map(({ path, isDrawn }, index) => ({
      name: names[index],
      path,
      // Initialisation is a distribution, and one draw proves little.
      ...isDrawn ? { seeds: "0..4" } : {},
    })),
  };
  return `${JSON.stringify(configuration, null, 2)}\n`;
}

/** For `digits/model.json`, the folder is the better name. */
function nameOf(path: string): string {
  const [, folder] = path.match(/([^/]+)\/(?:model|index|mod)\.\w+$/) ?? [];
  return folder ?? stemOf(path);
}

/**
 * Returns the workflow for GitHub Actions; its steps are those of the README.
 *
 * @param checkout The checkout that this program runs from; `null` for the package.
 */
function workflowFile(checkout: string | null): string {
  const note = checkout === null
    ? ""
    : `# Written from a checkout: GitHub can run this once ${PACKAGE} is on JSR.\n`;
  return note + WORKFLOW;
}

const WORKFLOW = `name: gradient-health
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: denoland/setup-deno@667a34cdef165d8d2b2e98dde39547c9daac7282 # v2.0.4
      - run: deno run -A jsr:${PACKAGE} check
`;

/** Install scripts that Deno would name in a warning: core-js's only asks for donations. */
const ALLOW_SCRIPTS = { deny: ["npm:core-js"] };

/** Returns a `deno.json` that takes this package from a checkout. */
function settingsFile(checkout: string): string {
  const settings = {
    imports: { [PACKAGE]: specifier() },
    links: [checkout],
    allowScripts: ALLOW_SCRIPTS,
  };
  return `${JSON.stringify(settings, null, 2)}\n`;
}

/** Change to a `deno.json`. */
interface SettingsChange {
  /** New text. */
  text: string;
  /** Description of what it adds, worded to end a sentence. */
  adds: string;
}

/**
 * Adds this package to the imports of a `deno.json`; everything else, comments included, stays
 * unchanged.
 *
 * @param checkout The checkout to take the package from; `null` for JSR.
 * @returns The change; `null` if nothing can or need be added.
 */
async function withImport(text: string, checkout: string | null): Promise<SettingsChange | null> {
  const { applyEdits, modify, parse } = await import("jsonc-parser");
  const errors: ParseError[] = [];
  const settings = parse(text, errors, { allowTrailingComma: true });
  if (errors.length > 0 || !isObject(settings)) return null;
  const { imports = {}, importMap, links = [], allowScripts } = settings;
  // With an import map, the names are in another file.
  if (importMap !== undefined || !isObject(imports) || !Array.isArray(links)) return null;
  const formattingOptions = {
    insertSpaces: !/^\t/m.test(text),
    tabSize: text.match(/^ +/m)?.[0].length ?? 2,
    eol: text.includes("\r\n") ? "\r\n" : "\n",
  };
  const added: string[] = [];
  let changed = text;
  const add = (path: (string | number)[], value: unknown, what: string) => {
    const isArrayInsertion = typeof path.at(-1) === "number";
    changed = applyEdits(
      changed,
      modify(changed, path, value, { formattingOptions, isArrayInsertion }),
    );
    added.push(what);
  };
  if (!Object.hasOwn(imports, PACKAGE)) {
    add(["imports", PACKAGE], specifier(), `"${PACKAGE}": "${specifier()}" to imports`);
  }
  if (checkout !== null && links.length === 0) {
    add(["links"], [checkout], `links to ${JSON.stringify(checkout)}`);
    if (allowScripts === undefined) {
      add(["allowScripts"], ALLOW_SCRIPTS, "allowScripts");
    }
  } else if (checkout !== null && !links.includes(checkout)) {
    add(["links", links.length], checkout, `${JSON.stringify(checkout)} to links`);
  }
  return added.length === 0 ? null : { text: changed, adds: added.join(", ") };
}
