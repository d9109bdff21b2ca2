import { isModelFile } from "../model/file_kinds.ts";
import { readUserText, requireFile } from "../model/files/user_file.ts";
import { defuse } from "../words/defuse.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { failure, writeFailure } from "../words/failure.ts";
import { showWord } from "../words/show_word.ts";
import { findModels, type FoundModel, type FoundModels, lookAt } from "./find_models.ts";
import {
  configurationFile,
  PACKAGE,
  type SettingsChange,
  settingsFile,
  specifier,
  testFile,
  withImport,
  workflowFile,
} from "./init_files.ts";
import { UsageError } from "./usage_error.ts";
import { writeOutput } from "./write_output.ts";

const TEST = "gradient_health_test.ts";
const CONFIGURATION = "gradient-health.json";

/** File to write. */
interface Planned {
  path: string;
  /** Its purpose; the end of a sentence. */
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
    throw new UsageError(
      "This folder has no model: write net.ts with `export const createModel = ({ tf, seed }) => " +
        "tf.sequential(...)`, or save one with model.save(), and run init again, or init MODEL",
    );
  }
  const checkout = await checkoutFolder();
  const settings = await readSettings(checkout);
  const ask = asker(yes);
  const isNew = settings === null && checkout !== null && !await isBelowSettings();
  const isImported = isNew ||
    settings !== null && (settings.hasImport || await offerImport(settings, ask));
  const planned = planFiles(models, isImported ? PACKAGE : specifier(), checkout);
  if (isNew) {
    const does = "takes this package from the checkout, as long as it is not on JSR";
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
  const { relative, resolve } = await import("node:path");
  const path = relative(Deno.cwd(), resolve(model)).replaceAll("\\", "/");
  if (!isModelFile(path)) {
    throw new UsageError(
      `MODEL is ${showWord(model)}, expected a model.json, a .keras or .h5 file, weights of ` +
        "PyTorch, or a .ts or .js module",
    );
  }
  await requireFile(path).catch((error) => {
    throw new UsageError(`${model}: ${failure(error)}`);
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
    if (Deno.stdin.isTerminal()) return Promise.resolve(confirm(question));
    throw new UsageError(
      "Nothing written: stdin is not a terminal, so nothing can be asked: run it again with --yes",
    );
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
      if (error instanceof Deno.errors.NotFound) return null;
      throw new UsageError(`${path}: ${failure(error)}`);
    });
    if (text === null) continue;
    const added = await withImport(text, checkout);
    return { path, text, hasImport: added === null && text.includes(`"${PACKAGE}"`), added };
  }
  return null;
}

/** Returns true if the `deno.json` of a parent folder applies here; a new one would hide it. */
async function isBelowSettings(): Promise<boolean> {
  const { dirname } = await import("node:path");
  for (let folder = Deno.cwd(); folder !== dirname(folder); folder = dirname(folder)) {
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
  const other = await isThere(`${CONFIGURATION}c`)
    ? `${CONFIGURATION}c`
    : settings?.text.includes('"gradientHealth"')
    ? settings.path
    : null;
  if (other !== null && !kept.has(CONFIGURATION)) {
    kept.set(CONFIGURATION, `not written, as ${other} is the configuration`);
  }
  return kept;
}

const isThere = (path: string) => Deno.lstat(path).then(() => true, () => false);

/** Writes a file that did not exist when it was planned. */
async function create(path: string, text: string): Promise<void> {
  const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
  try {
    if (folder !== "") await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw new UsageError(`${path} cannot be written: ${writeFailure(error)}`);
  }
  if (await isThere(path)) throw new UsageError(`${path} is there now, expected no such file`);
  await writeOutput(text, path);
}

/**
 * Returns the checkout that this program was run from, relative to the working directory; `null` if
 * it runs from its package.
 */
async function checkoutFolder(): Promise<string | null> {
  const { pathname, protocol } = new URL("../../", import.meta.url);
  if (protocol !== "file:") return null;
  const { relative } = await import("node:path");
  return relative(Deno.cwd(), decodeURIComponent(pathname)).replaceAll("\\", "/") || ".";
}
