import { isObject } from "../words/requirements.ts";
import type { ParseError } from "jsonc-parser";
import { isWeightsFile } from "../model/file_kinds.ts";
import { stemOf, uniqueNames } from "../model/names.ts";
import type { FoundModel } from "./find_models.ts";
import { version } from "./version.ts";

/** Name of this package. */
export const PACKAGE = "@gradient-health/gradient-health";

/** Returns the import specifier for projects without a `deno.json` that maps it. */
export const specifier = (): string => `jsr:${PACKAGE}@^${version()}`;

/**
 * Returns the test of some models.
 *
 * @param from The import specifier of the package.
 */
export function testFile(models: readonly FoundModel[], from: string): string {
  const [whole, weights] = [false, true].map((are) =>
    models.filter(({ path }) => isWeightsFile(path) === are)
  );
  return [
    ...whole.length === 0 ? [] : [`import {
  assertHealthy,
  loadModel,
  randomBatch,
  startEngine,
} from ${JSON.stringify(from)};
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
    // Real data says more than random numbers: export createBatch, or use readBatch().
    const batch = await createBatch?.(32, 0) ??
      randomBatch(model, typeof objective === "string" ? { objective } : {});
    await assertHealthy(model, batch, { objective: objective ?? undefined });
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
export function configurationFile(models: readonly FoundModel[]): string {
  const names = uniqueNames(models.map(({ path }) => nameOf(path)));
  const configuration = {
    $schema: `https://jsr.io/${PACKAGE}/${version()}/gradient-health.schema.json`,
    extends: "recommended",
    models: models.map(({ path, isDrawn }, index) => ({
      name: names[index],
      path,
      // Initialisation is a distribution, and one draw is not a verdict.
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
export function workflowFile(checkout: string | null): string {
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

/** Install scripts that Deno would name in a warning: the one of core-js only asks for donations. */
const ALLOW_SCRIPTS = { deny: ["npm:core-js"] };

/** Returns a `deno.json` that takes this package from a checkout. */
export function settingsFile(checkout: string): string {
  const settings = {
    imports: { [PACKAGE]: specifier() },
    links: [checkout],
    allowScripts: ALLOW_SCRIPTS,
  };
  return `${JSON.stringify(settings, null, 2)}\n`;
}

/** Change to a `deno.json`. */
export interface SettingsChange {
  /** New text. */
  text: string;
  /** End of a sentence that says what it adds. */
  adds: string;
}

/**
 * Adds this package to the imports of a `deno.json`; everything else, comments included, stays
 * unchanged.
 *
 * @param text The file.
 * @param checkout The checkout to take the package from; `null` for JSR.
 * @returns The change; `null` if nothing can or need be added.
 */
export async function withImport(
  text: string,
  checkout: string | null,
): Promise<SettingsChange | null> {
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
