/** Builds the data of a path from relative steps, which are shorter than absolute positions. */
export class PathData {
  /** Value of the attribute `d`. */
  text = "";
  /** Current position after rounding, since rounding errors would add up. */
  #at: readonly [x: number, y: number] = [0, 0];
  #isDown = false;
  /** Last command; pairs of numbers after `m` and `l` are lines. */
  #command = "";

  /** Draws a line from the last point to this one; after `lift()`, begins a line here. */
  line(x: number, y: number): void {
    const [across, down] = this.#stepTo(x, y);
    if (!this.#isDown) this.#write("m", across, down);
    else if (down === 0) this.#write("h", across);
    else if (across === 0) this.#write("v", down);
    else this.#write("l", across, down);
    this.#isDown = true;
  }

  /** Ends a line. */
  lift(): void {
    this.#isDown = false;
  }

  /** Draws a dot: a line of length 0 with a round end. */
  dot(x: number, y: number): void {
    this.dash(x, y, 0);
  }

  /** Draws a line to the right. */
  dash(x: number, y: number, length: number): void {
    this.lift();
    this.line(x, y);
    this.#write("h", this.#stepTo(x + length, y)[0]);
    this.lift();
  }

  /** Moves to a position and returns the step to it. */
  #stepTo(x: number, y: number): [across: number, down: number] {
    const [fromX, fromY] = this.#at;
    const across = short(x - fromX);
    const down = short(y - fromY);
    this.#at = [fromX + across, fromY + down];
    return [across, down];
  }

  #write(command: string, ...numbers: number[]): void {
    const isSaid = command === this.#command && command !== "m" ||
      command === "l" && this.#command === "m";
    const texts = numbers.map((number) => String(number).replace(/^(-?)0\./, "$1."));
    this.text += (isSaid ? separated(texts[0]) : `${command}${texts[0]}`) +
      texts.slice(1).map(separated).join("");
    this.#command = command;
  }
}

const short = (length: number) => Math.round(length * 10) / 10;

/** A minus separates two numbers as well as a space. */
const separated = (text: string) => text.startsWith("-") ? text : ` ${text}`;

/** Formats a power of ten: `10⁻³`; 1 and 10 without an exponent. */
export function powerOfTen(exponent: number): string {
  if (exponent === 0 || exponent === 1) return String(10 ** exponent);
  const digits = [...String(exponent)].map((digit) =>
    digit === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)]
  );
  return `10${digits.join("")}`;
}

/**
 * Selects evenly spaced things if there is not enough room for all, including the first, the last
 * and the given ones.
 *
 * @param most Number of things that there is room for, at least 2.
 * @param kept Places that are always selected.
 * @returns Places, ascending.
 */
export function evenly(count: number, most: number, kept: readonly number[] = []): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  const shown = Array.from({ length: most }, (_, i) => Math.round(i * (count - 1) / (most - 1)));
  for (const place of kept) {
    const off = shown.map((other, i) =>
      // The first and the last stay.
      i === 0 || i === most - 1 ? Infinity : Math.abs(other - place)
    );
    if (!shown.includes(place)) shown[off.indexOf(Math.min(...off))] = place;
  }
  return [...new Set(shown)].sort((a, b) => a - b);
}
