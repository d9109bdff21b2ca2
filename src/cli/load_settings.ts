import type { FoundConfiguration } from "../gate/find_configuration.ts";
import { isReadable } from "../gate/is_readable.ts";
import { type GateSettings, resolveConfiguration } from "../gate/resolve_configuration.ts";
import { oneLine } from "../words/one_line.ts";
import type { FlagValues } from "./flag.ts";
import { readPlugins } from "./measure_flags.ts";
import { wholeNumber } from "./read_flags.ts";
import { UsageError } from "./usage_error.ts";

/**
 * The configuration in force: that of the file, with what the command line says instead.
 *
 * @param flags The flags of `check`.
 * @throws {UsageError} If flags contradict each other.
 * @throws {GateError} If the configuration cannot be used.
 */
export async function loadSettings(flags: FlagValues): Promise<GateSettings> {
  const found = await findFile(flags);
  const plugins = readPlugins(flags);
  const settings = found === null ? await withoutFile(plugins) : await settingsOf(found, plugins);
  const maxWarnings = wholeNumber(flags, "max-warnings", 0, Number.MAX_SAFE_INTEGER);
  if (maxWarnings !== null) settings.maxWarnings = maxWarnings;
  if (flags.baseline !== undefined) {
    if (settings.rules.baseline.level === "off" && flags["update-baseline"] !== true) {
      throw new UsageError(
        `--baseline: the rule baseline is off in ${settings.file} (extends ${settings.extends}), so ` +
          `nothing would be compared: expected a level for it in rules`,
      );
    }
    settings.baseline = flags.baseline as string;
    settings.baselineNamed = true;
  }
  return settings;
}

async function withoutFile(plugins: string[]): Promise<GateSettings> {
  await load(plugins);
  return resolveConfiguration({ plugins });
}

/** Rules must be known before their settings can be checked. */
async function load(plugins: string[]): Promise<void> {
  if (plugins.length === 0) return;
  const { loadPlugins } = await import("./load_plugins.ts");
  await loadPlugins(plugins);
}

async function findFile(flags: FlagValues): Promise<FoundConfiguration | null> {
  const note = (text: string) => {
    if (flags.quiet !== true) console.error(`note: ${oneLine(text)}`);
  };
  if (flags["no-config"] === true) {
    if (flags.config === undefined) return null;
    throw new UsageError("--config and --no-config exclude each other");
  }
  const { findConfiguration, openConfiguration } = await import("../gate/find_configuration.ts");
  if (flags.config !== undefined) return await openConfiguration(flags.config as string);
  if (!isReadable(".")) {
    note(
      "skipped the configuration lookup: no permission to read this folder; allow it or pass --no-config",
    );
    return null;
  }
  return await findConfiguration(Deno.cwd(), note);
}

async function settingsOf(found: FoundConfiguration, more: string[]): Promise<GateSettings> {
  const { dirname, relative, resolve } = await import("node:path");
  const { readConfiguration } = await import("../gate/read_configuration.ts");
  const here = isReadable(".");
  const place = (path: string) => here ? relative(Deno.cwd(), resolve(path)) || "." : path;
  const file = place(found.file);
  const configuration = await readConfiguration({ ...found, file });
  const folder = dirname(found.file);
  const locate = (path: string) => place(here ? resolve(folder, path) : `${folder}/${path}`);
  const plugins = [...(configuration.plugins ?? []).map(locate), ...more];
  await load(plugins);
  return { ...resolveConfiguration(configuration, { file, locate }), plugins };
}
