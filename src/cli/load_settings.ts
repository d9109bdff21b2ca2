import type { FoundConfiguration } from "../gate/find_configuration.ts";
import { GateError, isReadable } from "../core/diagnosis/gate_result.ts";
import {
  allowedWarnings,
  type GateSettings,
  resolveConfiguration,
} from "../gate/resolve_configuration.ts";
import { importModule } from "../files/user_code/foreign_code.ts";
import { isRule, registerRule } from "../core/rules/register_rule.ts";
import { oneLine } from "../ground/words/failure.ts";
import type { CheckValues } from "./commands/check.ts";
import { UsageError } from "./kit/flag.ts";
import { refusal } from "../ground/words/input_error.ts";
import { host } from "../platform/host.ts";
import { builtin } from "../platform/builtins.ts";

/**
 * Imports modules and registers every rule that they export, in the order of their names.
 *
 * @param files Their paths, relative to the working directory.
 * @throws {ModelError} If a module cannot be imported.
 * @throws {GateError} If one exports no rule, or a rule that cannot be registered.
 */
export async function loadPlugins(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const rules = Object.values(await importModule(file)).filter(isRule);
    if (rules.length === 0) {
      throw new GateError(
        refusal`${file} has no export of a rule, expected one or more of defineRule()`,
      );
    }
    for (const rule of rules) {
      try {
        registerRule(rule);
      } catch (error) {
        throw new GateError((error as Error).message, { cause: error }).within(file);
      }
    }
  }
}

/** Flags about the configuration; `explain` uses only its plugins. */
type ConfigValues = Pick<CheckValues, "config" | "plugin"> & Partial<CheckValues>;

/**
 * Loads the configuration from its file and overrides it with the flags.
 *
 * @throws {UsageError} If flags contradict each other.
 * @throws {GateError} If the configuration cannot be used.
 */
export async function loadSettings(flags: ConfigValues): Promise<GateSettings> {
  const found = await findFile(flags);
  const { plugin, baseline = null, updateBaseline = false } = flags;
  const settings = await settingsOf(found, plugin);
  if (flags.failOn != null) settings.maxWarnings = allowedWarnings(flags.failOn);
  settings.maxWarnings = flags.maxWarnings ?? settings.maxWarnings;
  if (baseline !== null) {
    if (settings.rules.baseline.level === "off" && !updateBaseline) {
      throw new UsageError({
        place: "rules.baseline",
        found: `off in ${settings.file} (extends ${settings.extends})`,
        expected: '"warn" or "error" with --baseline',
        hint: ": nothing would be compared",
      });
    }
    settings.baseline = baseline;
    settings.baselineNamed = true;
  }
  return settings;
}

async function findFile(flags: ConfigValues): Promise<FoundConfiguration | null> {
  const note = (text: string) => {
    const fix = "noConfig" in flags ? "allow it or pass --no-config" : "allow it";
    if (!flags.quiet) console.error(`note: ${oneLine(text)}; ${fix}`);
  };
  if (flags.noConfig) {
    if (flags.config === null) return null;
    throw new UsageError(refusal`--config and --no-config are both given, expected one of them`);
  }
  const { findConfiguration, openConfiguration } = await import("../gate/find_configuration.ts");
  if (flags.config !== null) return await openConfiguration(flags.config);
  if (!isReadable(".")) {
    note("skipped the configuration lookup: no permission to read this folder");
    return null;
  }
  return await findConfiguration(host.cwd(), note);
}

/** Loads the plugins, whose rules must be known before their settings can be checked. */
async function settingsOf(
  found: FoundConfiguration | null,
  more: string[],
): Promise<GateSettings> {
  if (found === null) {
    await loadPlugins(more);
    return resolveConfiguration({ plugins: more });
  }
  const { dirname, relative, resolve } = builtin("path");
  const { readConfiguration } = await import("../gate/find_configuration.ts");
  const here = isReadable(".");
  const place = (path: string) => here ? relative(host.cwd(), resolve(path)) || "." : path;
  const file = place(found.file);
  const configuration = await readConfiguration({ ...found, file });
  const folder = dirname(found.file);
  const locate = (path: string) => place(here ? resolve(folder, path) : `${folder}/${path}`);
  const plugins = [...(configuration.plugins ?? []).map(locate), ...more];
  await loadPlugins(plugins);
  return { ...resolveConfiguration(configuration, { file, locate }), plugins };
}
