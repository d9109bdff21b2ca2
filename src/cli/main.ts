import { isModelFile } from "../core/model/loaded_model.ts";
import { strayErrors } from "../files/user_code/stray_errors.ts";
import { errorMessage, oneLine } from "../ground/words/failure.ts";
import { InputError, nearest, refusal } from "../ground/words/input_error.ts";
import { anyOf, showWord } from "../ground/words/show_value.ts";
import { endProcess, forgiveStderr, guardEnd } from "./kit/process.ts";
import { UsageError } from "./kit/flag.ts";
import { rememberFolder, writeOutput } from "./kit/write_output.ts";
import { COMMANDS, helpAskedFor, renderOverview } from "./overview.ts";
import { host } from "../platform/host.ts";

/**
 * Runs the command line.
 *
 * @param args The arguments, subcommand first.
 * @returns The exit code: 0 fine, 1 not healthy, 2 wrong usage or unusable input.
 */
export async function main(args: string[]): Promise<number> {
  try {
    rememberFolder();
    const code = await dispatch(args);
    // A failure after the result was written still counts.
    await strayErrors.settle();
    return code;
  } catch (error) {
    console.error(`error: ${oneLine(sentenceOf(firstError(error)))}`);
    if (debugging()) console.error(error);
    return 2;
  }
}

/** Returns the error before the releases, which may have failed because of it. */
function firstError(error: unknown): unknown {
  return error instanceof SuppressedError ? firstError(error.suppressed) : error;
}

/**
 * Returns the message of an error, with the file of the model if its code may be the reason: code that replaces
 * `Array.prototype.map` breaks this program too.
 */
function sentenceOf(error: unknown): string {
  const message = errorMessage(error);
  const { path } = strayErrors;
  const isInner = error instanceof TypeError && !(error instanceof InputError) &&
    path !== null && !message.includes(path);
  return isInner ? `${path}: running its code led to: ${message}` : message;
}

async function dispatch(given: string[]): Promise<number> {
  const [name, ...args] = await namesModel(given[0]) ? ["report", ...given] : given;
  if (name === undefined) {
    console.error(renderOverview());
    throw new UsageError(
      refusal`The subcommand is missing, expected ${anyOf(Object.keys(COMMANDS))}`,
    );
  }
  if (name === "help" && args.length > 0) {
    return await dispatch([args[0], "--help", ...args.slice(1)]);
  }
  if (["--help", "-h", "help"].includes(name)) {
    await writeOutput(renderOverview(), null);
    return 0;
  }
  if (["--version", "-V"].includes(name)) {
    const { version } = await import("./kit/command.ts");
    await writeOutput(`gradient-health ${version()}\n`, null);
    return 0;
  }
  if (!Object.hasOwn(COMMANDS, name)) {
    const isFlag = name.startsWith("-");
    const known = isFlag ? ["--help", "--version"] : Object.keys(COMMANDS);
    // Only two flags can precede a subcommand; most others follow one.
    throw new UsageError({
      place: `The ${isFlag ? "flag" : "subcommand"} ${showWord(name)}`,
      found: "unknown",
      expected: isFlag ? `${anyOf(known)}, or a subcommand before it` : anyOf(known),
      meant: nearest(name, known),
    });
  }
  const command = await COMMANDS[name].load();
  const help = helpAskedFor(args);
  if (help !== null) {
    const { renderHelp } = await import("./kit/render_help.ts");
    await writeOutput(renderHelp(name, command, { all: help === "all" }), null);
    return 0;
  }
  return await command.run(args);
}

/**
 * Returns true if the first word is the file of a model rather than a subcommand: it has a model's
 * extension, or is an existing file, or a folder with a model. An unreadable path is reported as an
 * unknown subcommand.
 */
async function namesModel(word = ""): Promise<boolean> {
  if (word === "" || word.startsWith("-") || Object.hasOwn(COMMANDS, word)) return false;
  if (isModelFile(word)) return true;
  const { state } = await host.permissions.query({ name: "read", path: word });
  if (state !== "granted") return false;
  const info = await host.stat(word).catch(() => null);
  if (!info?.isDirectory) return info?.isFile ?? false;
  const { modelIn } = await import("./model_in.ts");
  // If the folder has several models, report lists them.
  return await modelIn(word).then((file) => file !== word, () => true);
}

/** Does not prompt: without permission to read the variable, debugging is off. */
function debugging(): boolean {
  const permission = { name: "env", variable: "GRADIENT_HEALTH_DEBUG" } as const;
  return host.permissions.querySync(permission).state === "granted" &&
    Boolean(host.env.get("GRADIENT_HEALTH_DEBUG"));
}

/** Runs the command line of this process, and ends the process with its exit code. */
export async function run(): Promise<void> {
  guardEnd();
  forgiveStderr();
  if (helpAskedFor(host.args) === null) {
    strayErrors.watch((error) => {
      console.error(`error: ${oneLine(errorMessage(error))}`);
      endProcess(2);
    });
  }
  endProcess(await main(host.args));
}
