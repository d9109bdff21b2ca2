/** The data of a path, in steps from point to point, which are shorter to write than places. */
export class PathData {
  /** What stands in the attribute `d`. */
  text = "";
  /** Where the path is, as it is written: what rounding leaves off would add up. */
  #at: readonly [x: number, y: number] = [0, 0];
  #isDown = false;
  /** The last command; after `m` and `l` pairs of numbers are lines. */
  #command = "";

  /** Draws a line from the last point to this one; after `lift()` it begins here. */
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

  /** Draws a dot, a line of no length with a round end. */
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

  /** The step from where the path is, and goes there. */
  #stepTo(x: number, y: number): [across: number, down: number] {
    const [fromX, fromY] = this.#at;
    const [across, down] = [short(x - fromX), short(y - fromY)];
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

/** A minus parts two numbers as well as a space does. */
const separated = (text: string) => text.startsWith("-") ? text : ` ${text}`;
