import { type GateResult, isReadable } from "../core/diagnosis/gate_result.ts";
import { readUserText } from "../files/user_file.ts";
import { isJsonFile, isModule } from "../core/model/loaded_model.ts";
import type { GateLocation } from "../core/text/gate_words.ts";
import type { SarifOptions } from "../gate/text/render_sarif.ts";
import { writeFailure } from "../ground/words/failure.ts";
import { refusal } from "../ground/words/input_error.ts";
import { showValue } from "../ground/words/show_value.ts";
import { formatOf, type TEXT_FLAGS, textOptions } from "./flags/show_flags.ts";
import { type FormatName, FORMATS, formatsOf, type GateContext } from "./formats.ts";
import { type FlagValues, readWord, requirePath, UsageError } from "./kit/flag.ts";
import { writeOutput } from "./kit/write_output.ts";
import { host } from "../platform/host.ts";
import { isFileProblem } from "../platform/file_problems.ts";
import { builtin } from "../platform/builtins.ts";

export const REPORTERS = formatsOf("gate");

/** Reporter and its output. */
export interface Reporter {
  /** Its format. */
  name: FormatName;
  /** File, or `null` for stdout. */
  out: string | null;
}

/**
 * Reads a reporter and its file: `junit=gate.xml`.
 *
 * @param place Name of the flag in errors.
 * @throws {UsageError} If there is no such reporter, or its file has no name.
 */
export function readReporter(text: string, place: string): Reporter {
  const [, name, , file] = text.match(/^([^=]*)(=(.*))?$/s)!;
  if (file === "") {
    throw new UsageError(refusal`${place} is ${showValue(text)}, expected a file after =`);
  }
  return {
    name: readWord(name, place, REPORTERS),
    out: file === undefined ? null : requirePath(place, file),
  };
}

/** Flags for the output of a gate: `--reporter`, or `--format` with `--out`. */
interface ReporterValues {
  reporter: Reporter[];
  format: FormatName | null;
  out: string | null;
}

/**
 * Returns the reporters that a command line asks for.
 *
 * @throws {UsageError} If both ways are used, or two documents would share stdout.
 */
export function chooseReporters({ reporter, format, out }: ReporterValues): Reporter[] {
  if (reporter.length > 0 && (format !== null || out !== null)) {
    throw new UsageError(
      refusal`--reporter is given with --format or --out, which it replaces, expected one or the other`,
    );
  }
  const reporters = reporter.length > 0
    ? reporter
    : [{ name: formatOf(format, out, REPORTERS), out }];
  const onStdout = reporters.filter(({ out }) => out === null).map(({ name }) => name);
  if (onStdout.length > 1 && !onStdout.every((name) => FORMATS[name].isLines)) {
    throw new UsageError({
      place: `The reporters ${onStdout.join(" and ")}`,
      verb: "would share",
      found: "stdout",
      expected: "a file for each",
      hint: `: --reporter ${onStdout.find((name) => !FORMATS[name].isLines)}=FILE`,
    });
  }
  return reporters;
}

/**
 * Writes a gate's result with every reporter, loading only those in use.
 *
 * @throws {UsageError} If a file cannot be written.
 */
export async function writeReports(
  reporters: readonly Reporter[],
  result: GateResult,
  flags: FlagValues<typeof TEXT_FLAGS> & { details: boolean },
): Promise<void> {
  for (const { name, out } of reporters) {
    const context: GateContext = {
      text: { ...textOptions(flags, out), details: flags.details },
      locate: () => locations(result),
      tool: describeTool,
    };
    await writeOutput(await FORMATS[name].gate!(result, context), out, name);
    if (name === "github") {
      await appendStepSummary(result);
    }
  }
}

async function describeTool(): Promise<SarifOptions> {
  const { gateRules } = await import("../gate/gate_rules.ts");
  const { version } = await import("./kit/command.ts");
  return { version: version(), rules: gateRules() };
}

/**
 * Returns the locations of the layers of every model and of the configuration, relative to the
 * repository's root.
 */
