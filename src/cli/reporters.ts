import { showValue } from "../words/show_value.ts";
import type { GateResult } from "../gate/gate_result.ts";
import { isReadable } from "../gate/is_readable.ts";
import type { GateLocation } from "../render/gate_location.ts";
import { nearest } from "../words/nearest.ts";
import type { FlagValues } from "./flag.ts";
import type { ResultKind } from "./result_kind.ts";
import { textOptions } from "./show_flags.ts";
import { UsageError } from "./usage_error.ts";
import { writeOutput } from "./write_output.ts";

const NAMES = ["text", "json", "junit", "github", "markdown", "sarif"] as const;

/** What each writes into its file. */
export const REPORTER_KINDS: Record<typeof NAMES[number], ResultKind> = {
  text: "text",
  json: "gate",
  junit: "junit",
  github: "text",
  markdown: "text",
  sarif: "sarif",
};

/** A reporter, and where it writes. */
export interface Reporter {
  /** Which one. */
  name: typeof NAMES[number];
  /** The file, or `null` for stdout. */
  out: string | null;
}

/** The lines of reporters that may follow each other on stdout. */
const MIXABLE: readonly string[] = ["text", "github"];

/**
 * Reads `--reporter`, and `--format` with `--out`, which say the same of one.
 *
 * @throws {UsageError} If there is no such reporter, or two documents would share stdout.
 */
export function readReporters(flags: FlagValues): Reporter[] {
  const given = flags.reporter as string[] | undefined;
  if (given !== undefined && (flags.format !== undefined || flags.out !== undefined)) {
    throw new UsageError("--reporter NAME=FILE stands for --format and --out: give either");
  }
  const { format = "text", out } = flags as { format?: string; out?: string };
  const reporters = given === undefined
    ? [{ name: readName(format, "--format"), out: out ?? null }]
    : given.map((text) => {
      const [, name, , file] = text.match(/^([^=]*)(=(.*))?$/s)!;
      if (file === "") throw new UsageError(`--reporter ${showValue(text)} lacks its file`);
      return { name: readName(name, "--reporter"), out: file ?? null };
    });
  const onStdout = reporters.filter(({ out }) => out === null).map(({ name }) => name);
  if (onStdout.length > 1 && !onStdout.every((name) => MIXABLE.includes(name))) {
    throw new UsageError(
      `the reporters ${onStdout.join(" and ")} would share stdout: give each a file, as ` +
        `--reporter ${onStdout.find((name) => !MIXABLE.includes(name))}=FILE`,
    );
  }
  return reporters;
}

function readName(text: string, flag: string): Reporter["name"] {
  const name = NAMES.find((name) => name === text);
  if (name !== undefined) return name;
  throw new UsageError(
    `${flag}: unknown reporter ${showValue(text)}${
      nearest(text, NAMES) || `, expected one of ${NAMES.join(", ")}`
    }`,
  );
}

/**
 * Writes a gate's result with every reporter. Each is loaded only where it is asked for.
 *
 * @throws {UsageError} If a file cannot be written.
 */
export async function writeReports(
  reporters: readonly Reporter[],
  result: GateResult,
  flags: FlagValues,
): Promise<void> {
  for (const { name, out } of reporters) {
    await writeOutput(await render(name, out, result, flags), out);
    if (name === "github") {
      const { appendStepSummary } = await import("./append_step_summary.ts");
      await appendStepSummary(result);
    }
  }
}

async function render(
  name: Reporter["name"],
  out: string | null,
  result: GateResult,
  flags: FlagValues,
): Promise<string> {
  switch (name) {
    case "text": {
      const { renderGateText } = await import("../render/render_gate_text.ts");
      const { width, color, unicode } = textOptions(flags, out);
      return renderGateText(result, { width, color, ellipsis: unicode ? "…" : ".." });
    }
    case "json":
      return (await import("../render/render_gate_json.ts")).renderGateJson(result);
    case "junit":
      return (await import("../render/render_junit.ts")).renderJunit(result);
    case "markdown":
      return (await import("../render/render_markdown.ts")).renderMarkdown(result);
    case "github": {
      const { renderGithub } = await import("../render/render_github.ts");
      return renderGithub(result, await locations(result));
    }
    case "sarif": {
      const { renderSarif } = await import("../render/render_sarif.ts");
      const { gateRules } = await import("../gate/gate_rules.ts");
      const { version } = await import("./version.ts");
      const about = { version: version(), rules: gateRules() };
      return renderSarif(result, await locations(result), about);
    }
  }
}

/** Where the layers of every model are defined, and the configuration, from the repository's root on. */
async function locations(
  result: GateResult,
): Promise<(path: string, layer: string | null) => GateLocation> {
  const { locateLayer } = await import("../gate/locate_layer.ts");
  const { relative, resolve } = await import("node:path");
  const root = repositoryRoot();
  const files = new Map<string, { file: string; source: string | null }>();
  const paths = [...result.runs.map(({ path }) => path), result.configuration];
  for (const path of new Set(paths)) {
    if (path === null) continue;
    const source = await Deno.readTextFile(path).catch(() => null);
    const file = root === null ? path : relative(root, resolve(path));
    files.set(path, {
      file: Deno.build.os === "windows" ? file.replaceAll("\\", "/") : file,
      source,
    });
  }
  return (path, layer) => {
    const { file, source } = files.get(path)!;
    return { file, line: source === null ? null : locateLayer(source, layer) };
  };
}

/** The checkout of a GitHub Actions job; elsewhere paths are from the working directory on. */
function repositoryRoot(): string | null {
  const permission = { name: "env", variable: "GITHUB_WORKSPACE" } as const;
  if (Deno.permissions.querySync(permission).state !== "granted" || !isReadable(".")) return null;
  return Deno.env.get("GITHUB_WORKSPACE") || null;
}
