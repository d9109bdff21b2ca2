import { InputError, refusal } from "../../words/input_error.ts";
import { anyObject, boolean, numberFrom, requireValue } from "../../words/shape.ts";
import { showValue } from "../../words/show_value.ts";
import type { EngineOptions } from "../engine.ts";
import { chooseThreads, MAX_THREADS } from "./choose_threads.ts";
import { hasRelaxedSimd } from "./engine_files.ts";

/** Checked and resolved options of an engine. */
export interface EngineSettings {
  readonly threads: number;
  readonly relaxedSimd: boolean;
}

const OPTIONS: Record<keyof Required<EngineOptions>, true> = {
  threads: true,
  workload: true,
  relaxedSimd: true,
};

/**
 * Checks the options and resolves defaults.
 *
 * @throws {InputError} If an option is unknown or has the wrong type, or if a number is out of
 * range.
 */
export function engineSettings(options: EngineOptions): EngineSettings {
  requireValue("options", options, anyObject);
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      throw new InputError({
        place: "startEngine()",
        verb: "has",
        found: `no option ${showValue(name)}`,
        expected: Object.keys(OPTIONS).join(", "),
      });
    }
  }
  const { threads = 1, workload = 0, relaxedSimd = true } = options;
  requireValue("relaxedSimd", relaxedSimd, boolean);
  if (typeof workload !== "number") {
    throw new InputError(
      refusal`workload is ${showValue(workload)}, expected a number of operations`,
    );
  }
  requireValue("workload", workload, numberFrom(0));
  return {
    threads: threads === "auto" ? chooseThreads(workload) : requireThreads(threads),
    relaxedSimd: relaxedSimd && hasRelaxedSimd(),
  };
}

function requireThreads(threads: number): number {
  const message = `threads is ${showValue(threads)}, expected a whole number from 1 to ` +
    `${MAX_THREADS}, or "auto"`;
  if (typeof threads !== "number") throw new InputError(message);
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    throw new InputError(message);
  }
  return threads;
}
