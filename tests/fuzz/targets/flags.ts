import { COMMANDS } from "../../../src/cli/overview.ts";
import { readMeasureFlags } from "../../../src/cli/measure_flags.ts";
import { parseCommand } from "../../../src/cli/parse_command.ts";
import { readShard, wholeNumber } from "../../../src/cli/read_flags.ts";
import { readReporters } from "../../../src/cli/reporters.ts";
import { readColumns, textOptions } from "../../../src/cli/show_flags.ts";
import { readStudyView } from "../../../src/cli/show_study.ts";
import { readSweepFlags } from "../../../src/cli/sweep_flags.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { oneLine } from "../../../src/words/one_line.ts";
import type { FlagValues } from "../../../src/cli/flag.ts";
import { GateError } from "../../../src/gate/gate_error.ts";
import { parseSeeds } from "../../../src/gate/parse_seeds.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { oddText } from "../odd_text.ts";

type Read = (operands: string[], flags: FlagValues) => unknown;

/** What each subcommand reads of its flags before it opens a file. */
const READERS: Record<string, Read[]> = {
  report: [
    (operands, flags) => readMeasureFlags(operands, flags),
    (_, flags) => textOptions(flags, "a"),
  ],
  check: [
    (_, flags) => readReporters(flags),
    (_, flags) => readColumns(flags, false),
    (_, flags) => readMeasureFlags([], flags),
    (_, flags) => readShard(flags.shard as string | undefined),
    (_, flags) => wholeNumber(flags, "max-warnings", 0, Number.MAX_SAFE_INTEGER),
    (_, flags) => flags.jobs === "auto" || wholeNumber(flags, "jobs", 1, 256),
    (_, flags) => flags.seeds === undefined || parseSeeds(flags.seeds as string, "--seeds"),
  ],
  sweep: [
    (operands, flags) => readSweepFlags(operands, flags),
    (_, flags) => readStudyView(flags),
  ],
  merge: [(_, flags) => readStudyView(flags)],
  explain: [(_, flags) => readColumns(flags, false)],
  completions: [],
};

export const target: FuzzTarget = {
  name: "flags",
  about: "Odd flags and values are read, or refused in a sentence.",
  shortRun: 1000,
  async open() {
    const commands = await Promise.all(
      Object.entries(COMMANDS).map(async ([name, { load }]) => ({ name, ...await load() })),
    );
    return {
      tryOne(chance) {
        const { name, flags: known } = chance.one(commands);
        const args = chance.list(0, 6, () => {
          const { name: flag, value, words = [] } = chance.one(known);
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
          const { operands, flags } = parseCommand(args, known);
          for (const read of READERS[name]) read(operands, flags);
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
