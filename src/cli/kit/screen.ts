import { formatCount } from "../../words/numbers.ts";
import { writeOutput } from "./write_output.ts";

/** Screen for a text that is updated repeatedly. */
interface Screen extends AsyncDisposable {
  /**
   * Shows a text in place of the last one, or after it if there is no terminal.
   *
   * @returns True if the output still has a reader.
   */
  show(text: string): Promise<boolean>;
  /** Shows the current state in the first line. */
  tell(line: string): Promise<void>;
}

const ESC = "\x1b[";

/**
 * Opens the alternate screen of the terminal, as editors do, which leaves the scrollback unchanged.
 * At the end the normal screen returns, and gets the last text. Without a terminal, texts follow
 * each other.
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

/** Rows assumed for a terminal that does not report them. */
const ROWS = 24;

const rowsOfTerminal = () => Deno.consoleSize().rows || ROWS;

/**
 * Moves the cursor to the last row, which stays empty: when Deno loads the modules of a worker, it
 * erases everything from the row of the cursor on.
 */
const parked = () => `${ESC}${rowsOfTerminal()};1H`;

/** Cuts a text to the rows available: the top matters most, and must not scroll away. */
function fitting(text: string): string {
  const lines = text.trimEnd().split("\n");
  const room = rowsOfTerminal() - 1;
  if (lines.length <= room) return lines.join("\n");
  const more = formatCount(lines.length - room + 1, "more line");
  return [...lines.slice(0, room - 1), `${more}, printed at the end`].join("\n");
}