async function locations(
  result: GateResult,
): Promise<(path: string, layer: string | null) => GateLocation> {
  const { codeOn, locateLayer } = await import("../gate/locate_layer.ts");
  const { relative, resolve } = builtin("path");
  const root = repositoryRoot();
  const files = new Map<string, { file: string; source: string | null }>();
  const paths = [...result.runs.map(({ path }) => path), result.configuration];
  for (const path of new Set(paths)) {
    if (path === null) continue;
    // Files of weights are binary, and may be of gigabytes.
    const isText = path === result.configuration || isModule(path) || isJsonFile(path);
    const source = isText ? await readUserText(path).catch(() => null) : null;
    const file = root === null ? path : relative(root, resolve(path));
    files.set(path, {
      file: host.build.os === "windows" ? file.replaceAll("\\", "/") : file,
      source,
    });
  }
  const places = placesInPython(result);
  const names = new Map(
    result.runs.map(({ path, measurements }) => [
      path,
      measurements?.layers.map(({ name }) => name),
    ]),
  );
  return (path, layer) => {
    const { file, source } = files.get(path)!;
    const place = places.get(path)?.get(layer ?? "");
    if (place !== undefined) {
      const own = root === null ? place.file : relative(root, resolve(place.file));
      // A line of code elsewhere cannot be annotated.
      if (!/^(?:\.\.|\/|[a-z]:)/i.test(own)) {
        return { file: own.replaceAll("\\", "/"), line: place.line };
      }
    }
    const line = source === null ? null : locateLayer(source, layer, names.get(path));
    const text = line === null ? undefined : codeOn(source!, line);
    return { file, line, ...text === undefined ? {} : { text } };
  };
}

/** Returns the lines of the user's PyTorch code by model and layer. */
function placesInPython({ runs }: GateResult): Map<string, Map<string, GateLocation>> {
  const places = new Map<string, Map<string, GateLocation>>();
  for (const { path, measurements } of runs) {
    if (path === null || measurements === undefined || measurements === null) continue;
    const own = new Map<string, GateLocation>();
    for (const { name, source } of measurements.layers) {
      if (source?.file === undefined) continue;
      own.set(name, { file: source.file, line: source.line ?? null });
    }
    places.set(path, own);
  }
  return places;
}

/**
 * Returns the checkout of a GitHub Actions job; elsewhere paths are relative to the working
 * directory.
 */
function repositoryRoot(): string | null {
  const permission = { name: "env", variable: "GITHUB_WORKSPACE" } as const;
  if (host.permissions.querySync(permission).state !== "granted" || !isReadable(".")) return null;
  return host.env.get("GITHUB_WORKSPACE") || null;
}

const VARIABLE = "GITHUB_STEP_SUMMARY";

/** Maximum size of a step summary; GitHub shows nothing of a longer one. */
const MAX_SUMMARY_BYTES = 1024 * 1024;

/**
 * Appends a gate's result to the summary of the running GitHub Actions step. Does nothing outside
 * of GitHub Actions; says so if the variable is unreadable.
 *
 * @throws {UsageError} If the file that GitHub named cannot be written.
 */
async function appendStepSummary(result: GateResult): Promise<void> {
  const permission = { name: "env", variable: VARIABLE } as const;
  if (host.permissions.querySync(permission).state !== "granted") {
    console.error(`note: no step summary: allow it with --allow-env=${VARIABLE}`);
    return;
  }
  const path = host.env.get(VARIABLE);
  if (path === undefined || path === "") return;
  try {
    const before = await sizeOf(path);
    const { renderMarkdown } = await import("../core/text/render_markdown.ts");
    const text = renderMarkdown(result, { maxBytes: MAX_SUMMARY_BYTES - before - 1 });
    await host.writeTextFile(path, `${before > 0 ? "\n" : ""}${text}`, { append: true });
  } catch (error) {
    throw new UsageError(`${path}: the step summary cannot be written: ${writeFailure(error)}`);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await host.stat(path)).size;
  } catch (error) {
    if (isFileProblem(error, "NotFound")) return 0;
    throw error;
  }
}
