import { COMMANDS } from "../../../src/cli/overview.ts";
import { CHECK_FLAGS } from "../../../src/cli/commands/check.ts";
import { type Command, parseCommand } from "../../../src/cli/kit/command.ts";
import { flagName, UsageError } from "../../../src/cli/kit/flag.ts";
import { chooseReporters } from "../../../src/cli/reporters.ts";
import { studyFormatOf } from "../../../src/cli/flags/show_flags.ts";
import { SWEEP_FLAGS, sweepRequest } from "../../../src/cli/flags/sweep_flags.ts";
import { oneLine } from "../../../src/ground/words/failure.ts";
import { GateError } from "../../../src/core/diagnosis/gate_result.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { oddText } from "../odd_text.ts";

/** Checks of a subcommand's operands and flags after parsing and before it opens a file. */
const READERS: Record<string, (args: string[], command: Command) => void> = {
  check: (args, { operand }) => {
    chooseReporters(parseCommand(args, operand, CHECK_FLAGS).flags);
  },
  sweep: (args, { operand }) => {
    const { operands: [model], flags } = parseCommand(args, operand, SWEEP_FLAGS);
    sweepRequest(model, { ...flags, format: studyFormatOf(flags, ["study"]) });
  },
};

export const target: FuzzTarget = {
  name: "flags",
  about: "Odd flags and values are read, or refused in a sentence.",
  shortRun: 1000,
  async open() {
    const commands = await Promise.all(
      Object.entries(COMMANDS).map(async ([name, { load }]) => ({ name, command: await load() })),
    );
    return {
      tryOne(chance) {
        const { name, command } = chance.one(commands);
        const args = chance.list(0, 6, () => {
          const [key, { value, takes }] = chance.one(Object.entries(command.flags));
          const flag = flagName(key);
          const words = takes === "files" ? [] : takes;
          const given = oddText(chance, [...words, ...value?.split(/[|[]/) ?? []]);
          return chance.one([
            [`--${flag}`, given],
            [`--${flag}`, given],
            [`--${flag}=${given}`],
            [`--${flag}`],
            [given],
            [`--${oddText(chance, [flag.slice(1), `${flag}s`, `no-${flag}`])}`],
          ]);
        }).flat();
        try {
          parseCommand(args, command.operand, command.flags);
          READERS[name]?.(args, command);
        } catch (error) {
          requireClearError(
            // Controls are escaped where the error is shown.
            error instanceof Error
              ? Object.assign(error, { message: oneLine(error.message) })
              : error,
            [UsageError, GateError],
          );
        }
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
};
