import { formatCount } from "../words/numbers.ts";
import { writeOutput } from "./write_output.ts";

/** Where what changes is shown again and again. */
export interface Screen extends AsyncDisposable {
  /**
   * Shows a text in place of the last one, or after it where there is no terminal.
   *
   * @returns Whether anybody still reads.
   */
  show(text: string): Promise<boolean>;
  /** Says in the first line what goes on. */
  tell(line: string): Promise<void>;
}

const ESC = "\x1b[";

/**
 * The terminal, in the screen beside its own that editors use: nothing is added to what can be scrolled back
 * to. At the end its own screen comes back, and gets what was shown last. Elsewhere texts follow each other.
 */
export async function openScreen(): Promise<Screen> {
  if (!Deno.stdout.isTerminal()) {
    return {
      show: (text) => writeOutput(`${text}\n`, null),
      tell: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  let last = "";
  await writeOutput(`${ESC}?1049h`, null);
  return {
    async show(text) {
      last = text;
      return await writeOutput(`${ESC}H${ESC}2J${fitting(text)}${parked()}`, null);
    },
    async tell(line) {
      await writeOutput(`${ESC}H${ESC}2K${line}${parked()}`, null);
    },
    async [Symbol.asyncDispose]() {
      await writeOutput(`${ESC}?1049l${last}`, null);
    },
  };
}

/** Rows of a terminal that does not say how many it has. */
const ROWS = 24;

const rowsOfTerminal = () => Deno.consoleSize().rows || ROWS;

/**
 * The cursor in the last row, which stays free: when Deno loads the modules of a worker, it erases everything from
 * the row of the cursor on.
 */
const parked = () => `${ESC}${rowsOfTerminal()};1H`;

/** As many lines as there is room for: the top says most, and must not scroll away. */
function fitting(text: string): string {
  const lines = text.trimEnd().split("\n");
  const room = rowsOfTerminal() - 1;
  if (lines.length <= room) return lines.join("\n");
  const more = formatCount(lines.length - room + 1, "more line");
  return [...lines.slice(0, room - 1), `${more}, printed at the end`].join("\n");
}
